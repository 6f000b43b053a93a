//! The Go types of the elements in a `[]interface {}`, for elements that are not among them.

use crate::wire::gob::value::{GoValue, Value};

use super::rust_value::RustValue;

/// The elements of the old list.
pub(super) struct ElementTypes<'a> {
    olds: &'a [Value],
    /// The only type of structs in the list.
    only_struct: Option<&'a GoValue>,
}

impl<'a> ElementTypes<'a> {
    pub(super) fn of(olds: &'a [Value]) -> Self {
        let mut structs = olds.iter().filter_map(typed).filter(|old| is_struct(old));
        let first = structs.next();
        let only_struct = first.filter(|first| structs.all(|other| other.name == first.name));
        Self { olds, only_struct }
    }

    /// The value whose type a new element takes if it fits: the one in its place, or for a struct
    /// one of the only type of structs. If there are several, none of them is chosen.
    pub(super) fn like(&self, at: usize, new: &RustValue) -> Option<&'a GoValue> {
        let in_place = self.olds.get(at).and_then(typed);
        if new.content().pairs().is_none() {
            return in_place;
        }
        match in_place {
            Some(old) if !is_struct(old) => Some(old),
            _ => self.only_struct,
        }
    }
}

fn typed(value: &Value) -> Option<&GoValue> {
    match value {
        Value::Interface(Some(value)) => Some(value),
        _ => None,
    }
}

fn is_struct(value: &GoValue) -> bool {
    matches!(value.value, Value::Struct(_))
}
