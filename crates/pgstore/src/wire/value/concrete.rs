//! Types as Go programs declare them: what a struct's fields have, where nothing but the value
//! tells.

use crate::wire::gob::{
    shape::Shape,
    types::{Definition, Field, Kind, Marshaler, TypeId, Types},
};

use super::tree::{Tree, TreeKey};

/// A Go type, as far as the wire tells types apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Concrete {
    /// What `None` and empty lists and maps are: they say nothing of their type.
    Unknown,
    Basic(TypeId),
    Time,
    Slice(Box<Self>),
    Array(u64, Box<Self>),
    Map(Box<Self>, Box<Self>),
    Struct(String, Vec<(String, Self)>),
}

/// Go's `interface {}`.
pub(super) const ANY: Concrete = Concrete::Basic(TypeId::INTERFACE);

impl Concrete {
    /// The type that a value asks for.
    pub(super) fn of(tree: &Tree) -> Self {
        match tree {
            Tree::None => Self::Unknown,
            Tree::Nil | Tree::Any(_) | Tree::Named(..) => ANY,
            Tree::Bool(_) => Self::Basic(TypeId::BOOL),
            Tree::Int(..) => Self::Basic(TypeId::INT),
            Tree::Uint(..) => Self::Basic(TypeId::UINT),
            Tree::Float(..) => Self::Basic(TypeId::FLOAT),
            Tree::String(_) => Self::Basic(TypeId::STRING),
            Tree::Bytes(_) => Self::Basic(TypeId::BYTES),
            Tree::Time(_) => Self::Time,
            Tree::List(items) => of_list(items),
            Tree::Map(pairs) => of_map(pairs),
            Tree::Struct(name, fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.text(), Self::of(value)));
                Self::Struct((*name).to_owned(), fields.collect())
            }
        }
    }

    /// The type that a registered name tells, completed by what the value asks for.
    pub(super) fn named(shape: &Shape, tree: &Tree) -> Self {
        Self::of_shape(shape).or(Self::of(tree))
    }

    /// Whether it is known all through. A field that is not is left out.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Slice(elem) | Self::Array(_, elem) => elem.is_known(),
            Self::Map(key, elem) => key.is_known() && elem.is_known(),
            Self::Basic(_) | Self::Time | Self::Struct(..) => true,
        }
    }

    /// Whether a struct in it has fields, but none that Go could match. Go: decode.go, compileDec.
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

    /// The type, and what it leaves open from another.
    fn or(self, other: Self) -> Self {
        let both = |one: Box<Self>, other: Box<Self>| Box::new(one.or(*other));
        match (self, other) {
            (Self::Unknown, other) => other,
            (Self::Slice(elem), Self::Slice(other)) => Self::Slice(both(elem, other)),
            (Self::Array(len, elem), Self::Slice(other)) => Self::Array(len, both(elem, other)),
            (Self::Map(key, elem), Self::Map(other_key, other)) => {
                Self::Map(both(key, other_key), both(elem, other))
            }
            (known, _) => known,
        }
    }

    /// The type that holds the values of both.
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

fn of_list(items: &[Tree]) -> Concrete {
    let types = items.iter().map(|item| match item {
        Tree::None => ANY,
        item => Concrete::of(item),
    });
    let elem = types.reduce(Concrete::with);
    elem.map_or(Concrete::Unknown, |elem| Concrete::Slice(part(elem)))
}

fn of_map(pairs: &[(TreeKey, Tree)]) -> Concrete {
    let present = pairs.iter().filter(|(_, value)| *value != Tree::None);
    let types = present.map(|(key, value)| (of_key(key), Concrete::of(value)));
    let both =
        types.reduce(|(key, elem), (other_key, other)| (key.with(other_key), elem.with(other)));
    both.map_or(Concrete::Unknown, |(key, elem)| {
        Concrete::Map(Box::new(key), part(elem))
    })
}

/// An element that is there has some type, be it unknown which.
fn part(elem: Concrete) -> Box<Concrete> {
    Box::new(if elem == Concrete::Unknown { ANY } else { elem })
}

fn of_key(key: &TreeKey) -> Concrete {
    Concrete::Basic(match key {
        TreeKey::String(_) => TypeId::STRING,
        TreeKey::Bool(_) => TypeId::BOOL,
        TreeKey::Int(_) => TypeId::INT,
        TreeKey::Uint(_) => TypeId::UINT,
    })
}

/// The fields of two structs, each once.
fn all_fields(
    mut fields: Vec<(String, Concrete)>,
    others: Vec<(String, Concrete)>,
) -> Vec<(String, Concrete)> {
    for (name, ty) in others {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = std::mem::replace(known, Concrete::Unknown).with(ty),
            None => fields.push((name, ty)),
        }
    }
    fields
}

fn define_all(fields: &[(String, Concrete)], types: &mut Types) -> Vec<Field> {
    let known = fields.iter().filter(|(_, ty)| ty.is_known());
    let fields = known.map(|(name, ty)| Field {
        name: name.clone(),
        ty: ty.define(types),
    });
    fields.collect()
}
