//! Values to bytes: all definitions first, each a message of its own, then the value's message.
//!
//! Go: encode.go writes definitions between the parts of a value; every Go reads this simpler
//! order as well, and nothing is ever split.

use super::{
    interner::Interner,
    tree::{Typed, Value},
    types::{TypeId, common},
    writer::Write,
};

/// Encodes a session: a `map[interface {}]interface {}` of these pairs.
pub(crate) fn encode_session(pairs: &[(Option<Typed>, Option<Typed>)]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut message = Vec::new();
    message.int(encoder.interner.wire_id(&common::types(), common::SESSION));
    message.push(0);
    message.count(pairs.len());
    for (key, value) in pairs {
        encoder.interface(key.as_ref(), &mut message);
        encoder.interface(value.as_ref(), &mut message);
    }
    encoder.finish(&message)
}

/// Encodes a string, the content of a cookie.
pub(crate) fn encode_string(text: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    message.int(TypeId::STRING.number());
    message.push(0);
    message.bytes(text);
    Encoder::default().finish(&message)
}

#[derive(Default)]
struct Encoder {
    interner: Interner,
}

impl Encoder {
    fn finish(self, message: &[u8]) -> Vec<u8> {
        let mut gob = self.interner.into_messages();
        gob.bytes(message);
        gob
    }

    /// Go: encode.go, encodeInterface: name, type, length, value; nil is an empty name.
    fn interface(&mut self, typed: Option<&Typed>, out: &mut Vec<u8>) {
        let Some(typed) = typed else {
            return out.push(0);
        };
        out.bytes(typed.name.as_bytes());
        out.int(self.interner.wire_id(&typed.types, typed.ty));
        let mut body = Vec::new();
        if !matches!(typed.value, Value::Struct(_)) {
            body.push(0);
        }
        self.value(&typed.value, &mut body);
        out.bytes(&body);
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
