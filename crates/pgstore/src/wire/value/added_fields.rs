//! The fields that structs get when a new value has fields that the Go type lacks.

use std::{collections::HashMap, sync::Arc};

use crate::wire::gob::types::{TypeId, Types};

use super::{
    declared_type::{ANY, DeclaredType},
    rust_value::RustValue,
    struct_types::StructTypes,
};

/// The fields that are added to structs while one value is fitted.
///
/// A table of types is shared, so it is copied before a field is added. The copies are kept here
/// by table and field, so that the elements of a list share them.
pub(super) struct AddedFields<'a> {
    extended: HashMap<AddedField, ExtendedTypes>,
    /// Whether new fields are declared as `interface {}`, for elements of a list that disagree
    /// about the type. Go refuses the value once it declares the field with another type.
    pub(super) are_any: bool,
    /// The whole new value.
    whole: &'a RustValue,
    /// The structs in it, once they are needed.
    structs: Option<StructTypes>,
}

/// A field that a struct lacks. The table is known by its address.
#[derive(PartialEq, Eq, Hash)]
struct AddedField {
    table: usize,
    ty: TypeId,
    name: String,
    field: DeclaredType,
}

struct ExtendedTypes {
    /// Keeps the original table alive, so that its address is not used again.
    _original: Arc<Types>,
    types: Arc<Types>,
}

impl<'a> AddedFields<'a> {
    pub(super) fn of(whole: &'a RustValue) -> Self {
        Self {
            extended: HashMap::new(),
            are_any: false,
            whole,
            structs: None,
        }
    }

    /// The type of a new field, as Go would declare it. `None` if the value does not show its type:
    /// then the field is omitted.
    pub(super) fn type_of(&mut self, value: &RustValue) -> Option<DeclaredType> {
        match self.structs().type_of(value) {
            _ if matches!(value, RustValue::Nil | RustValue::Unit) => None,
            ty if !ty.is_known() => None,
            _ if self.are_any => Some(ANY),
            ty => Some(ty),
        }
    }

    /// The table in which the struct has the field, as its last field.
    pub(super) fn add(
        &mut self,
        types: &Arc<Types>,
        ty: TypeId,
        name: &str,
        field: DeclaredType,
    ) -> Arc<Types> {
        let added = AddedField {
            table: Arc::as_ptr(types).addr(),
            ty,
            name: name.to_owned(),
            field,
        };
        if let Some(extended) = self.extended.get(&added) {
            return Arc::clone(&extended.types);
        }
        let extended = extend(types, &added, self.structs());
        let types = Arc::clone(&extended.types);
        self.extended.insert(added, extended);
        types
    }

    fn structs(&mut self) -> &mut StructTypes {
        self.structs
            .get_or_insert_with(|| StructTypes::of(self.whole))
    }
}

fn extend(original: &Arc<Types>, added: &AddedField, structs: &StructTypes) -> ExtendedTypes {
    let mut types = Types::clone(original);
    let field = structs.define(&added.field, &mut types, &|name| name);
    types.add_field(added.ty, &added.name, field);
    ExtendedTypes {
        _original: Arc::clone(original),
        types: Arc::new(types),
    }
}
