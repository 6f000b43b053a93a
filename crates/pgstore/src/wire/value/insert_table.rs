//! The insert table: the Go type of a value under a new key.

use std::borrow::Cow;

use crate::wire::gob::{
    common,
    types::TypeId,
    value::{GoValue, Value},
};

use super::rust_value::{RustKey, RustValue};

/// The Go value of a Rust value, by the table alone. `None` is nil.
pub(super) fn by_table(value: &RustValue) -> Option<GoValue> {
    Some(match value {
        RustValue::None | RustValue::Nil | RustValue::Unit => return None,
        RustValue::Bool(value) => go_value("bool", TypeId::BOOL, Value::Bool(*value)),
        RustValue::Int(name, value) => go_value(name, TypeId::INT, Value::Int(*value)),
        RustValue::Uint(name, value) => go_value(name, TypeId::UINT, Value::Uint(*value)),
        RustValue::Float(name, value) => go_value(name, TypeId::FLOAT, Value::Float(*value)),
        RustValue::String(text) => go_value("string", TypeId::STRING, string(text)),
        RustValue::Bytes(bytes) | RustValue::Marshaled(bytes) => {
            go_value("[]uint8", TypeId::BYTES, Value::Bytes(bytes.clone()))
        }
        RustValue::Time(time) => {
            go_value("time.Time", common::TIME, Value::Opaque(time.to_bytes()))
        }
        RustValue::List(list) => of_list(list),
        RustValue::Map(pairs) | RustValue::Struct(_, pairs) => {
            go_value("map[string]interface {}", common::MAP, of_map(pairs))
        }
        RustValue::Any(content) => return by_table(content),
        RustValue::Named(named) => return named.made.clone().ok(), // A draft has checked it.
    })
}

/// An empty `[]interface {}`, the type of a list of flashes.
pub(super) fn empty_list() -> GoValue {
    go_value("[]interface {}", common::LIST, Value::Slice(Vec::new()))
}

/// A value as an element of interface type.
pub(super) fn interface(value: &RustValue) -> Value {
    Value::Interface(by_table(value).map(Box::new))
}

fn go_value(name: &'static str, ty: TypeId, value: Value) -> GoValue {
    GoValue {
        name: Cow::Borrowed(name),
        ty,
        types: common::types(),
        value,
    }
}

fn of_list(list: &[RustValue]) -> GoValue {
    let Some((name, ty)) = RustValue::common_scalar(list).and_then(slice_of) else {
        let items = list.iter().map(interface).collect();
        return go_value("[]interface {}", common::LIST, Value::Slice(items));
    };
    let items = list.iter().filter_map(by_table).map(|item| item.value);
    go_value(name, ty, Value::Slice(items.collect()))
}

/// The slice type of a scalar. Every Go program has registered it.
// Go: type.go, registerBasics.
fn slice_of(scalar: &str) -> Option<(&'static str, TypeId)> {
    Some(match scalar {
        "bool" => ("[]bool", common::BOOLS),
        "int" => ("[]int", common::INTS),
        "int8" => ("[]int8", common::INTS),
        "int16" => ("[]int16", common::INTS),
        "int32" => ("[]int32", common::INTS),
        "int64" => ("[]int64", common::INTS),
        "uint" => ("[]uint", common::UINTS),
        "uint16" => ("[]uint16", common::UINTS),
        "uint32" => ("[]uint32", common::UINTS),
        "uint64" => ("[]uint64", common::UINTS),
        "float32" => ("[]float32", common::FLOATS),
        "float64" => ("[]float64", common::FLOATS),
        "string" => ("[]string", common::STRINGS),
        _ => return None,
    })
}

fn of_map(pairs: &[(RustKey, RustValue)]) -> Value {
    let present = pairs.iter().filter(|(_, value)| *value != RustValue::None);
    let entries = present.map(|(key, value)| (string(&key.text()), interface(value)));
    Value::Map(entries.collect())
}

fn string(text: &str) -> Value {
    Value::String(text.as_bytes().to_vec())
}
