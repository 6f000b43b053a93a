use std::{borrow::Cow, fmt, sync::Arc};

use super::types::{TypeId, Types};

/// A value of Go's interface type: a value and the name under which Go has registered its type.
///
/// It comes from [`Values`](crate::wire::Values) and keeps everything Go wrote. Read it as a Rust
/// type with [`read`](GoValue::read), or inspect it with [`node`](GoValue::node). `Debug` shows
/// only the type, since session values are private.
///
/// ```
/// use pgstore::Values;
///
/// let mut values = Values::new();
/// values.insert("visits", 7_i64)?;
/// let visits = values.value("visits").unwrap();
/// assert_eq!(visits.go_type_name(), "int64");
/// assert_eq!(visits.read::<u8>()?, 7);
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone)]
pub struct GoValue {
    pub(crate) name: Cow<'static, str>,
    pub(crate) ty: TypeId,
    pub(crate) types: Arc<Types>,
    pub(crate) value: Value,
}

/// A value as it is encoded, without its type.
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
    /// The fields that were sent, with their numbers, in ascending order.
    Struct(Vec<(usize, Value)>),
    /// The bytes that a Go type with its own marshaler wrote.
    Opaque(Vec<u8>),
    Interface(Option<Box<GoValue>>),
}

/// An entry of a session: key and value, of which both may be nil.
pub(crate) type Entry = (Option<GoValue>, Option<GoValue>);

impl GoValue {
    /// The name under which Go has registered the type, such as `int` or `main.User`.
    ///
    /// ```
    /// use pgstore::{Values, go};
    ///
    /// let mut values = Values::new();
    /// values.insert("visits", go::Int(7))?;
    /// assert_eq!(values.value("visits").unwrap().go_type_name(), "int");
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    #[must_use]
    pub fn go_type_name(&self) -> &str {
        &self.name
    }

    /// This value and all values of interface type inside it.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let mut found = vec![self];
        self.value.collect(&mut found);
        found
    }

    /// Sets the table of types of this value and of all values inside it.
    pub(super) fn attach(&mut self, types: &Arc<Types>) {
        self.types = Arc::clone(types);
        self.value.attach(types);
    }
}

impl Value {
    /// The value that an interface holds. `None` is nil.
    pub(crate) fn into_interface(self) -> Option<GoValue> {
        match self {
            Self::Interface(value) => value.map(|value| *value),
            _ => None,
        }
    }

    /// Whether Go omits a struct field with this value. Structs, arrays and maps are always sent.
    // Go: encode.go, the encOps.
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

    /// Whether it contains a nil of interface type that is not inside another value of interface
    /// type. A struct's fields that are nil are not sent.
    // Go: decode.go, ignoreInterface does not expect a nil.
    pub(crate) fn has_bare_nil(&self) -> bool {
        match self {
            Self::Interface(value) => value.is_none(),
            Self::Slice(list) | Self::Array(list) => list.iter().any(Self::has_bare_nil),
            Self::Struct(fields) => fields.iter().any(|(_, value)| value.has_bare_nil()),
            Self::Map(pairs) => pairs
                .iter()
                .any(|(key, value)| key.has_bare_nil() || value.has_bare_nil()),
            _ => false,
        }
    }

    /// How deep its lists, maps and structs are nested.
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

    /// Adds the values of interface type inside it.
    fn collect<'a>(&'a self, found: &mut Vec<&'a GoValue>) {
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

    /// Sets the table of types of all values of interface type inside it.
    pub(super) fn attach(&mut self, types: &Arc<Types>) {
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

impl fmt::Debug for GoValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoValue")
            .field("go_type_name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A type name, without an allocation for the most frequent types.
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
