//! Whether Go reads what Rust meant.

use serde_json::Value;

use super::new_value::{New, NewKey, bytes};

/// What was in the place before.
#[derive(Clone)]
pub(super) enum Old<'a> {
    /// The value under the same key, or in the same field.
    Place(Option<&'a Value>),
    /// The elements of the list: any of them may be meant.
    Elements(Vec<&'a Value>),
}

/// Checks that Go's value is the new one. What the new one does not mention is what it was, or zero
/// in a new element.
pub(super) fn is_meant(new: &New, old: &Old<'_>, got: &Value) -> Result<(), String> {
    let got = pointee(got);
    if let Old::Elements(olds) = old {
        return is_element(new, olds, got);
    }
    let Old::Place(old) = old else {
        unreachable!("the other kind has returned")
    };
    let old = old.map(pointee);
    let is_right = match new {
        New::Any(new) => return is_meant(new, &Old::Place(old), got),
        New::None => is_zero(got),
        New::Bool(value) => got["v"].as_bool() == Some(*value),
        New::Int(value) | New::GoInt(value) => is_integer(got, i128::from(*value)),
        New::Uint(value) => is_integer(got, i128::from(*value)),
        New::Small(value) => is_integer(got, i128::from(*value)),
        New::Float(value) => is_float(got, *value),
        New::Single(value) => is_float(got, f64::from(*value)),
        New::Text(text) => {
            got["v"] == **text || is_bytes(got, text.as_bytes()) || is_time(got, text)
        }
        New::Bytes(bytes) | New::Marshaled(bytes) => is_bytes(got, bytes),
        New::Time(time) => is_time(got, &time.to_string()),
        New::List(items) if items.is_empty() && is_zero(got) => true,
        New::Map(pairs) if is_zero(got) && pairs.iter().all(|(_, new)| *new == New::None) => true,
        New::List(items) => return is_list(items, old, got),
        New::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| (text(key), value));
            return is_map(&pairs.collect::<Vec<_>>(), old, got);
        }
        New::Struct(_, fields) => {
            let pairs = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value));
            return is_map(&pairs.collect::<Vec<_>>(), old, got);
        }
    };
    is_right
        .then_some(())
        .ok_or_else(|| format!("{new:?} became {got}"))
}

/// A value as it was, or a new one.
fn is_element(new: &New, olds: &[&Value], got: &Value) -> Result<(), String> {
    let is_old = |old: &&Value| {
        let old = pointee(old);
        old == got && is_meant(new, &Old::Place(Some(old)), old).is_ok()
    };
    if olds.iter().any(is_old) {
        return Ok(());
    }
    is_meant(new, &Old::Place(None), got)
}

fn is_list(items: &[New], old: Option<&Value>, got: &Value) -> Result<(), String> {
    let became = || format!("{items:?} became {got}");
    if let Some(hex) = got["hex"].as_str().or(marshaled(got)) {
        let is_byte = |(item, byte): (&New, u8)| match item {
            New::Int(value) => *value == i64::from(byte),
            item => *item == New::None && byte == 0,
        };
        let bytes = bytes(hex);
        let is_same = items.len() == bytes.len() && items.iter().zip(bytes).all(is_byte);
        return is_same.then_some(()).ok_or_else(became);
    }
    let name = got["t"].as_str().unwrap_or_default();
    if let Some(Value::String(_)) = got["v"].get(0) {
        let is_part = |(part, item): (&Value, &New)| match item {
            New::Float(value) => part.as_str().unwrap().parse() == Ok(*value),
            item => *item == New::None && part == "0",
        };
        let mut parts = got["v"]
            .as_array()
            .expect("it has two parts")
            .iter()
            .zip(items);
        return parts
            .all(is_part)
            .then_some(())
            .ok_or_else(|| format!("{name}: {}", became()));
    }
    let Some(gots) = got["v"].as_array() else {
        return Err(format!("a list became {got}"));
    };
    if gots.len() != items.len() {
        return Err(format!("{} elements became {got}", items.len()));
    }
    let olds: Vec<_> = old
        .and_then(|old| old["v"].as_array())
        .map_or_else(Vec::new, |olds| olds.iter().collect());
    for (item, got) in items.iter().zip(gots) {
        is_meant(item, &Old::Elements(olds.clone()), got)?;
    }
    // An element with what only Go knows is not there more often than before.
    for old in &olds {
        let before = olds.iter().filter(|other| *other == old).count();
        let after = gots.iter().filter(|got| got == old).count();
        let is_new = |item| is_meant(item, &Old::Place(None), old).is_ok();
        if after > before && !items.iter().any(is_new) {
            return Err(format!("{old} is there more often than before"));
        }
    }
    Ok(())
}

fn is_map(pairs: &[(String, &New)], old: Option<&Value>, got: &Value) -> Result<(), String> {
    if let Some(fields) = got["fields"].as_array() {
        return is_struct(pairs, old, fields);
    }
    let Some(entries) = got["entries"].as_array() else {
        return Err(format!("a map became {got}"));
    };
    let is_whole = |key: &Value| key.get("fields").is_some() || key["v"].is_array();
    if entries.iter().any(|entry| is_whole(&entry[0])) && entries.len() == pairs.len() {
        return Ok(()); // Keys without a text of their own.
    }
    let present: Vec<_> = pairs
        .iter()
        .filter(|(key, new)| {
            **new != New::None || entries.iter().any(|entry| key_text(&entry[0]) == *key)
        })
        .collect();
    if present.len() != entries.len() {
        return Err(format!("{} entries became {got}", present.len()));
    }
    for (key, new) in present {
        let found = entries.iter().find(|entry| key_text(&entry[0]) == *key);
        let Some(entry) = found else {
            return Err(format!("{key} is missing in {got}"));
        };
        let olds = old.and_then(|old| old["entries"].as_array());
        let found = olds.and_then(|olds| olds.iter().find(|entry| key_text(&entry[0]) == *key));
        let old = found.map(|entry| &entry[1]).or_else(|| field_of(old, key));
        is_meant(new, &Old::Place(old), &entry[1]).map_err(|error| format!("{key}: {error}"))?;
    }
    Ok(())
}

fn field_of<'a>(old: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    let mut fields = old?["fields"].as_array()?.iter();
    fields
        .find(|field| field[0] == *name)
        .map(|field| &field[1])
}

/// Go ignores fields that its type lacks.
fn is_struct(
    pairs: &[(String, &New)],
    old: Option<&Value>,
    fields: &[Value],
) -> Result<(), String> {
    for field in fields {
        let name = field[0].as_str().unwrap();
        let old = field_of(old, name);
        let checked = match pairs.iter().rfind(|(mentioned, _)| mentioned == name) {
            Some((_, new)) => is_meant(new, &Old::Place(old), &field[1]),
            None => is_kept(old, &field[1]),
        };
        checked.map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn is_kept(old: Option<&Value>, got: &Value) -> Result<(), String> {
    let is_kept = match old {
        Some(old) => old == got,
        None => is_zero(got),
    };
    is_kept
        .then_some(())
        .ok_or_else(|| format!("an unmentioned field became {got}"))
}

fn pointee(value: &Value) -> &Value {
    value.get("ptr").map_or(value, pointee)
}

fn marshaled(got: &Value) -> Option<&str> {
    let hex = got["gob_encoder_hex"].as_str();
    hex.or_else(|| got["binary_marshaler_hex"].as_str())
}

fn is_zero(got: &Value) -> bool {
    let got = pointee(got);
    if got["t"] == "nil" || marshaled(got).is_some() {
        return true; // The zero value of a marshaler has bytes of its own.
    }
    if let Some(fields) = got["fields"].as_array() {
        return fields.iter().all(|field| is_zero(&field[1]));
    }
    if let Some(entries) = got["entries"].as_array() {
        return entries.is_empty();
    }
    if let Some(hex) = got["hex"].as_str() {
        return hex.bytes().all(|digit| digit == b'0');
    }
    match &got["v"] {
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty() || text == "0" || text == "-0",
        Value::Array(items) => items.iter().all(|item| match item {
            Value::String(part) => part == "0",
            item => is_zero(item),
        }),
        Value::Object(time) => time["rfc3339"] == "0001-01-01T00:00:00Z",
        _ => false,
    }
}

fn is_integer(got: &Value, value: i128) -> bool {
    got.get("bits64_hex").is_none()
        && got["v"].as_str().and_then(|text| text.parse().ok()) == Some(value)
}

fn is_float(got: &Value, value: f64) -> bool {
    let bits = got["bits64_hex"].as_str();
    bits.is_some_and(|bits| bits == format!("{:016x}", value.to_bits()))
        || (value == 0.0 && is_zero(got) && bits.is_some())
}

fn is_bytes(got: &Value, expected: &[u8]) -> bool {
    let hex = got["hex"].as_str().or(marshaled(got));
    let list = got["v"].as_array().map(|list| {
        let bytes = list
            .iter()
            .map(|item| item["v"].as_str()?.parse::<u8>().ok());
        bytes.collect::<Option<Vec<_>>>()
    });
    hex.is_some_and(|hex| bytes(hex) == expected)
        || got["v"]
            .as_str()
            .is_some_and(|text| text.as_bytes() == expected)
        || list.flatten().is_some_and(|list| list == expected)
        || (expected.is_empty() && is_zero(got))
}

fn is_time(got: &Value, text: &str) -> bool {
    let Ok(time) = text.parse::<pgstore::go::Time>() else {
        return false;
    };
    let v = &got["v"];
    let is_same = v["unix"] == time.unix_seconds() && v["nsec"] == time.nanoseconds();
    // Go reads negative seconds of an offset wrong: time.go, UnmarshalBinary.
    let is_odd = time.offset().is_some_and(|offset| offset % 60 != 0);
    let is_zone = is_odd || v["offset"] == time.offset().unwrap_or(0);
    let marshaled = marshaled(got).and_then(|hex| stamp(&bytes(hex)));
    (is_same && is_zone) || marshaled == Some((time.unix_seconds(), time.nanoseconds()))
}

/// The instant in the bytes of a type around a `time.Time`.
fn stamp(bytes: &[u8]) -> Option<(i64, u32)> {
    let seconds = i64::from_be_bytes(bytes.get(1..9)?.try_into().ok()?);
    let nanos = u32::from_be_bytes(bytes.get(9..13)?.try_into().ok()?);
    Some((seconds - 62_135_596_800, nanos))
}

fn text(key: &NewKey) -> String {
    match key {
        NewKey::Text(text) => text.clone(),
        NewKey::Int(value) => value.to_string(),
        NewKey::Uint(value) => value.to_string(),
        NewKey::Bool(value) => value.to_string(),
    }
}

fn key_text(key: &Value) -> String {
    match &key["v"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
