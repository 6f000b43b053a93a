//! The entries of a map that is replaced, by key.

use std::collections::HashMap;

use crate::wire::gob::{identity::identity, value::Value};

use super::rust_value::RustKey;

pub(super) struct OldEntries<'a> {
    pub(super) pairs: &'a [(Value, Value)],
    positions: HashMap<Vec<u8>, usize>,
    /// The keys of interface type by what they are in Rust.
    alike: HashMap<KeyInRust<'a>, usize>,
}

/// A key without its Go type.
#[derive(PartialEq, Eq, Hash)]
enum KeyInRust<'a> {
    Text(&'a [u8]),
    Bool(bool),
    Number(i128),
}

impl<'a> OldEntries<'a> {
    pub(super) fn new(old: Option<&'a Value>) -> Self {
        let pairs: &[(Value, Value)] = match old {
            Some(Value::Map(pairs)) => pairs,
            _ => &[],
        };
        let (mut positions, mut alike) = (HashMap::new(), HashMap::new());
        for (at, (key, _)) in pairs.iter().enumerate() {
            if let Ok(Some(identity)) = identity(key) {
                positions.insert(identity, at);
            }
            if let Some(key) = in_rust(key) {
                alike.entry(key).or_insert(at);
            }
        }
        Self {
            pairs,
            positions,
            alike,
        }
    }

    /// The position and the value of the key. A new key has a position beyond the end.
    pub(super) fn find(&self, key: &Value) -> (usize, Option<&'a Value>) {
        let identity = identity(key).ok().flatten();
        match identity.and_then(|identity| self.positions.get(&identity)) {
            Some(position) => (*position, Some(&self.pairs[*position].1)),
            None => (usize::MAX, None),
        }
    }

    /// The existing key of interface type that is the same key in another Go type.
    pub(super) fn key_like(&self, key: &RustKey) -> Option<&'a Value> {
        let key = match key {
            RustKey::String(text) => KeyInRust::Text(text.as_bytes()),
            RustKey::Bool(value) => KeyInRust::Bool(*value),
            RustKey::Int(value) => KeyInRust::Number((*value).into()),
            RustKey::Uint(value) => KeyInRust::Number((*value).into()),
        };
        let position = self.alike.get(&key)?;
        Some(&self.pairs[*position].0)
    }
}

fn in_rust(key: &Value) -> Option<KeyInRust<'_>> {
    let Value::Interface(Some(key)) = key else {
        return None;
    };
    match &key.value {
        Value::String(text) => Some(KeyInRust::Text(text)),
        Value::Bool(value) => Some(KeyInRust::Bool(*value)),
        Value::Int(value) => Some(KeyInRust::Number((*value).into())),
        Value::Uint(value) => Some(KeyInRust::Number((*value).into())),
        _ => None,
    }
}
