//! The types that Go programs declare, as far as gob distinguishes them.

use crate::wire::gob::{shape::Shape, types::TypeId};

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
    /// A struct, by its name in Rust. [`StructTypes`] has its fields.
    Struct(&'static str),
}

/// Go's `interface {}`.
pub(super) const ANY: DeclaredType = DeclaredType::Basic(TypeId::INTERFACE);

impl DeclaredType {
    /// Whether all parts of it are known. A field of an unknown type is omitted.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Slice(elem) | Self::Array(_, elem) => elem.is_known(),
            Self::Map(key, elem) => key.is_known() && elem.is_known(),
            Self::Basic(_) | Self::Time | Self::Struct(_) => true,
        }
    }

    /// The type that a name shows.
    pub(super) fn of_shape(shape: &Shape) -> Self {
        let part = |shape| Box::new(Self::of_shape(shape));
        match shape {
            Shape::Unknown | Shape::Named(_) | Shape::Struct(_) | Shape::Marshaler(_) => {
                Self::Unknown
            }
            Shape::Bool => Self::Basic(TypeId::BOOL),
            Shape::Int(_) => Self::Basic(TypeId::INT),
            Shape::Uint(_) => Self::Basic(TypeId::UINT),
            Shape::Float(_) => Self::Basic(TypeId::FLOAT),
            Shape::Complex(_) => Self::Basic(TypeId::COMPLEX),
            Shape::String => Self::Basic(TypeId::STRING),
            Shape::Bytes => Self::Basic(TypeId::BYTES),
            Shape::Interface | Shape::Methods => ANY,
            Shape::Time => Self::Time,
            Shape::Slice(elem) => Self::Slice(part(elem)),
            Shape::Array(len, elem) => Self::Array(*len, part(elem)),
            Shape::Map(key, elem) => Self::Map(part(key), part(elem)),
        }
    }

    /// This type, with its unknown parts from another type.
    pub(super) fn or(self, other: Self) -> Self {
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

    /// The type that holds the values of both types: `interface {}` where they disagree.
    pub(super) fn with(self, other: Self) -> Self {
        let both = |one: Box<Self>, other: Box<Self>| Box::new(one.with(*other));
        match (self, other) {
            (Self::Unknown, other) | (other, Self::Unknown) => other,
            (Self::Slice(elem), Self::Slice(other)) => Self::Slice(both(elem, other)),
            (Self::Map(key, elem), Self::Map(other_key, other)) if key == other_key => {
                Self::Map(key, both(elem, other))
            }
            (one, other) if one == other => one,
            _ => ANY,
        }
    }

    /// Whether a Go type cannot be both. An `interface {}` may hold a value of the other type.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown | Self::Basic(TypeId::INTERFACE), _)
            | (_, Self::Unknown | Self::Basic(TypeId::INTERFACE)) => false,
            (Self::Slice(one), Self::Slice(other)) => one.contradicts(other),
            (Self::Map(key, elem), Self::Map(other_key, other)) => {
                key.contradicts(other_key) || elem.contradicts(other)
            }
            (one, other) => one != other,
        }
    }
}
