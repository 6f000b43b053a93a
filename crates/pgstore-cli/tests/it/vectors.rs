//! Texts that real Go sealed, and its verdicts on bad ones.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::{Ran, apply, run, text, trial, vectors};

#[apply(trial)]
fn every_gob_that_go_sealed_opens() {
    let mut opened = 0;
    for vector in vectors("securecookie") {
        let (name, sealed) = (text(&vector["name"]), text(&vector["encoded"]));
        let ran = inspect(&vector, sealed, &["--max-age", "0"]);
        if vector["serializer"] != "gob" {
            // The serializers JSON and Nop are none of pgstore's.
            assert!(ran.error(1).contains("cannot be decoded"), "{name}");
            continue;
        }
        let object = json!({ "issued_at": vector["timestamp"], "value": of_securecookie(name) });
        assert_eq!(ran.object(), object, "{name}");
        opened += 1;
    }
    assert_eq!(opened, 14);
}

#[apply(trial)]
fn every_row_of_pgstore_opens_with_its_cookie() {
    let rows = vectors("pgstore-row");
    assert_eq!(rows.len(), 3);
    for vector in rows {
        let name = text(&vector["name"]);
        let at = vector["timestamp"].to_string();
        let cookie = inspect(&vector, text(&vector["encoded"]), &["--at", &at]);
        let id = json!({ "issued_at": vector["cookie_timestamp"], "value": vector["row"]["key"] });
        assert_eq!(cookie.object(), id, "{name}");
        let data = inspect(&vector, text(&vector["row"]["data"]), &["--at", &at]);
        let values = json!({ "issued_at": vector["data_timestamp"], "value": of_row(name) });
        assert_eq!(sorted(data.object()), sorted(values), "{name}");
    }
}

#[apply(trial)]
fn bad_texts_get_gos_verdict_as_the_exit_code() {
    for vector in vectors("securecookie-decode") {
        let name = text(&vector["name"])
            .strip_prefix("securecookie-decode/")
            .unwrap();
        let at = vector["now"].to_string();
        let mut options = vec!["--at", &at];
        match name {
            "maxage0" => options.extend(["--max-age", "0"]),
            "maxage_neg" => options.extend(["--max-age", "-1"]),
            // There is no option for a minimal age, and none for an empty block key that is not
            // nil: in Go, that is an error.
            "minage_new" | "empty_block_key" => continue,
            _ => {}
        }
        let ran = inspect(&vector, text(&vector["encoded"]), &options);
        match text(&vector["go_result"]) {
            "ok" => assert_eq!(ran.value(), vector["go_detail"], "{name}"),
            _ if vector["is_usage"] == true => drop(ran.error(2)),
            _ => drop(ran.error(1)),
        }
    }
    let empty = [
        "inspect",
        "--name",
        "s",
        "--hash-key",
        "00",
        "--block-key",
        "",
        "x",
    ];
    assert!(run(&empty).error(2).contains("--block-key is empty"));
}

#[apply(trial)]
fn another_hash_than_sha256_signs_the_name_and_is_made_by_the_key_as_well() {
    for mut vector in vectors("securecookie") {
        if vector["hash_func"] == "sha256" {
            continue;
        }
        let (sealed, hash) = (vector["encoded"].take(), vector["keys"]["hash"].take());
        let mut open = |name: &str, hash: &Value, options: &[&str]| {
            vector["cookie_name"] = json!(name);
            vector["keys"]["hash"] = hash.clone();
            inspect(&vector, text(&sealed), options)
        };
        assert_eq!(
            open("session", &hash, &["--at", "1702592000"]).value(),
            "abc"
        );
        open("session", &hash, &["--at", "1702592001"]).error(1);
        open("other", &hash, &["--max-age", "0"]).error(1);
        open("session", &json!("00"), &["--max-age", "0"]).error(1);
    }
}

fn of_securecookie(vector: &str) -> Value {
    let id = json!("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA");
    let bytes: Vec<u8> = (0..64).collect();
    match vector.strip_prefix("securecookie/").unwrap() {
        "hash_only_string_id" | "aes128_string_id" | "aes192_string_id" | "aes256_string_id" => id,
        "hash_only_empty_map" => json!([]),
        "hash_only_map" => entry("foo", "string", &json!("bar")),
        "aes256_map_time" => entry("expires_on", "time.Time", &json!("2030-01-01T00:00:00Z")),
        "aes128_map_flash" => {
            let flash = json!([{ "type": "string", "value": "hello" }]);
            entry("_flash", "[]interface {}", &flash)
        }
        "aes256_map_bytes" => entry("csrf", "[]uint8", &json!(BASE64.encode(&bytes))),
        "sha512_hash" | "sha1_hash" | "name_with_pipe" | "empty_name" | "negative_ts" => {
            json!("abc")
        }
        other => panic!("a vector that this test does not know: {other}"),
    }
}

fn of_row(vector: &str) -> Value {
    match vector.strip_prefix("pgstore/").unwrap() {
        "hash_only_empty" => json!([]),
        "hash_only_basic" => json!([
            [{ "type": "string", "value": "n" }, { "type": "int", "value": 7 }],
            [{ "type": "string", "value": "user" }, { "type": "string", "value": "ada" }],
        ]),
        "rotated_keys_expires" => entry("expires_on", "time.Time", &json!("2100-01-01T00:00:00Z")),
        other => panic!("a vector that this test does not know: {other}"),
    }
}

fn entry(key: &str, name: &str, value: &Value) -> Value {
    json!([[{ "type": "string", "value": key }, { "type": name, "value": value }]])
}

/// Go writes maps in any order.
fn sorted(mut object: Value) -> Value {
    if let Some(entries) = object["value"].as_array_mut() {
        entries.sort_by_key(Value::to_string);
    }
    object
}

fn inspect(vector: &Value, sealed: &str, options: &[&str]) -> Ran {
    let keys = keys(vector);
    let mut arguments = vec!["inspect", "--name", text(&vector["cookie_name"])];
    for (option, key) in &keys {
        arguments.extend([option, key.as_str()]);
    }
    arguments.extend(options);
    arguments.push(sealed);
    run(&arguments)
}

/// `{"hash", "block"}` or `{"hash0", "block0", "hash1", …}`.
fn keys(vector: &Value) -> Vec<(&'static str, String)> {
    let numbered = (0..2).flat_map(|nth| [("hash", nth.to_string()), ("block", nth.to_string())]);
    let single = [("hash", String::new()), ("block", String::new())];
    let names = single.into_iter().chain(numbered);
    let keys = names.filter_map(|(kind, nth)| {
        let key = vector["keys"].get(format!("{kind}{nth}"))?;
        let option = if kind == "hash" {
            "--hash-key"
        } else {
            "--block-key"
        };
        (key != "").then(|| (option, text(key).to_owned()))
    });
    keys.collect()
}
