//! The types that Go programs declare, derived from Rust values. New fields of structs need them.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use crate::wire::gob::{
    shape::Shape,
    types::{Definition, DefinitionKind as Kind, Field, Marshaler, TypeId, Types},
};

use super::rust_value::{RustKey, RustValue};

/// A Go type, as far as gob distinguishes types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum DeclaredType {
    /// The type of `None` and of empty lists and maps, which do not show their type.
    Unknown,
    Basic(TypeId),
    Time,
    Slice(Box<Self>),
    Array(u64, Box<Self>),
    Map(Box<Self>, Box<Self>),
    Struct(String, Vec<(String, Self)>),
}

/// Go's `interface {}`.
pub(super) const ANY: DeclaredType = DeclaredType::Basic(TypeId::INTERFACE);

impl DeclaredType {
    /// The type that a value asks for.
    pub(super) fn of(value: &RustValue) -> Self {
        match value {
            RustValue::None => Self::Unknown,
            RustValue::Nil | RustValue::Unit | RustValue::Any(_) | RustValue::Named(_) => ANY,
            RustValue::Bool(_) => Self::Basic(TypeId::BOOL),
            RustValue::Int(..) => Self::Basic(TypeId::INT),
            RustValue::Uint(..) => Self::Basic(TypeId::UINT),
            RustValue::Float(..) => Self::Basic(TypeId::FLOAT),
            RustValue::String(_) => Self::Basic(TypeId::STRING),
            RustValue::Bytes(_) => Self::Basic(TypeId::BYTES),
            RustValue::Time(_) => Self::Time,
            RustValue::List(items) => of_list(items),
            RustValue::Map(pairs) => of_map(pairs),
            RustValue::Struct(name, fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.text(), Self::of(value)));
                Self::Struct((*name).to_owned(), fields.collect())
            }
        }
    }

    /// The type that a registered name shows. The value shows the rest.
    pub(super) fn named(shape: &Shape, value: &RustValue) -> Self {
        Self::of_shape(shape).or(Self::of(value))
    }

    /// Whether all parts of it are known. A field of an unknown type is omitted.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Slice(elem) | Self::Array(_, elem) => elem.is_known(),
            Self::Map(key, elem) => key.is_known() && elem.is_known(),
            Self::Basic(_) | Self::Time | Self::Struct(..) => true,
        }
    }

    /// Whether it contains a struct with fields of which Go can match none.
    // Go: decode.go, compileDec.
    pub(super) fn hides_a_struct(&self) -> bool {
        match self {
            Self::Slice(elem) | Self::Array(_, elem) | Self::Map(_, elem) => elem.hides_a_struct(),
            Self::Struct(_, fields) => {
                let exported = |(name, _): &(String, _)| name.starts_with(char::is_uppercase);
                let nameless = fields.iter().any(|(name, _)| name.is_empty());
                let hidden = !fields.is_empty() && !fields.iter().any(exported);
                nameless || hidden || fields.iter().any(|(_, ty)| ty.hides_a_struct())
            }
            Self::Unknown | Self::Basic(_) | Self::Time => false,
        }
    }

    /// Adds its definitions to a table.
    pub(super) fn define(&self, types: &mut Types) -> TypeId {
        let (name, kind) = match self {
            Self::Unknown => return TypeId::INTERFACE,
            Self::Basic(id) => return *id,
            Self::Time => ("Time", Kind::Opaque(Marshaler::Gob)),
            Self::Slice(elem) => {
                let elem = elem.define(types);
                ("", Kind::Slice { elem })
            }
            Self::Array(len, elem) => {
                let (len, elem) = (*len, elem.define(types));
                ("", Kind::Array { elem, len })
            }
            Self::Map(key, elem) => {
                let (key, elem) = (key.define(types), elem.define(types));
                ("", Kind::Map { key, elem })
            }
            Self::Struct(name, fields) => (name.as_str(), Kind::Struct(define_all(fields, types))),
        };
        let name = name.to_owned();
        types.add(Definition { name, kind })
    }

    fn of_shape(shape: &Shape) -> Self {
        let part = |shape| Box::new(Self::of_shape(shape));
        match shape {
            Shape::Unknown => Self::Unknown,
            Shape::Bool => Self::Basic(TypeId::BOOL),
            Shape::Int(_) => Self::Basic(TypeId::INT),
            Shape::Uint(_) => Self::Basic(TypeId::UINT),
            Shape::Float(_) => Self::Basic(TypeId::FLOAT),
            Shape::Complex(_) => Self::Basic(TypeId::COMPLEX),
            Shape::String => Self::Basic(TypeId::STRING),
            Shape::Bytes => Self::Basic(TypeId::BYTES),
            Shape::Interface => ANY,
            Shape::Time => Self::Time,
            Shape::Slice(elem) => Self::Slice(part(elem)),
            Shape::Array(len, elem) => Self::Array(*len, part(elem)),
            Shape::Map(key, elem) => Self::Map(part(key), part(elem)),
        }
    }

    /// This type, with its unknown parts from another type.
    fn or(self, other: Self) -> Self {
        let both = |one: Box<Self>, other: Box<Self>| Box::new(one.or(*other));
        match (self, other) {
            (Self::Unknown, other) => other,
            (Self::Slice(elem), bytes @ Self::Basic(TypeId::BYTES)) if *elem == Self::Unknown => {
                bytes
            }
            (Self::Slice(elem), Self::Slice(other)) => Self::Slice(both(elem, other)),
            (Self::Array(len, elem), Self::Slice(other)) => Self::Array(len, both(elem, other)),
            (Self::Map(key, elem), Self::Map(other_key, other)) => {
                Self::Map(both(key, other_key), both(elem, other))
            }
            (known, _) => known,
        }
    }

    /// The type that holds the values of both types.
    fn with(self, other: Self) -> Self {
        let both = |one: Box<Self>, other: Box<Self>| Box::new(one.with(*other));
        match (self, other) {
            (Self::Unknown, other) | (other, Self::Unknown) => other,
            (Self::Slice(elem), Self::Slice(other)) => Self::Slice(both(elem, other)),
            (Self::Map(key, elem), Self::Map(other_key, other)) if key == other_key => {
                Self::Map(key, both(elem, other))
            }
            (Self::Struct(name, fields), Self::Struct(other, others)) if name == other => {
                Self::Struct(name, all_fields(fields, others))
            }
            (one, other) if one == other => one,
            _ => ANY,
        }
    }
}

fn of_list(items: &[RustValue]) -> DeclaredType {
    let types = items.iter().map(|item| match item {
        RustValue::None => ANY,
        item => DeclaredType::of(item),
    });
    let elem = types.reduce(DeclaredType::with);
    elem.map_or(DeclaredType::Unknown, |elem| {
        DeclaredType::Slice(part(elem))
    })
}

fn of_map(pairs: &[(RustKey, RustValue)]) -> DeclaredType {
    let present = pairs.iter().filter(|(_, value)| *value != RustValue::None);
    let types = present.map(|(key, value)| (of_key(key), DeclaredType::of(value)));
    let both =
        types.reduce(|(key, elem), (other_key, other)| (key.with(other_key), elem.with(other)));
    both.map_or(DeclaredType::Unknown, |(key, elem)| {
        DeclaredType::Map(Box::new(key), part(elem))
    })
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

/// The fields of two structs of one name, each once.
fn all_fields(
    mut fields: Vec<(String, DeclaredType)>,
    others: Vec<(String, DeclaredType)>,
) -> Vec<(String, DeclaredType)> {
    for (name, ty) in others {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = std::mem::replace(known, DeclaredType::Unknown).with(ty),
            None => fields.push((name, ty)),
        }
    }
    fields
}

fn define_all(fields: &[(String, DeclaredType)], types: &mut Types) -> Vec<Field> {
    let known = fields.iter().filter(|(_, ty)| ty.is_known());
    let fields = known.map(|(name, ty)| Field {
        name: name.clone(),
        ty: ty.define(types),
    });
    fields.collect()
}

/// The fields that structs get when a new value has fields that the Go type lacks.
///
/// A table of types is shared, so it is copied before a field is added. The copies are kept here
/// by table and field, so that the elements of a list share them.
#[derive(Default)]
pub(super) struct AddedFields {
    extended: HashMap<AddedField, ExtendedTypes>,
    /// Whether new fields are declared as `interface {}`, for elements of a list that disagree
    /// about the type. Go refuses the value once it declares the field with another type.
    pub(super) are_any: bool,
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

impl AddedFields {
    /// The type of a new field, as Go would declare it. `None` if the value does not show its type:
    /// then the field is omitted.
    pub(super) fn type_of(&self, value: &RustValue) -> Option<DeclaredType> {
        match DeclaredType::of(value) {
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
        let extended = match self.extended.entry(added) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let extended = extend(types, entry.key());
                entry.insert(extended)
            }
        };
        Arc::clone(&extended.types)
    }
}

fn extend(original: &Arc<Types>, added: &AddedField) -> ExtendedTypes {
    let mut types = Types::clone(original);
    let field = added.field.define(&mut types);
    types.add_field(added.ty, &added.name, field);
    ExtendedTypes {
        _original: Arc::clone(original),
        types: Arc::new(types),
    }
}
