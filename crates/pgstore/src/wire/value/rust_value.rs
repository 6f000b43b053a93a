use std::{borrow::Cow, collections::HashSet};

use crate::wire::gob::{shape::Shape, time::Time, value::GoValue};

use super::error::ValueErrorKind;

/// A Rust value as serde shows it. Its Go type is decided later.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RustValue {
    /// `None`: omitted from maps and structs, nil in lists.
    None,
    /// `None` as the content of an enum variant: always nil.
    Nil,
    /// `()`, a unit struct or null in JSON: nil, and an error if a Go program reads the session.
    Unit,
    Bool(bool),
    Int(&'static str, i64),
    Uint(&'static str, u64),
    Float(&'static str, f64),
    String(String),
    Bytes(Vec<u8>),
    /// The bytes of a Go type's own marshaler.
    Marshaled(Vec<u8>),
    Time(Time),
    List(Vec<RustValue>),
    Map(Vec<(RustKey, RustValue)>),
    /// A struct's name in Rust and its fields. Their keys are strings.
    Struct(&'static str, Vec<(RustKey, RustValue)>),
    /// A value that Go declares as `interface {}`.
    Any(Box<RustValue>),
    Named(Box<NamedValue>),
}

/// A value under the registered name of a Go type.
#[derive(Clone, Debug)]
pub(super) struct NamedValue {
    pub(super) name: &'static str,
    pub(super) content: RustValue,
    /// The value in a Go type made for it, or why that is impossible.
    pub(super) made: Result<GoValue, ValueErrorKind>,
}

/// The key of a map, or the name of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RustKey {
    String(String),
    Bool(bool),
    Int(i64),
    Uint(u64),
}

impl RustValue {
    /// The value without [`Any`](Self::Any) around it.
    pub(super) fn plain(&self) -> &Self {
        match self {
            Self::Any(content) => content.plain(),
            value => value,
        }
    }

    /// The value without [`Any`](Self::Any) and [`Named`](Self::Named) around it.
    pub(super) fn content(&self) -> &Self {
        match self {
            Self::Any(content) => content.content(),
            Self::Named(named) => named.content.content(),
            value => value,
        }
    }

    /// Whether Go omits a struct field with this value.
    pub(super) fn is_zero(&self) -> bool {
        match self.plain() {
            Self::None | Self::Nil | Self::Unit => true,
            Self::Bool(value) => !value,
            Self::Int(_, value) => *value == 0,
            Self::Uint(_, value) => *value == 0,
            Self::Float(_, value) => *value == 0.0,
            Self::String(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(items) => items.is_empty(),
            _ => false,
        }
    }

    /// Whether two values are the same. Unlike `==`, a NaN is the same as itself.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(name, one), Self::Float(other_name, other)) => {
                name == other_name && one.to_bits() == other.to_bits()
            }
            (Self::List(one), Self::List(other)) => all_same(one, other),
            (Self::Map(one), Self::Map(other)) | (Self::Struct(_, one), Self::Struct(_, other)) => {
                all_pairs_same(one, other)
            }
            (Self::Any(one), Self::Any(other)) => one.is_same(other),
            (Self::Named(one), Self::Named(other)) => {
                one.name == other.name && one.content.is_same(&other.content)
            }
            (one, other) => one == other,
        }
    }

    /// The entries of a map or the fields of a struct.
    pub(super) fn pairs(&self) -> Option<&[(RustKey, Self)]> {
        match self {
            Self::Map(pairs) | Self::Struct(_, pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The Go type of a scalar in the insert table. Slices of it are registered as `[]name`.
    pub(super) fn scalar(&self) -> Option<&'static str> {
        match self {
            Self::Bool(_) => Some("bool"),
            Self::Int(name, _) | Self::Uint(name, _) | Self::Float(name, _) => Some(name),
            Self::String(_) => Some("string"),
            _ => None,
        }
    }

    /// The Go type of all values of the list, if they are scalars of one type.
    pub(super) fn common_scalar(list: &[Self]) -> Option<&'static str> {
        let first = list.first()?.scalar()?;
        list.iter()
            .all(|value| value.scalar() == Some(first))
            .then_some(first)
    }

    pub(super) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(_, value) => Some(*value),
            Self::Uint(_, value) => i64::try_from(*value).ok(),
            _ => None,
        }
    }

    pub(super) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(_, value) => u64::try_from(*value).ok(),
            Self::Uint(_, value) => Some(*value),
            _ => None,
        }
    }

    /// The value of a float field. An integer does not fit: it would be read back as a float.
    pub(super) fn as_float(&self, shape: &Shape) -> Option<f64> {
        let Self::Float(_, value) = self else {
            return None;
        };
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the comparison shows whether the value changes"
        )]
        let is_exact = f64::from(*value as f32) == *value || value.is_nan();
        let is_narrow = matches!(shape, Shape::Float(32) | Shape::Complex(64));
        (is_exact || !is_narrow).then_some(*value)
    }

    /// The real and imaginary part in a list of two floats.
    pub(super) fn as_complex(&self, shape: &Shape) -> Option<(f64, f64)> {
        match self {
            Self::List(parts) => match parts.as_slice() {
                [re, im] => Some((re.as_float(shape)?, im.as_float(shape)?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Go's `[]byte` takes bytes, a string and an empty list.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::List(list) if list.is_empty() => Some(Vec::new()),
            value => value.to_text(),
        }
    }

    /// Go's `string` takes a string, and bytes, since it may hold any bytes.
    pub(super) fn to_text(&self) -> Option<Vec<u8>> {
        match self {
            Self::String(text) => Some(text.clone().into_bytes()),
            Self::Bytes(bytes) | Self::Marshaled(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }

    /// The elements of a list. Bytes are a list of numbers, too.
    pub(super) fn to_items(&self) -> Option<Cow<'_, [Self]>> {
        match self {
            Self::List(items) => Some(items.into()),
            Self::Bytes(bytes) | Self::Marshaled(bytes) => {
                let numbers = bytes.iter().map(|byte| Self::Uint("uint8", (*byte).into()));
                Some(numbers.collect())
            }
            _ => None,
        }
    }

    /// Whether the value, or one outside of [`Named`](Self::Named) values inside it, `is` such.
    fn any(&self, is: &impl Fn(&Self) -> bool) -> bool {
        is(self)
            || match self {
                Self::List(list) => list.iter().any(|value| value.any(is)),
                Self::Any(content) => content.any(is),
                Self::Map(pairs) | Self::Struct(_, pairs) => {
                    pairs.iter().any(|(_, value)| value.any(is))
                }
                _ => false,
            }
    }

    /// Whether it contains a unit, such as null in JSON.
    pub(super) fn has_units(&self) -> bool {
        self.any(&|value| matches!(value, Self::Unit))
    }

    /// Whether it contains a map with a key that is not a string.
    pub(super) fn has_text_keys(&self) -> bool {
        self.any(&|value| match value {
            Self::Map(pairs) => pairs.iter().any(|(key, _)| key.as_scalar().is_some()),
            _ => false,
        })
    }

    /// Whether it contains a map with two different keys of the same text, such as 1 and "1".
    pub(super) fn has_equal_texts(&self) -> bool {
        self.any(&|value| match value {
            Self::Map(pairs) => RustKey::have_equal_texts(pairs),
            _ => false,
        })
    }
}

impl RustKey {
    /// The key as a value, if it is not a string.
    pub(super) fn as_scalar(&self) -> Option<RustValue> {
        match self {
            Self::Int(value) => Some(RustValue::Int("int64", *value)),
            Self::Uint(value) => Some(RustValue::Uint("uint64", *value)),
            Self::Bool(value) => Some(RustValue::Bool(*value)),
            Self::String(_) => None,
        }
    }

    pub(super) fn to_value(&self) -> RustValue {
        self.as_scalar()
            .unwrap_or_else(|| RustValue::String(self.text()))
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::String(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
        }
    }

    /// Whether two keys of a map have the same text. Only keys of different kinds can.
    pub(super) fn have_equal_texts(pairs: &[(Self, RustValue)]) -> bool {
        let scalars = pairs.iter().filter(|(key, _)| key.as_scalar().is_some());
        let scalars = scalars.count();
        if scalars == 0 || scalars == pairs.len() {
            return false;
        }
        let mut texts = HashSet::new();
        !pairs.iter().all(|(key, _)| texts.insert(key.text()))
    }
}

impl PartialEq for NamedValue {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.content == other.content
    }
}

fn all_same(one: &[RustValue], other: &[RustValue]) -> bool {
    let mut pairs = one.iter().zip(other);
    one.len() == other.len() && pairs.all(|(one, other)| one.is_same(other))
}

fn all_pairs_same(one: &[(RustKey, RustValue)], other: &[(RustKey, RustValue)]) -> bool {
    let mut pairs = one.iter().zip(other);
    one.len() == other.len()
        && pairs.all(|((key, one), (other_key, other))| key == other_key && one.is_same(other))
}
