//! Further Go types: named bytes, misleading names, deep and large values.

use std::collections::BTreeMap;

use cpu_time::ThreadTime;
use pgstore::Values;
use serde_json::{Value, json};

use super::{int, over};
use crate::gob::bytes::{Gob, go_type, one_value};
use crate::gob::go_named::{ask, fields, of_go, text};
use crate::support::go::describe;
use crate::support::{apply, go_trial};

#[apply(go_trial)]
async fn a_nil_inside_a_field_that_go_lacks_costs_no_session() {
    let go = json!({"t": "main.Item", "fields": [["ID", int(1)]]});
    for new in [json!(["text", null]), json!({"a": null}), json!([[null]])] {
        let read = over(&go, &json!({"ID": 2, "New": new})).await;
        assert_eq!(
            (&read["t"], &fields(&read)["ID"]["v"]),
            (&json!("main.Item"), &json!("2"))
        );
    }
}

#[apply(go_trial)]
async fn slices_of_named_bytes_are_read_and_written() {
    let bytes = |hex: &str| json!({"t": "[]main.Perm", "hex": hex});
    let deep = json!({"t": "[][]main.Perm", "v": [bytes("03"), bytes("")]});
    let by = json!({"t": "map[string][]main.Perm", "entries": [[text("a"), bytes("0204")]]});
    let go = json!({"t": "main.Perms", "fields": [
        ["All", bytes("0102ff")], ["By", by], ["Deep", deep],
    ]});
    let values = of_go(&go).await;
    let json: Value = values.get("k").unwrap().unwrap();
    assert_eq!(
        json,
        json!({"All": [1, 2, 255], "By": {"a": [2, 4]}, "Deep": [[3], []]})
    );
    assert_eq!(ask(&values).await, go);
    let read = over(&go, &json!({"Deep": [serde_bytes_of(b"\x07")]})).await;
    assert_eq!(read["t"], "main.Perms");
    let alone = of_go(&bytes("0102")).await;
    assert_eq!(alone.get::<Vec<u8>>("k").unwrap(), Some(vec![1, 2]));
    assert!(alone.get::<(u8,)>("k").is_err(), "a byte would be dropped");
    assert!(alone.get::<(u8, u8)>("k").is_ok());
}

/// Bytes as text: JSON has no bytes.
fn serde_bytes_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[apply(go_trial)]
async fn a_type_registered_under_the_text_of_another_is_kept() {
    let go = json!({"t": "main.misnamed", "fields": [["A", int(1)], ["B", int(2)]]});
    let mut values = of_go(&go).await;
    assert_eq!(go_type(&values, "k"), "[4]string");
    assert_eq!(ask(&values).await, go);
    values.insert("k", json!({"A": 3})).unwrap();
    assert_eq!(fields(&ask(&values).await)["B"]["v"], "2");
}

#[apply(go_trial)]
async fn a_linked_list_of_a_hundred_and_seventy_nested_lists_are_read() {
    let mut list = json!({"t": "nil"});
    for nth in 0..100 {
        let fields = match nth {
            0 => json!([["V", int(nth)]]),
            _ => json!([["V", int(nth)], ["Next", {"t": "*main.Node", "ptr": list}]]),
        };
        list = json!({"t": "main.Node", "fields": fields});
    }
    let mut nested = json!({"t": "[]interface {}", "v": []});
    for _ in 1..70 {
        nested = json!({"t": "[]interface {}", "v": [nested]});
    }
    for go in [list, nested] {
        let values = of_go(&go).await;
        let json: Value = values.get("k").unwrap().unwrap();
        assert!(json.is_object() || json.is_array());
        assert_eq!(ask(&values).await["t"], go["t"]);
    }
}

#[apply(go_trial)]
async fn writing_over_many_keys_takes_linear_time() {
    let time_of = |keys: u32| {
        let run = || {
            let start = ThreadTime::now();
            let mut values = Values::new();
            for key in 0..keys {
                values.insert(key.to_string(), key).unwrap();
            }
            for key in 0..keys {
                values.insert(key.to_string(), key + 1).unwrap();
            }
            let gob = session_map(keys);
            let mut map = Values::decode(&gob).unwrap();
            let numbers: BTreeMap<u32, u32> = (0..keys).map(|key| (key, 1)).collect();
            map.insert("k", &numbers).unwrap();
            assert_eq!(go_type(&map, "k"), "map[interface {}]interface {}");
            start.elapsed()
        };
        (0..3).map(|_| run()).min().unwrap()
    };
    let (few, many) = (time_of(1000), time_of(8000));
    assert!(many < 24 * few, "{few:?} for 1,000, {many:?} for 8,000");
}

/// A session with a `map[interface {}]interface {}` of that many ints under `k`.
fn session_map(keys: u32) -> Vec<u8> {
    let mut body = Vec::new().raw(&[0]).uint(u64::from(keys));
    for key in 0..keys {
        let int = Vec::new()
            .text("int")
            .int(2)
            .message(&Vec::new().raw(&[0]).int(i64::from(key)));
        body = body.raw(&int).raw(&int);
    }
    one_value(&[], "map[interface {}]interface {}", 65, &body)
}

#[apply(go_trial)]
async fn an_array_of_maps_that_rust_leaves_out_has_gos_empty_maps() {
    let go = json!({"t": "main.Grids", "fields": [["All", {"t": "[]main.Grid", "v": [
        {"t": "main.Grid", "fields": [["ID", int(1)]]},
    ]}]]});
    let mut values = of_go(&go).await;
    let new = json!({"All": [{"ID": 2}, {"ID": 3, "Maps": null}]});
    values.insert("k", &new).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&values.encode());
    let answer = describe(&[json!({"id": 0, "kind": "map", "hex": hex})]).await;
    assert_eq!(answer[0]["nil_maps"], 0, "{answer:?}");
}
