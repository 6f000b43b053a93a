use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use crate::wire::gob::types::{TypeId, Types};

use super::{
    concrete::{ANY, Concrete},
    tree::Tree,
};

/// How structs get fields that they did not have: in copies of their tables, by what was added to
/// which table, so that all elements of a list share them.
#[derive(Default)]
pub(super) struct Extended {
    extensions: HashMap<Added, Extension>,
    /// Elements may differ in a field that is new: then it is of interface type, which Go refuses
    /// once it declares the field as anything else.
    pub(super) new_fields_are_any: bool,
}

/// A field that a struct did not have, and the table's address.
#[derive(PartialEq, Eq, Hash)]
struct Added {
    table: usize,
    ty: TypeId,
    name: String,
    field: Concrete,
}

struct Extension {
    /// Kept alive, so that its address stays its own.
    _original: Arc<Types>,
    extended: Arc<Types>,
}

impl Extended {
    /// The type of a field that a struct did not have, as Go would declare it; none for a value
    /// that does not tell, and is left out.
    pub(super) fn type_of_new(&self, tree: &Tree) -> Option<Concrete> {
        match Concrete::of(tree) {
            concrete if *tree == Tree::Nil || !concrete.is_known() => None,
            _ if self.new_fields_are_any => Some(ANY),
            concrete => Some(concrete),
        }
    }

    /// The table in which the struct has the field, as its last.
    pub(super) fn with_field(
        &mut self,
        types: &Arc<Types>,
        ty: TypeId,
        name: &str,
        field: Concrete,
    ) -> Arc<Types> {
        let added = Added {
            table: Arc::as_ptr(types).addr(),
            ty,
            name: name.to_owned(),
            field,
        };
        let extension = match self.extensions.entry(added) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let extension = extend(types, entry.key());
                entry.insert(extension)
            }
        };
        Arc::clone(&extension.extended)
    }
}

fn extend(types: &Arc<Types>, added: &Added) -> Extension {
    let mut extended = Types::clone(types);
    let field = added.field.define(&mut extended);
    extended.add_field(added.ty, &added.name, field);
    Extension {
        _original: Arc::clone(types),
        extended: Arc::new(extended),
    }
}
