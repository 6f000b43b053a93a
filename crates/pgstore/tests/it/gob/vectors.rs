//! What Go wrote opens as Go's value and is written again as the same. What Go refuses is refused,
//! except for a table of differences.

use std::collections::BTreeMap;

use pgstore::Values;
use pgstore::wire::{GobError, Node, View, gob};
use serde_json::Value;

use super::bytes::{encoded, vectors};
use crate::support::{apply, trial};

/// Where the answer differs from Go's, and why.
const DIFFERENCES: [(&str, &str); 2] = [
    (
        "gobdec/unregistered",
        "a type that only Go knows opens here, to be kept",
    ),
    (
        "gobdec/struct_no_common",
        "Go's own type is not known here, so none of its fields is missing",
    ),
];

#[apply(trial)]
async fn every_vector_opens_as_gos_value() {
    let mut opened = 0;
    for (name, vector) in sessions() {
        let value = gob::decode(&encoded(&vector)).expect(&name);
        agrees(value.node(), &vector["value"]).unwrap_or_else(|why| panic!("{name}: {why}"));
        opened += 1;
    }
    assert!(opened > 90, "{opened}");
}

#[apply(trial)]
async fn every_vector_is_written_again_as_the_same() {
    for (name, vector) in sessions()
        .into_iter()
        .filter(|(_, vector)| is_session(vector))
    {
        let values = Values::decode(&encoded(&vector)).expect(&name);
        let again = values.encode();
        let value = gob::decode(&again).expect(&name);
        agrees(value.node(), &vector["value"]).unwrap_or_else(|why| panic!("{name}: {why}"));
        let reread = Values::decode(&again).unwrap();
        assert_eq!(names(&reread), names(&values), "{name}: order and names");
        assert_eq!(reread.encode(), again, "{name}: a second time");
    }
}

#[apply(trial)]
async fn bytes_are_gos_own_where_go_has_no_choice() {
    let mut same = 0;
    for (name, vector) in sessions()
        .into_iter()
        .filter(|(_, vector)| is_session(vector))
    {
        let Some(go123) = vector["encoded_go123"].as_str().map(super::bytes::hex) else {
            continue;
        };
        // Go's order of definitions differs. With only the session's definition there is no order.
        if Values::decode(&go123)
            .unwrap()
            .iter()
            .all(|(_, value)| is_basic(value))
        {
            assert_eq!(Values::decode(&go123).unwrap().encode(), go123, "{name}");
            same += 1;
        }
    }
    assert!(same > 25, "{same}");
}

fn is_basic(value: Option<&pgstore::wire::GoValue>) -> bool {
    value.is_none_or(|value| {
        let name = value.go_type_name();
        name == "[]uint8" || !name.contains(|c: char| !c.is_ascii_alphanumeric())
    })
}

#[apply(trial)]
async fn another_implementation_reads_what_rust_writes() {
    let mut compared = 0;
    for (name, vector) in sessions()
        .into_iter()
        .filter(|(_, vector)| is_session(vector))
    {
        let bytes = encoded(&vector);
        let Some(theirs) = oracle(&bytes) else {
            continue; // It reads only strings that are UTF-8.
        };
        let ours = oracle(&Values::decode(&bytes).unwrap().encode());
        assert_eq!(ours.as_ref(), Some(&theirs), "{name}");
        compared += 1;
    }
    assert!(compared > 85, "{compared}");
}

/// The text of a gob as `gobwire` reads it. It is text, since a NaN does not equal itself.
fn oracle(bytes: &[u8]) -> Option<String> {
    let mut decoder = gobwire::StreamDecoder::new(bytes);
    let dynamic = decoder.decode::<gobwire::Dynamic>().ok()??;
    Some(format!("{dynamic:?}"))
}

#[apply(trial)]
async fn bad_bytes_get_gos_verdict() {
    let mut differences = BTreeMap::from(DIFFERENCES);
    for (name, vector) in vectors("gob-decode-m") {
        let go_opens = vector["go_result"] == "OK";
        let ours = Values::decode(&encoded(&vector));
        if ours.is_ok() != go_opens {
            differences
                .remove(name.as_str())
                .unwrap_or_else(|| panic!("{name}: {ours:?}"));
        } else if go_opens {
            let value = gob::decode(&encoded(&vector)).unwrap();
            let json = serde_json::from_str(vector["go_detail"].as_str().unwrap()).unwrap();
            agrees(value.node(), &json).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
    for (name, vector) in vectors("gob") {
        if is_session(&vector) && Values::decode(&encoded(&vector)).is_err() {
            assert!(differences.remove(name.as_str()).is_some(), "{name}");
        }
    }
    assert!(
        differences.is_empty(),
        "no longer different: {differences:?}"
    );
}

#[apply(trial)]
async fn cookies_hold_strings_only() {
    for (name, vector) in vectors("gob-decode-s") {
        let ours = gob::decode_string(&encoded(&vector));
        assert_eq!(ours.is_ok(), vector["go_result"] == "OK", "{name}");
    }
    let strings = vectors("gob")
        .into_iter()
        .filter(|(_, vector)| vector["value"]["t"] == "string");
    for (name, vector) in strings {
        let text = gob::decode_string(&encoded(&vector)).expect(&name);
        assert_eq!(
            Some(String::from_utf8(text.clone()).unwrap().as_str()),
            vector["value"]["v"].as_str()
        );
        assert_eq!(gob::encode_string(&text), encoded(&vector), "{name}");
    }
    let any = gob::encode_string(&[0xff, 0]);
    assert_eq!(gob::decode_string(&any), Ok(vec![0xff, 0]));
    assert_eq!(gob::decode_string(&any[..3]), Err(GobError::UnexpectedEnd));
}

/// All `gob` vectors that are not in the table of differences.
fn sessions() -> Vec<(String, Value)> {
    let mut all = vectors("gob");
    all.retain(|(name, _)| DIFFERENCES.iter().all(|(different, _)| different != name));
    all
}

fn is_session(vector: &Value) -> bool {
    vector["value"]["t"] == "map[interface {}]interface {}"
}

fn names(values: &Values) -> Vec<(String, String)> {
    let name = |typed: Option<&pgstore::wire::GoValue>| {
        typed.map_or("nil".into(), |typed| {
            format!("{} {}", typed.go_type_name(), typed.node().text())
        })
    };
    values
        .iter()
        .map(|(key, value)| (name(key), name(value)))
        .collect()
}

type Agreement = Result<(), String>;

/// Checks a value against Go's description in JSON.
fn agrees(node: Node<'_>, json: &Value) -> Agreement {
    let json = json.get("ptr").unwrap_or(json);
    if let (Some(name), Some(go)) = (node.go_type_name(), json["t"].as_str()) {
        same(name.trim_start_matches('*'), go)?;
    }
    let text = |key: &str| json[key].as_str().unwrap_or_default();
    if !node.is_sent() && text("t") == "nil" {
        return Ok(()); // A nil pointer to anything is not sent, just as a zero is.
    }
    match node.view() {
        View::Nil => same(text("t"), "nil"),
        View::Bool(value) => same(Some(value), json["v"].as_bool()),
        View::Int(value) => same(value.to_string().as_str(), text("v")),
        View::Uint(value) => same(value.to_string().as_str(), text("v")),
        View::Float(value) => same(
            format!("{:016x}", value.to_bits()).as_str(),
            text("bits64_hex"),
        ),
        View::Complex(re, im) => same(
            Some(&vec![re.to_string().into(), im.to_string().into()]),
            json["v"].as_array(),
        ),
        View::Bytes(bytes) => same(data_encoding::HEXLOWER.encode(bytes).as_str(), text("hex")),
        View::String(bytes) => {
            same(String::from_utf8_lossy(bytes).as_ref(), text("v")).or_else(|why| {
                // Go's JSON has one replacement character per byte, Rust's one per sequence.
                if std::str::from_utf8(bytes).is_err() {
                    Ok(())
                } else {
                    Err(why)
                }
            })
        }
        View::Time(time) => agrees_on_time(time, &json["v"]),
        View::Opaque(bytes) => {
            let hex = data_encoding::HEXLOWER.encode(bytes);
            let go = json
                .get("gob_encoder_hex")
                .or(json.get("binary_marshaler_hex"));
            same(Some(hex.as_str()), go.and_then(Value::as_str))
        }
        View::List(list) => {
            let elements = json["v"].as_array().ok_or("Go has no list")?;
            same(list.len(), elements.len())?;
            list.iter()
                .zip(elements)
                .try_for_each(|(node, json)| agrees(node, json))
        }
        View::Map(map) => {
            let entries = json["entries"].as_array().ok_or("Go has no map")?;
            same(map.len(), entries.len())?;
            entries.iter().try_for_each(|entry| {
                let found = map.iter().find(|(key, _)| agrees(*key, &entry[0]).is_ok());
                let (_, value) = found.ok_or(format!("no key {}", entry[0]))?;
                agrees(value, &entry[1])
            })
        }
        View::Struct(fields) => {
            let go = json["fields"].as_array().ok_or("Go has no struct")?;
            go.iter().try_for_each(|pair| {
                let found = fields.iter().find(|(name, _)| pair[0] == *name);
                match found {
                    Some((_, node)) => {
                        agrees(node, &pair[1]).map_err(|why| format!("{}: {why}", pair[0]))
                    }
                    None => same(pair[1]["v"].as_str(), Some("")),
                }
            })
        }
        _ => Err("an unknown view".to_owned()),
    }
}

fn agrees_on_time(time: pgstore::go::Time, json: &Value) -> Agreement {
    same(Some(time.unix_seconds()), json["unix"].as_i64())?;
    same(Some(u64::from(time.nanoseconds())), json["nsec"].as_u64())?;
    same(Some(time.offset().is_none()), json["utc"].as_bool())?;
    same(
        Some(i64::from(time.offset().unwrap_or(0))),
        json["offset"].as_i64(),
    )
}

fn same<T: PartialEq + std::fmt::Debug>(ours: T, gos: T) -> Agreement {
    if ours == gos {
        Ok(())
    } else {
        Err(format!("{ours:?} is not Go's {gos:?}"))
    }
}

#[apply(trial)]
async fn no_gob_is_longer_than_gos() {
    let sessions = sessions().into_iter();
    for (name, vector) in sessions.filter(|(_, vector)| is_session(vector)) {
        let go = encoded(&vector);
        let rust = Values::decode(&go).unwrap().encode();
        assert!(
            rust.len() <= go.len(),
            "{name}: {} > {}",
            rust.len(),
            go.len()
        );
    }
}
