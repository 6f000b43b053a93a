//! The insert table: which Go type a value of a new key gets.

use std::borrow::Cow;

use crate::wire::gob::{
    tree::{Typed, Value},
    types::{TypeId, common},
};

use super::{
    named::named,
    tree::{Tree, TreeKey},
};

/// The Go value for a Rust value, by the table alone; `None` becomes nil.
pub(super) fn fresh(tree: &Tree) -> Option<Typed> {
    Some(match tree {
        Tree::None | Tree::Nil => return None,
        Tree::Bool(value) => typed("bool", TypeId::BOOL, Value::Bool(*value)),
        Tree::Int(name, value) => typed(name, TypeId::INT, Value::Int(*value)),
        Tree::Uint(name, value) => typed(name, TypeId::UINT, Value::Uint(*value)),
        Tree::Float(name, value) => typed(name, TypeId::FLOAT, Value::Float(*value)),
        Tree::String(text) => typed("string", TypeId::STRING, string(text)),
        Tree::Bytes(bytes) => typed("[]uint8", TypeId::BYTES, Value::Bytes(bytes.clone())),
        Tree::Time(time) => typed("time.Time", common::TIME, Value::Opaque(time.to_bytes())),
        Tree::List(list) => of_list(list),
        Tree::Map(pairs) | Tree::Struct(_, pairs) => {
            typed("map[string]interface {}", common::MAP, of_map(pairs))
        }
        Tree::Any(content) => return fresh(content),
        // A draft of what cannot be written is not made.
        Tree::Named(name, content) => return named(name, content).ok(),
    })
}

/// An empty `[]interface {}`, in which flashes are kept.
pub(super) fn empty_list() -> Typed {
    typed("[]interface {}", common::LIST, Value::Slice(Vec::new()))
}

/// A value as an element of interface type.
pub(super) fn interface(tree: &Tree) -> Value {
    Value::Interface(fresh(tree).map(Box::new))
}

fn typed(name: &'static str, ty: TypeId, value: Value) -> Typed {
    Typed {
        name: Cow::Borrowed(name),
        ty,
        types: common::types(),
        value,
    }
}

fn of_list(list: &[Tree]) -> Typed {
    let Some((name, ty)) = Tree::common_scalar(list).and_then(slice_of) else {
        let items = list.iter().map(interface).collect();
        return typed("[]interface {}", common::LIST, Value::Slice(items));
    };
    let items = list
        .iter()
        .filter_map(fresh)
        .map(|item| item.value)
        .collect();
    typed(name, ty, Value::Slice(items))
}

/// The slice of a scalar, registered in every Go program. Go: type.go, registerBasics.
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

fn of_map(pairs: &[(TreeKey, Tree)]) -> Value {
    let present = pairs.iter().filter(|(_, value)| *value != Tree::None);
    Value::Map(
        present
            .map(|(key, value)| (string(&key.text()), interface(value)))
            .collect(),
    )
}

fn string(text: &str) -> Value {
    Value::String(text.as_bytes().to_vec())
}
