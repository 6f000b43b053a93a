//! Equality of map keys: Go's `==`, as far as the encoded form shows it.

use super::{
    error::GobError,
    value::{GoValue, Value},
    writer::Write,
};

/// Bytes that are equal for equal keys. `None` for a key that is not equal to itself, such as NaN.
pub(crate) fn identity(key: &Value) -> Result<Option<Vec<u8>>, GobError> {
    let mut bytes = Vec::new();
    Ok(describe(key, &mut bytes)?.then_some(bytes))
}

/// Whether two values are the same key of a session in Go.
pub(crate) fn same(one: &GoValue, other: &GoValue) -> bool {
    if one.name != other.name {
        return false;
    }
    if let (Value::String(one), Value::String(other)) = (&one.value, &other.value) {
        return one == other;
    }
    matches!((identity(&one.value), identity(&other.value)), (Ok(Some(one)), Ok(Some(other))) if one == other)
}

/// A key of a map: of interface type, where nil is `None`, or of another one.
pub(super) trait MapKey {
    /// Bytes that are equal for equal keys. `None` for a key that is not equal to itself.
    fn identity(&self) -> Result<Option<Vec<u8>>, GobError>;

    /// The registered name and the bytes of a string. Two strings are equal if both are.
    fn text(&self) -> Option<(&str, &[u8])>;
}

impl MapKey for Value {
    fn identity(&self) -> Result<Option<Vec<u8>>, GobError> {
        identity(self)
    }

    fn text(&self) -> Option<(&str, &[u8])> {
        match self {
            Self::String(text) => Some(("", text)),
            Self::Interface(Some(typed)) => typed.text(),
            _ => None,
        }
    }
}

impl MapKey for Option<GoValue> {
    fn identity(&self) -> Result<Option<Vec<u8>>, GobError> {
        let mut bytes = Vec::new();
        Ok(describe_interface(self.as_ref(), &mut bytes)?.then_some(bytes))
    }

    fn text(&self) -> Option<(&str, &[u8])> {
        self.as_ref()?.text()
    }
}

impl GoValue {
    fn text(&self) -> Option<(&str, &[u8])> {
        match &self.value {
            Value::String(text) => Some((&self.name, text)),
            _ => None,
        }
    }
}

/// Writes a key so that equal keys give equal bytes. Returns false if the key contains a NaN.
fn describe(key: &Value, out: &mut Vec<u8>) -> Result<bool, GobError> {
    match key {
        Value::Bool(value) => out.push(u8::from(*value)),
        Value::Int(value) => out.int(*value),
        Value::Uint(value) => out.uint(*value),
        Value::Float(value) => return Ok(number(*value, out)),
        Value::Complex(re, im) => return Ok(number(*re, out) && number(*im, out)),
        Value::String(value) | Value::Opaque(value) => out.bytes(value),
        Value::Array(list) => return all(list.iter(), out),
        Value::Struct(fields) => return record(fields, out),
        Value::Interface(typed) => return describe_interface(typed.as_deref(), out),
        Value::Bytes(_) | Value::Slice(_) | Value::Map(_) => return Err(GobError::Unhashable),
    }
    Ok(true)
}

fn describe_interface(typed: Option<&GoValue>, out: &mut Vec<u8>) -> Result<bool, GobError> {
    let Some(typed) = typed else {
        out.push(0);
        return Ok(true);
    };
    out.bytes(typed.name.as_bytes());
    describe(&typed.value, out)
}

fn all<'a>(values: impl Iterator<Item = &'a Value>, out: &mut Vec<u8>) -> Result<bool, GobError> {
    let mut equal = true;
    for value in values {
        equal &= describe(value, out)?;
    }
    Ok(equal)
}

/// Skips zero fields: it makes no difference whether they were sent.
fn record(fields: &[(usize, Value)], out: &mut Vec<u8>) -> Result<bool, GobError> {
    let mut equal = true;
    for (number, value) in fields {
        if !value.is_zero() {
            out.count(number + 1);
            equal &= describe(value, out)?;
        }
    }
    out.push(0);
    Ok(equal)
}

fn number(value: f64, out: &mut Vec<u8>) -> bool {
    // −0 equals 0. Adding 0 gives both the same bits.
    out.float(value + 0.0);
    !value.is_nan()
}
