//! Every Go value that there is a vector of, in the form that the manual promises.

use data_encoding::BASE64;
use pgstore::wire::gob;
use pgstore::{Key, Values, go};
use serde_json::{Value, json};

use crate::support::{apply, hex, inspect, sealed, text, trial, vectors};

/// Vectors that inspect does not open, each with the reason.
const NOT_OPENED: &[(&str, &str)] = &[
    ("gob/top_user", "is not of the Go type"), // neither a cookie's string nor a row's map
];

#[apply(trial)]
fn every_value_of_go_is_shown_with_its_type() {
    let mut shown = 0;
    for vector in vectors("gob") {
        let name = text(&vector["name"]);
        let ran = inspect(&sealed(&hex(&vector["encoded"])));
        if let Some((_, reason)) = NOT_OPENED.iter().find(|(other, _)| *other == name) {
            assert!(ran.error(1).contains(reason), "{ran:?}");
            continue;
        }
        assert_eq!(
            sorted(ran.value()),
            sorted(expected(&vector["value"])),
            "{name}"
        );
        shown += 1;
    }
    assert_eq!(shown, 100);
}

/// The vectors' own description of a value, said in our words.
fn expected(value: &Value) -> Value {
    let name = value["t"].as_str().unwrap();
    let list = |show: fn(&Value) -> Value, list: &Value| -> Value {
        list.as_array().unwrap().iter().map(show).collect()
    };
    match value.as_object().unwrap() {
        _ if name == "nil" => Value::Null,
        object if object.contains_key("bits64_hex") => float(value),
        object if object.contains_key("hex") => json!(BASE64.encode(&hex(&value["hex"]))),
        object if object.contains_key("gob_encoder_hex") => {
            json!({ "opaque": value["gob_encoder_hex"] })
        }
        object if object.contains_key("binary_marshaler_hex") => {
            json!({ "opaque": value["binary_marshaler_hex"] })
        }
        object if object.contains_key("ptr") => expected(&value["ptr"]),
        object if object.contains_key("fields") => fields(&value["fields"]),
        object if object.contains_key("entries") => match name {
            "map[interface {}]interface {}" => entries(&value["entries"], typed, typed),
            "map[string]interface {}" | "main.Settings" => {
                entries(&value["entries"], expected, typed)
            }
            _ => entries(&value["entries"], expected, expected),
        },
        _ if name.starts_with("complex") => list(number, &value["v"]),
        _ if name == "[]interface {}" => list(typed, &value["v"]),
        _ if value["v"].is_array() => list(expected, &value["v"]),
        _ if name == "time.Time" => time(&value["v"]),
        _ if name.contains("int") || matches!(name, "main.Level" | "time.Duration") => {
            number(&value["v"])
        }
        _ => value["v"].clone(),
    }
}

/// Go's text, but for offsets with seconds: Go cuts them off, and so shows another instant.
fn time(time: &Value) -> Value {
    let offset = i32::try_from(time["offset"].as_i64().unwrap()).unwrap();
    if offset % 60 == 0 {
        return time["rfc3339"].clone();
    }
    let nanoseconds = u32::try_from(time["nsec"].as_u64().unwrap()).unwrap();
    let instant = go::Time::new(time["unix"].as_i64().unwrap(), nanoseconds);
    let minutes = instant.with_offset(offset - offset % 60).unwrap();
    let shown = minutes.to_string();
    assert_eq!(
        shown.parse::<go::Time>().unwrap().unix_seconds(),
        time["unix"]
    );
    json!(shown)
}

fn typed(value: &Value) -> Value {
    match text(&value["t"]) {
        "nil" => Value::Null,
        name => json!({ "type": name, "value": expected(value) }),
    }
}

fn entries(entries: &Value, key: fn(&Value) -> Value, value: fn(&Value) -> Value) -> Value {
    let entries = entries.as_array().unwrap().iter();
    entries
        .map(|entry| json!([key(&entry[0]), value(&entry[1])]))
        .collect()
}

fn fields(fields: &Value) -> Value {
    let fields = fields.as_array().unwrap().iter().map(|field| {
        let shown = match text(&field[0]) {
            // Fields of interface type.
            "Any" => typed(&field[1]),
            // A nil pointer to a number looks on the wire like a number that is zero.
            "Ptr" if field[1]["t"] == "nil" => json!(0),
            _ => expected(&field[1]),
        };
        (text(&field[0]).to_owned(), shown)
    });
    Value::Object(fields.collect())
}

fn float(value: &Value) -> Value {
    match text(&value["v"]) {
        other @ ("NaN" | "+Inf" | "-Inf") => json!(other),
        _ => {
            let bits = u64::from_str_radix(text(&value["bits64_hex"]), 16).unwrap();
            json!(f64::from_bits(bits))
        }
    }
}

fn number(value: &Value) -> Value {
    serde_json::from_str(text(value)).unwrap()
}

/// Go's maps are in any order, and 1 and 1.0 are one number in JSON.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(sorted).collect();
            if items
                .iter()
                .all(|item| item.as_array().is_some_and(|pair| pair.len() == 2))
            {
                items.sort_by_key(Value::to_string);
            }
            Value::Array(items)
        }
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .map(|(name, value)| (name, sorted(value)))
                .collect(),
        ),
        Value::Number(number) if number.is_f64() && number.as_f64().unwrap().fract() == 0.0 => {
            json!(format!("{:?}", number.as_f64().unwrap()).trim_end_matches(".0"))
        }
        Value::Number(number) => json!(number.to_string()),
        other => other,
    }
}

#[apply(trial)]
fn numbers_keep_every_digit() {
    let mut values = Values::new();
    values.insert("least", go::Int(i64::MIN)).unwrap();
    values.insert("most", u64::MAX).unwrap();
    values.insert("whole", 17.0).unwrap();
    let printed = inspect(&sealed(&values.encode())).stdout;
    for value in [
        r#"{"type":"int","value":-9223372036854775808}"#,
        r#"{"type":"uint64","value":18446744073709551615}"#,
        r#"{"type":"float64","value":17.0}"#,
    ] {
        assert!(printed.contains(value), "{printed}");
    }
}

#[apply(trial)]
fn a_string_that_is_not_utf8_says_so_and_is_base64() {
    let bytes = json!({ "type": "string(bytes)", "value": "/wA=" });
    let cookie = inspect(&sealed(&gob::encode_string(b"\xff\0")));
    assert_eq!(cookie.value(), bytes);

    let mut values = Values::new();
    values.insert(&b"\xff\0"[..], "plain").unwrap();
    values
        .insert(Key::named("main.Role", &b"\xff\0"[..]).unwrap(), true)
        .unwrap();
    let data = inspect(&sealed(&values.encode()));
    let named = json!({ "type": "main.Role", "value": bytes });
    assert_eq!(
        data.value(),
        json!([
            [bytes, { "type": "string", "value": "plain" }],
            [named, { "type": "bool", "value": true }],
        ])
    );
}

#[apply(trial)]
fn fields_that_were_not_sent_are_gos_zero_values_in_the_order_of_the_type() {
    let zero = vectors("gob")
        .into_iter()
        .find(|vector| vector["name"] == "gob/struct_zero");
    let printed = inspect(&sealed(&hex(&zero.unwrap()["encoded"]))).stdout;
    let user = r#"{"type":"main.User","value":{"ID":0,"Name":"","Admin":false,"Tags":[]}}"#;
    assert!(printed.contains(user), "{printed}");
}

#[apply(trial)]
fn no_gob_prints_without_bound() {
    // A list of 20,000 structs of one zero byte each, whose type has a field with a name of
    // 100,000 bytes: 2 GB as JSON.
    let mut gob = message(&[&int(-64), &[2, 1, 2, 0xff, 0x82, 0, 1, 0xff, 0x84, 0, 0]]);
    let name = [&uint(100_000)[..], &[b'f'; 100_000]].concat();
    let field = [&[1][..], &name, &[1, 4, 0]].concat();
    let fields = [&[3, 1, 2, 0xff, 0x84, 0, 1, 1][..], &field, &[0, 0]].concat();
    gob.extend(message(&[&int(-66), &fields]));
    let list = [&uint(20_000)[..], &[0; 20_000]].concat();
    // The map of the session, with one entry: the key nil, and a "main.L" of type 64.
    gob.extend(message(&[
        &int(-67),
        &[4, 1, 2, 0xff, 0x86, 0, 1, 0x10, 1, 0x10, 0, 0],
    ]));
    let value = [&[0][..], &list].concat();
    let value = [&uint(value.len())[..], &value].concat();
    gob.extend(message(&[
        &int(67),
        &[0, 1, 0],
        b"\x06main.L",
        &int(64),
        &value,
    ]));

    assert!(Values::decode(&gob).is_ok());
    let line = crate::support::run_with_stdin(
        &[
            "inspect",
            "--name",
            "s",
            "--hash-key",
            crate::support::KEY,
            "--max-age",
            "0",
            "-",
        ],
        sealed(&gob).as_bytes(),
    );
    assert!(
        line.error(1).contains("more text than is useful"),
        "{line:?}"
    );
}

fn message(parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [uint(content.len()), content].concat()
}

fn int(value: i64) -> Vec<u8> {
    uint(
        usize::try_from(if value < 0 {
            (!value << 1) | 1
        } else {
            value << 1
        })
        .unwrap(),
    )
}

fn uint(value: usize) -> Vec<u8> {
    if value < 128 {
        return vec![u8::try_from(value).unwrap()];
    }
    let bytes = value.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let length = u8::try_from(bytes.len() - zeros).unwrap();
    [&[0u8.wrapping_sub(length)], &bytes[zeros..]].concat()
}
