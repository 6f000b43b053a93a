//! The structs in a Rust value, each with one definition. Named values and new fields need them.

use std::collections::BTreeMap;

use crate::wire::gob::types::{Definition, DefinitionKind as Kind, Marshaler, TypeId, Types};

use super::{
    declared_type::{ANY, DeclaredType},
    rust_value::{RustKey, RustValue},
};

/// The structs in a Rust value, by name: each has the fields that any of its values has.
///
/// In Go one type has one definition. If a value had another definition for each place, Go would
/// read all places with the definition of the first.
// Go: decode.go, decOpFor finds the types of a struct's fields by their Go type.
#[derive(Debug, Default)]
pub(super) struct StructTypes {
    structs: BTreeMap<&'static str, Vec<(String, DeclaredType)>>,
    contradiction: Option<Contradiction>,
}

/// A field that has different types in two values of one struct.
#[derive(Clone, Debug)]
pub(super) struct Contradiction {
    pub(super) struct_name: &'static str,
    pub(super) field: String,
}

impl StructTypes {
    /// The types of all structs in the value.
    pub(super) fn of(value: &RustValue) -> Self {
        let mut structs = Self::default();
        structs.type_of(value);
        structs
    }

    pub(super) fn contradiction(&self) -> Option<&Contradiction> {
        self.contradiction.as_ref()
    }

    /// The type that a value asks for. Adds the fields of the structs in it.
    pub(super) fn type_of(&mut self, value: &RustValue) -> DeclaredType {
        match value {
            RustValue::None => DeclaredType::Unknown,
            RustValue::Nil | RustValue::Unit | RustValue::Any(_) | RustValue::Named(_) => ANY,
            RustValue::Bool(_) => DeclaredType::Basic(TypeId::BOOL),
            RustValue::Int(..) => DeclaredType::Basic(TypeId::INT),
            RustValue::Uint(..) => DeclaredType::Basic(TypeId::UINT),
            RustValue::Float(..) => DeclaredType::Basic(TypeId::FLOAT),
            RustValue::String(_) => DeclaredType::Basic(TypeId::STRING),
            RustValue::Bytes(_) | RustValue::Marshaled(_) => DeclaredType::Basic(TypeId::BYTES),
            RustValue::Time(_) => DeclaredType::Time,
            RustValue::List(items) => self.type_of_list(items),
            RustValue::Map(pairs) => self.type_of_map(pairs),
            RustValue::Struct(name, fields) => {
                self.structs.entry(name).or_default();
                for (field, value) in fields {
                    let ty = self.type_of(value);
                    self.add_field(name, field.text(), ty);
                }
                DeclaredType::Struct(name)
            }
        }
    }

    fn type_of_list(&mut self, items: &[RustValue]) -> DeclaredType {
        let types = items.iter().map(|item| match item {
            RustValue::None => ANY,
            item => self.type_of(item),
        });
        let elem = types.reduce(DeclaredType::with);
        elem.map_or(DeclaredType::Unknown, |elem| {
            DeclaredType::Slice(part(elem))
        })
    }

    fn type_of_map(&mut self, pairs: &[(RustKey, RustValue)]) -> DeclaredType {
        let present = pairs.iter().filter(|(_, value)| *value != RustValue::None);
        let types = present.map(|(key, value)| (of_key(key), self.type_of(value)));
        let both =
            types.reduce(|(key, elem), (other_key, other)| (key.with(other_key), elem.with(other)));
        both.map_or(DeclaredType::Unknown, |(key, elem)| {
            DeclaredType::Map(Box::new(key), part(elem))
        })
    }

    fn add_field(&mut self, struct_name: &'static str, field: String, ty: DeclaredType) {
        let fields = self.structs.entry(struct_name).or_default();
        let Some((_, known)) = fields.iter_mut().find(|(known, _)| *known == field) else {
            return fields.push((field, ty));
        };
        if known.contradicts(&ty) {
            self.contradiction
                .get_or_insert(Contradiction { struct_name, field });
        }
        *known = std::mem::replace(known, DeclaredType::Unknown).with(ty);
    }

    /// Whether Go can match none of the fields of a struct, or a field has no name.
    // Go: decode.go, compileDec.
    pub(super) fn hides_a_struct(&self) -> bool {
        self.structs.values().any(|fields| {
            let exported = |(name, _): &(String, _)| name.starts_with(char::is_uppercase);
            let nameless = fields.iter().any(|(name, _)| name.is_empty());
            nameless || (!fields.is_empty() && !fields.iter().any(exported))
        })
    }

    /// Adds the definitions of a type to a table. A struct that the table already has is not added
    /// again. `names` gives the Go name of a struct from its name in Rust.
    pub(super) fn define<'a>(
        &self,
        ty: &DeclaredType,
        types: &mut Types,
        names: &impl Fn(&'static str) -> &'a str,
    ) -> TypeId {
        let mut part = |ty: &DeclaredType| self.define(ty, types, names);
        let (name, kind) = match ty {
            DeclaredType::Unknown => return TypeId::INTERFACE,
            DeclaredType::Basic(id) => return *id,
            DeclaredType::Time => ("Time", Kind::Opaque(Marshaler::Gob)),
            DeclaredType::Slice(elem) => ("", Kind::Slice { elem: part(elem) }),
            DeclaredType::Array(len, elem) => {
                let elem = part(elem);
                ("", Kind::Array { elem, len: *len })
            }
            DeclaredType::Map(key, elem) => {
                let (key, elem) = (part(key), part(elem));
                ("", Kind::Map { key, elem })
            }
            DeclaredType::Struct(struct_name) => {
                return self.define_struct(struct_name, types, names);
            }
        };
        let name = name.to_owned();
        types.add(Definition { name, kind })
    }

    /// Defines a struct before its fields, since it may contain itself.
    fn define_struct<'a>(
        &self,
        struct_name: &'static str,
        types: &mut Types,
        names: &impl Fn(&'static str) -> &'a str,
    ) -> TypeId {
        let name = names(struct_name);
        if let Some(id) = types.struct_called(name) {
            return id;
        }
        let id = types.add(Definition {
            name: name.to_owned(),
            kind: Kind::Struct(Vec::new()),
        });
        let fields = self.structs.get(struct_name).map_or(&[][..], Vec::as_slice);
        for (field, ty) in fields.iter().filter(|(_, ty)| ty.is_known()) {
            let ty = self.define(ty, types, names);
            types.add_field(id, field, ty);
        }
        id
    }
}

/// The type of an element. If it is unknown, Go declares `interface {}`.
fn part(elem: DeclaredType) -> Box<DeclaredType> {
    Box::new(if elem == DeclaredType::Unknown {
        ANY
    } else {
        elem
    })
}

fn of_key(key: &RustKey) -> DeclaredType {
    DeclaredType::Basic(match key {
        RustKey::String(_) => TypeId::STRING,
        RustKey::Bool(_) => TypeId::BOOL,
        RustKey::Int(_) => TypeId::INT,
        RustKey::Uint(_) => TypeId::UINT,
    })
}
