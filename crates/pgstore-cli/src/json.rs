//! Go's values as JSON.
//!
//! A struct shows all fields of its type. gob leaves zero fields out, so one that was not sent is
//! its type's zero value: `0`, `""`, `false`, `[]`. A pointer that was nil is not sent either; where
//! the type tells (to a struct or an array, or an interface) it is `null`, as is a marshaler's value
//! that was not sent: only Go knows what its zero value would write.

use std::cell::Cell;

use data_encoding::{BASE64, HEXLOWER};
use pgstore::wire::{Entries, Fields, GoValue, List, Node, View};
use pgstore::{Values, go};
use serde::ser::{Error as _, SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::content::Content;
use crate::failure::Failure;

/// The line to print.
pub(crate) fn object(issued_at: i64, value: &Content) -> Result<String, Failure> {
    let budget = Cell::new(MOST_FIELD_TEXT);
    let value = Top {
        value,
        budget: &budget,
    };
    // The budget is all that can fail: the rest has a form in JSON.
    let line = serde_json::to_string(&Object { issued_at, value });
    line.map(|line| line + "\n").map_err(|_| Failure::TooMuch)
}

/// The line in place of a text that does not open.
pub(crate) fn error(reason: &str) -> String {
    format!("{}\n", serde_json::json!({ "error": reason }))
}

/// Bytes of field names in one output. Each struct repeats those of its type, which the gob has
/// once, so a small gob could print as terabytes.
const MOST_FIELD_TEXT: usize = 1 << 26;

#[derive(Serialize)]
struct Object<'a> {
    issued_at: i64,
    value: Top<'a>,
}

struct Top<'a> {
    value: &'a Content,
    budget: &'a Cell<usize>,
}

impl Serialize for Top<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Content::Cookie(text) => string(text, serializer),
            Content::Data(values) => session(values, self.budget, serializer),
        }
    }
}

fn session<S: Serializer>(
    values: &Values,
    budget: &Cell<usize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let entries = values.iter();
    serializer.collect_seq(entries.map(|(key, value)| (shown(key, budget), shown(value, budget))))
}

/// `None` is nil.
fn shown<'a>(typed: Option<&'a GoValue>, budget: &'a Cell<usize>) -> Option<Shown<'a>> {
    typed.map(|typed| Shown(typed.node(), budget))
}

/// One place in a value, with its type if it is of interface type.
#[derive(Clone, Copy)]
struct Shown<'a>(Node<'a>, &'a Cell<usize>);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let untyped = Untyped(self.0, self.1);
        match (self.0.go_type_name(), self.0.view()) {
            (None, _) => untyped.serialize(serializer),
            // It brings a type of its own.
            (Some("string"), View::String(text)) if str::from_utf8(text).is_err() => {
                untyped.serialize(serializer)
            }
            (Some(name), _) => typed(name, &untyped, serializer),
        }
    }
}

fn typed<S: Serializer>(
    name: &str,
    value: &impl Serialize,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(Some(2))?;
    object.serialize_entry("type", name)?;
    object.serialize_entry("value", value)?;
    object.end()
}

struct Untyped<'a>(Node<'a>, &'a Cell<usize>);

impl Serialize for Untyped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(node, budget) = *self;
        match node.view() {
            View::Nil => serializer.serialize_unit(),
            View::Bool(value) => serializer.serialize_bool(value),
            View::Int(value) => serializer.serialize_i64(value),
            View::Uint(value) => serializer.serialize_u64(value),
            View::Float(value) => Float(value).serialize(serializer),
            View::Complex(re, im) => (Float(re), Float(im)).serialize(serializer),
            View::Bytes(bytes) => serializer.serialize_str(&BASE64.encode(bytes)),
            View::String(text) => string(text, serializer),
            View::Time(time) => serializer.serialize_str(&rfc3339(time)),
            View::Opaque(_) if !node.is_sent() => serializer.serialize_unit(),
            View::Opaque(bytes) => opaque(bytes, serializer),
            View::List(items) => list(items, budget, serializer),
            View::Map(pairs) => map(pairs, budget, serializer),
            View::Struct(fields) => record(fields, budget, serializer),
            _ => Err(S::Error::custom("a kind of value of a later library")),
        }
    }
}

fn string<S: Serializer>(text: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match str::from_utf8(text) {
        Ok(text) => serializer.serialize_str(text),
        Err(_) => typed("string(bytes)", &BASE64.encode(text), serializer),
    }
}

fn opaque<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(Some(1))?;
    object.serialize_entry("opaque", &HEXLOWER.encode(bytes))?;
    object.end()
}

fn list<S: Serializer>(
    items: List<'_>,
    budget: &Cell<usize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut array = serializer.serialize_seq(Some(items.len()))?;
    for item in items.iter() {
        array.serialize_element(&Shown(item, budget))?;
    }
    array.end()
}

fn map<S: Serializer>(
    pairs: Entries<'_>,
    budget: &Cell<usize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut array = serializer.serialize_seq(Some(pairs.len()))?;
    for (key, value) in pairs.iter() {
        array.serialize_element(&(Shown(key, budget), Shown(value, budget)))?;
    }
    array.end()
}

fn record<S: Serializer>(
    fields: Fields<'_>,
    budget: &Cell<usize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(Some(fields.len()))?;
    for (name, value) in fields.iter() {
        let left = budget.get().checked_sub(name.len() + 8);
        budget.set(left.ok_or_else(|| S::Error::custom("too much"))?);
        object.serialize_entry(name, &Shown(value, budget))?;
    }
    object.end()
}

struct Float(f64);

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("+Inf"),
            f64::NEG_INFINITY => serializer.serialize_str("-Inf"),
            value => serializer.serialize_f64(value),
        }
    }
}

/// The instant. An offset in RFC 3339 has no seconds, so a time of a zone that has some is shown in
/// whole minutes of offset, and as UTC where Go knows no such offset.
// Go: time/format.go cuts the seconds off, and so shows another instant.
fn rfc3339(time: go::Time) -> String {
    let in_minutes = match time.offset() {
        Some(offset) if offset % 60 != 0 => time.with_offset(offset - offset % 60),
        _ => Some(time),
    };
    let utc = || go::Time::new(time.unix_seconds(), time.nanoseconds());
    in_minutes.unwrap_or_else(utc).to_string()
}
