//! Values to bytes: first all type definitions, one message each, then one message for the value.
//!
//! Go's encoder (encode.go) writes definitions between the parts of a value. Every version of Go
//! also reads this simpler order, in which no value is interrupted by definitions.

use super::{
    interner::Interner,
    types::TypeId,
    value::{Entry, GoValue, Value},
    writer::Write,
};

/// Encodes a session: a `map[interface {}]interface {}` with these entries.
pub(crate) fn encode_session(pairs: &[Entry]) -> Vec<u8> {
    let (interner, session) = Interner::of_session();
    let mut encoder = Encoder { interner };
    let mut message = Vec::with_capacity(USUAL_ENTRY * pairs.len() + 8);
    message.int(session);
    message.push(0);
    message.count(pairs.len());
    for (key, value) in pairs {
        encoder.interface(key.as_ref(), &mut message);
        encoder.interface(value.as_ref(), &mut message);
    }
    encoder.interner.gob(&message)
}

/// The length of a usual key with its value, in bytes.
const USUAL_ENTRY: usize = 64;

/// Encodes a string, as a cookie contains it.
///
/// ```
/// # use pgstore::wire::gob;
/// assert_eq!(gob::encode_string(b"abc"), [6, 12, 0, 3, b'a', b'b', b'c']);
/// ```
#[must_use]
pub fn encode_string(text: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(text.len() + 11);
    message.int(TypeId::STRING.number());
    message.push(0);
    message.bytes(text);
    Interner::default().gob(&message)
}

impl GoValue {
    /// Whether two values encode to the same bytes, and so are the same for Go.
    pub(crate) fn are_same(one: Option<&Self>, other: Option<&Self>) -> bool {
        if let (Some(one), Some(other)) = (one, other)
            && let Some(are_same) = one.is_same_plain(other)
        {
            return are_same;
        }
        let bytes = |value: Option<&Self>| encode_session(&[(None, value.cloned())]);
        bytes(one) == bytes(other)
    }

    /// The same without encoding them, if that is quick.
    fn is_same_plain(&self, other: &Self) -> Option<bool> {
        let is_same_value = match (&self.value, &other.value) {
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::Int(one), Value::Int(other)) => one == other,
            (Value::Uint(one), Value::Uint(other)) => one == other,
            (Value::String(one), Value::String(other)) => one == other,
            (Value::Bytes(one), Value::Bytes(other)) => one == other,
            _ => return None,
        };
        Some(is_same_value && self.name == other.name)
    }
}

struct Encoder {
    interner: Interner,
}

impl Encoder {
    /// Writes name, type, length and value. Nil is an empty name.
    // Go: encode.go, encodeInterface.
    fn interface(&mut self, typed: Option<&GoValue>, out: &mut Vec<u8>) {
        let Some(typed) = typed else {
            return out.push(0);
        };
        out.bytes(typed.name.as_bytes());
        out.int(self.interner.wire_id(&typed.types, typed.ty));
        out.measured(|out| {
            if !matches!(typed.value, Value::Struct(_)) {
                out.push(0);
            }
            self.value(&typed.value, out);
        });
    }

    fn value(&mut self, value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Bool(value) => out.push(u8::from(*value)),
            Value::Int(value) => out.int(*value),
            Value::Uint(value) => out.uint(*value),
            Value::Float(value) => out.float(*value),
            Value::Complex(re, im) => {
                out.float(*re);
                out.float(*im);
            }
            Value::Bytes(value) | Value::String(value) | Value::Opaque(value) => out.bytes(value),
            Value::Slice(list) | Value::Array(list) => self.list(list, out),
            Value::Map(pairs) => self.map(pairs, out),
            Value::Struct(fields) => self.record(fields, out),
            Value::Interface(typed) => self.interface(typed.as_deref(), out),
        }
    }

    fn list(&mut self, list: &[Value], out: &mut Vec<u8>) {
        out.count(list.len());
        for value in list {
            self.value(value, out);
        }
    }

    fn map(&mut self, pairs: &[(Value, Value)], out: &mut Vec<u8>) {
        out.count(pairs.len());
        for (key, value) in pairs {
            self.value(key, out);
            self.value(value, out);
        }
    }

    fn record(&mut self, fields: &[(usize, Value)], out: &mut Vec<u8>) {
        let mut next = 0;
        for (field, value) in fields {
            out.count(field + 1 - next);
            self.value(value, out);
            next = field + 1;
        }
        out.push(0);
    }
}
