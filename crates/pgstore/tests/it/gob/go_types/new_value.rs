//! Rust values to write: the rows of the table of `Values`, and partial copies of what Go wrote.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use pgstore::go;
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};
use serde_bytes::Bytes;
use serde_json::Value;

use super::super::random::Chance;

/// A Rust value, as serde shows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum New {
    None,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Small(i8),
    GoInt(i64),
    Float(f64),
    Single(f32),
    Text(String),
    Bytes(Vec<u8>),
    Marshaled(Vec<u8>),
    Time(go::Time),
    List(Vec<New>),
    Map(Vec<(NewKey, New)>),
    Struct(&'static str, Vec<(&'static str, New)>),
    Any(Box<New>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum NewKey {
    Text(String),
    Int(i64),
    Uint(u64),
    Bool(bool),
}

impl Serialize for New {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Bool(value) => value.serialize(serializer),
            Self::Int(value) => value.serialize(serializer),
            Self::Uint(value) => value.serialize(serializer),
            Self::Small(value) => value.serialize(serializer),
            Self::GoInt(value) => go::Int(*value).serialize(serializer),
            Self::Float(value) => value.serialize(serializer),
            Self::Single(value) => value.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Bytes(bytes) => Bytes::new(bytes).serialize(serializer),
            Self::Marshaled(bytes) => go::Marshaled(bytes).serialize(serializer),
            Self::Time(time) => time.serialize(serializer),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    match key {
                        NewKey::Text(key) => map.serialize_entry(key, value)?,
                        NewKey::Int(key) => map.serialize_entry(key, value)?,
                        NewKey::Uint(key) => map.serialize_entry(key, value)?,
                        NewKey::Bool(key) => map.serialize_entry(key, value)?,
                    }
                }
                map.end()
            }
            Self::Struct(name, fields) => {
                let mut record = serializer.serialize_struct(name, fields.len())?;
                for (name, value) in fields {
                    record.serialize_field(name, value)?;
                }
                record.end()
            }
            Self::Any(value) => go::Any(value.as_ref()).serialize(serializer),
        }
    }
}

impl New {
    /// Values with one part less, or a part with one part less.
    pub(super) fn smaller(&self) -> Vec<Self> {
        match self {
            Self::List(items) => each_smaller(items, Self::smaller, &|items| Self::List(items)),
            Self::Map(pairs) => each_smaller(
                pairs,
                |(key, value)| {
                    let smaller = value.smaller().into_iter();
                    smaller.map(|value| (key.clone(), value)).collect()
                },
                &|pairs| Self::Map(pairs),
            ),
            Self::Struct(name, fields) => each_smaller(
                fields,
                |(field, value)| {
                    let smaller = value.smaller().into_iter();
                    smaller.map(|value| (*field, value)).collect()
                },
                &|fields| Self::Struct(name, fields),
            ),
            Self::Any(value) => vec![value.as_ref().clone()],
            _ => Vec::new(),
        }
    }
}

fn each_smaller<T: Clone>(
    parts: &[T],
    smaller: impl Fn(&T) -> Vec<T>,
    whole: &dyn Fn(Vec<T>) -> New,
) -> Vec<New> {
    let mut all = Vec::new();
    for at in 0..parts.len() {
        let mut without = parts.to_vec();
        without.remove(at);
        all.push(whole(without));
    }
    for (at, part) in parts.iter().enumerate() {
        for part in smaller(part) {
            let mut with = parts.to_vec();
            with[at] = part;
            all.push(whole(with));
        }
    }
    all
}

/// A value of every row of the table, small and large.
pub(super) fn rows() -> Vec<New> {
    let text = |text: &str| New::Text(text.to_owned());
    let entry = |key: &str, value| (NewKey::Text(key.to_owned()), value);
    let time = go::Time::new(1_700_000_000, 5);
    vec![
        New::Bool(true),
        New::Small(-5),
        New::Int(300),
        New::Int(-70_000),
        New::Uint(u64::MAX),
        New::Uint(255),
        New::GoInt(7),
        New::Single(0.5),
        New::Float(0.1),
        New::Float(1e300),
        text("text"),
        text("2024-01-01T00:00:00Z"),
        New::Bytes(vec![1, 2, 3, 4]),
        New::Bytes(vec![7; 16]),
        New::Bytes(Vec::new()),
        New::List(vec![text("a"), text("b")]),
        New::List(vec![New::Int(1), New::Int(2)]),
        New::List(vec![New::Int(1), text("a"), New::None]),
        New::List(Vec::new()),
        New::List(vec![New::Any(Box::new(New::Int(1)))]),
        New::List(vec![
            New::List(vec![New::Float(0.5)]),
            New::List(Vec::new()),
        ]),
        New::Map(vec![entry("a", New::Int(1)), entry("b", New::None)]),
        New::Map(vec![
            (NewKey::Int(-1), text("x")),
            (NewKey::Int(5), text("y")),
        ]),
        New::Map(vec![(NewKey::Bool(true), New::Int(1))]),
        New::Map(Vec::new()),
        New::Struct("Item", vec![("ID", New::Int(3))]),
        New::Struct(
            "Other",
            vec![("F1", New::Int(3)), ("New", New::List(vec![New::None]))],
        ),
        New::Time(time),
        New::Time(time.with_offset(-4512).unwrap()),
    ]
}

/// What Rust reads of Go's value, with some of its fields and some changes.
pub(super) struct Copier<'a> {
    pub(super) chance: &'a mut Chance,
    /// How many of a hundred parts are changed or left out.
    pub(super) percent: usize,
}

impl Copier<'_> {
    pub(super) fn copy(&mut self, go: &Value) -> New {
        if self.chance.below(100) < self.percent / 2 {
            return self.other();
        }
        let name = go["t"].as_str().unwrap_or_default();
        if let Some(pointee) = go.get("ptr") {
            return self.copy(pointee);
        }
        if let Some(fields) = go["fields"].as_array() {
            return self.copy_struct(name, fields);
        }
        if let Some(entries) = go["entries"].as_array() {
            return self.copy_map(entries);
        }
        if let Some(hex) = go["hex"].as_str() {
            return New::Bytes(bytes(hex));
        }
        for member in ["gob_encoder_hex", "binary_marshaler_hex"] {
            if let Some(hex) = go[member].as_str() {
                return match self.chance.below(2) {
                    0 => New::Bytes(bytes(hex)),
                    _ => New::Marshaled(bytes(hex)),
                };
            }
        }
        match &go["v"] {
            Value::Array(items) if name.starts_with("complex") => {
                let parts = items.iter().map(|part| New::Float(number(part)));
                New::List(parts.collect())
            }
            Value::Array(items) => self.copy_list(items),
            Value::Object(time) => {
                let seconds = time["unix"].as_i64().unwrap();
                let nanos = u32::try_from(time["nsec"].as_u64().unwrap()).unwrap();
                let offset = i32::try_from(time["offset"].as_i64().unwrap()).unwrap();
                let utc = go::Time::new(seconds, nanos);
                New::Time(match time["utc"].as_bool().unwrap() {
                    true => utc,
                    false => utc.with_offset(offset).unwrap_or(utc),
                })
            }
            Value::Bool(value) => New::Bool(*value),
            Value::String(_) if go.get("bits64_hex").is_some() => New::Float(number(&go["v"])),
            Value::String(text) => match (text.parse::<i64>(), text.parse::<u64>()) {
                _ if is_text(name) => New::Text(text.clone()),
                (Ok(value), _) => New::Int(value),
                (_, Ok(value)) => New::Uint(value),
                _ => New::Text(text.clone()),
            },
            _ => New::None,
        }
    }

    fn copy_struct(&mut self, name: &str, fields: &[Value]) -> New {
        let mut copied = Vec::new();
        for field in fields {
            if self.chance.below(100) >= self.percent {
                let name = leaked(field[0].as_str().unwrap());
                copied.push((name, self.copy(&field[1])));
            }
        }
        if self.chance.below(200) < self.percent {
            copied.push(("Added", self.other()));
        }
        New::Struct(leaked(name.rsplit('.').next().unwrap()), copied)
    }

    fn copy_map(&mut self, entries: &[Value]) -> New {
        let mut copied = Vec::new();
        for entry in entries {
            if let Some(key) = key(&entry[0])
                && self.chance.below(100) >= self.percent / 2
            {
                copied.push((key, self.copy(&entry[1])));
            }
        }
        New::Map(copied)
    }

    fn copy_list(&mut self, items: &[Value]) -> New {
        let mut copied: Vec<_> = items.iter().map(|item| self.copy(item)).collect();
        match self.chance.below(300) {
            roll if roll < self.percent && !copied.is_empty() => {
                let at = self.chance.below(copied.len());
                drop(copied.remove(at));
            }
            roll if roll < 2 * self.percent => copied.reverse(),
            _ => {}
        }
        New::List(copied)
    }

    fn other(&mut self) -> New {
        let mut rows = rows();
        let at = self.chance.below(rows.len() + 1);
        if at == rows.len() {
            return New::None;
        }
        rows.swap_remove(at)
    }
}

fn is_text(name: &str) -> bool {
    matches!(name, "string" | "main.Role" | "time.Duration") && name != "time.Duration"
}

fn key(go: &Value) -> Option<NewKey> {
    let text = go["v"].as_str();
    let name = go["t"].as_str().unwrap_or_default();
    Some(match &go["v"] {
        Value::Bool(value) => NewKey::Bool(*value),
        Value::String(text) if is_text(name) => NewKey::Text(text.clone()),
        Value::String(_) if go.get("bits64_hex").is_some() => return None,
        Value::String(_) => match text?.parse() {
            Ok(value) => NewKey::Int(value),
            Err(_) => NewKey::Uint(text?.parse().ok()?),
        },
        _ => return None,
    })
}

fn number(text: &Value) -> f64 {
    text.as_str().unwrap().parse().unwrap()
}

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
}

/// serde's names are static.
pub(super) fn leaked(text: &str) -> &'static str {
    static NAMES: LazyLock<Mutex<HashMap<String, &'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().unwrap();
    let new = || Box::leak(text.to_owned().into_boxed_str()) as &str;
    names.entry(text.to_owned()).or_insert_with(new)
}
