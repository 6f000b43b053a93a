use std::{borrow::Cow, fmt, sync::Arc};

use super::types::{TypeId, Types};

/// One value of Go's interface type: a value with the name its type is registered under.
///
/// It comes from [`Values`](crate::wire::Values), keeps all that Go wrote, and is read with
/// [`read`](Typed::read) or looked into with [`node`](Typed::node). Printing it shows the type
/// only: session values are private.
#[derive(Clone)]
pub struct Typed {
    pub(crate) name: Cow<'static, str>,
    pub(crate) ty: TypeId,
    pub(crate) types: Arc<Types>,
    pub(crate) value: Value,
}

/// A value as it stands on the wire, without its type.
#[derive(Clone)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Complex(f64, f64),
    Bytes(Vec<u8>),
    String(Vec<u8>),
    Slice(Vec<Value>),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// The fields that were sent, by number, ascending.
    Struct(Vec<(usize, Value)>),
    /// What a Go type wrote of itself.
    Opaque(Vec<u8>),
    Interface(Option<Box<Typed>>),
}

impl Typed {
    /// The name under which Go has the type registered, such as `int` or `main.User`.
    #[must_use]
    pub fn go_type_name(&self) -> &str {
        &self.name
    }

    /// This value and all values of interface type within it.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let mut found = vec![self];
        self.value.collect(&mut found);
        found
    }

    /// Gives this value and all within it their table of types.
    pub(super) fn attach(&mut self, types: &Arc<Types>) {
        self.types = Arc::clone(types);
        self.value.attach(types);
    }
}

impl Value {
    /// Whether Go leaves a struct's field out when it holds this. Go: encode.go, the encOps:
    /// nested structs, arrays and maps are always sent.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Bool(value) => !value,
            Self::Int(value) => *value == 0,
            Self::Uint(value) => *value == 0,
            Self::Float(value) => *value == 0.0,
            Self::Complex(re, im) => *re == 0.0 && *im == 0.0,
            Self::Bytes(value) | Self::String(value) => value.is_empty(),
            Self::Slice(list) => list.is_empty(),
            Self::Interface(value) => value.is_none(),
            Self::Array(_) | Self::Map(_) | Self::Struct(_) | Self::Opaque(_) => false,
        }
    }

    /// How many lists, maps and structs are around its innermost part.
    pub(crate) fn levels(&self) -> usize {
        let deepest = |values: &[Self]| values.iter().map(Self::levels).max().unwrap_or(0);
        match self {
            Self::Slice(list) | Self::Array(list) => 1 + deepest(list),
            Self::Struct(fields) => {
                1 + fields
                    .iter()
                    .map(|(_, value)| value.levels())
                    .max()
                    .unwrap_or(0)
            }
            Self::Map(pairs) => {
                let levels = pairs
                    .iter()
                    .map(|(key, value)| key.levels().max(value.levels()));
                1 + levels.max().unwrap_or(0)
            }
            Self::Interface(Some(typed)) => typed.value.levels(),
            _ => 0,
        }
    }

    /// Adds the values of interface type within it.
    fn collect<'a>(&'a self, found: &mut Vec<&'a Typed>) {
        match self {
            Self::Interface(Some(typed)) => {
                found.push(typed);
                typed.value.collect(found);
            }
            Self::Slice(list) | Self::Array(list) => {
                list.iter().for_each(|value| value.collect(found));
            }
            Self::Struct(fields) => fields.iter().for_each(|(_, value)| value.collect(found)),
            Self::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                key.collect(found);
                value.collect(found);
            }),
            _ => {}
        }
    }

    fn attach(&mut self, types: &Arc<Types>) {
        match self {
            Self::Interface(Some(typed)) => typed.attach(types),
            Self::Slice(list) | Self::Array(list) => {
                list.iter_mut().for_each(|value| value.attach(types));
            }
            Self::Struct(fields) => fields.iter_mut().for_each(|(_, value)| value.attach(types)),
            Self::Map(pairs) => pairs.iter_mut().for_each(|(key, value)| {
                key.attach(types);
                value.attach(types);
            }),
            _ => {}
        }
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("go_type_name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The name without an allocation, for the types that nearly all sessions are made of.
pub(super) fn name(text: &str) -> Cow<'static, str> {
    const COMMON: [&str; 12] = [
        "string",
        "int",
        "int64",
        "bool",
        "float64",
        "[]uint8",
        "[]string",
        "[]int",
        "[]interface {}",
        "map[string]interface {}",
        "time.Time",
        "uint64",
    ];
    match COMMON.iter().find(|common| **common == text) {
        Some(common) => Cow::Borrowed(common),
        None => Cow::Owned(text.to_owned()),
    }
}
