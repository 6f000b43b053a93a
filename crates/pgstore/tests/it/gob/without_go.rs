//! Values that only sessions without a Go program may contain: keys as text, and nil for units.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt::Debug;

use pgstore::wire::{Draft, SecureCookie, gob};
use pgstore::{ErrorClass, GoPeer, Keys, ValueError, ValueErrorKind, Values, go};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bytes::{go_type, saved, session};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

/// The value after an insert, a save and a load.
fn stored<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let mut values = Values::new();
    values.insert("k", value).unwrap();
    saved(&values).get("k").unwrap().unwrap()
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    assert_eq!(stored(&value), value);
    // Also over a value of its own kind.
    let mut values = Values::new();
    values.insert("k", &value).unwrap();
    let mut values = saved(&values);
    let ty = go_type(&values, "k");
    values.insert("k", &value).unwrap();
    assert_eq!(go_type(&values, "k"), ty);
    assert_eq!(saved(&values).get::<T>("k").unwrap(), Some(value));
}

fn registered() -> GoPeer {
    GoPeer::registered(["map[string]interface {}", "map[int]string"])
}

/// The error of a value under a new key if a Go program reads the session.
fn refused_for_go<T: Serialize>(value: T) -> ValueError {
    let mut values = Values::new();
    let draft = Draft::new("the key", value).unwrap();
    let put = values.put_for("the key", &draft, &registered());
    let error = put.told().unwrap_err();
    let pushed = values.push_for("the key", &draft, &registered());
    assert_eq!(pushed.told().unwrap_err(), error);
    assert!(values.is_empty());
    error
}

#[derive(Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
enum Role {
    Admin,
    Guest,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Unit;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct WithUnits {
    unit: (),
    unit_struct: Unit,
    list: Vec<()>,
    map: BTreeMap<String, Unit>,
}

#[apply(trial)]
async fn maps_with_scalar_keys_come_back_as_they_were() {
    comes_back(HashMap::from([
        (0_u32, "zero".to_owned()),
        (u32::MAX, "max".to_owned()),
    ]));
    comes_back(HashMap::from([(i64::MIN, 1.5), (i64::MAX, -1.5)]));
    comes_back(BTreeMap::from([(u64::MAX, true)]));
    comes_back(BTreeMap::from([(i128::from(u64::MAX), 1), (-1, 2)]));
    comes_back(BTreeMap::from([(u128::from(u64::MAX), 1)]));
    comes_back(BTreeMap::from([(false, vec![1]), (true, vec![])]));
    comes_back(BTreeMap::from([('ä', 1), ('7', 2)]));
    comes_back(BTreeMap::from([(Role::Admin, 1), (Role::Guest, 2)]));
    comes_back(vec![HashMap::from([(1_u8, BTreeMap::from([(true, 'x')]))])]);
    comes_back(HashMap::from([(
        "outer".to_owned(),
        HashMap::from([(-7_i16, 7)]),
    )]));
    assert_eq!(
        go_type(&with(HashMap::from([(1, 2)])), "k"),
        "map[string]interface {}"
    );
}

fn with<T: Serialize>(value: T) -> Values {
    let mut values = Values::new();
    values.insert("k", value).unwrap();
    saved(&values)
}

#[apply(trial)]
async fn json_with_nulls_comes_back_equal() {
    comes_back(json!({"a": null, "b": [null, {"c": null}, [], {}], "d": 1, "e": -1.5, "f": "x"}));
    comes_back(json!([null]));
    comes_back(json!([null, null, "x", true]));
    comes_back(json!({"7": {"true": null}}));
    assert_eq!(
        with(json!({"a": null})).get("k").unwrap(),
        Some(HashMap::from([("a".to_owned(), None::<i64>)]))
    );
}

#[apply(trial)]
async fn units_inside_a_value_are_nil() {
    comes_back(WithUnits {
        unit: (),
        unit_struct: Unit,
        list: vec![(), ()],
        map: BTreeMap::from([("a".to_owned(), Unit)]),
    });
    comes_back(((), 1));
    comes_back(vec![Some(1), None]);
    comes_back(Ok::<(), String>(()));
}

#[apply(trial)]
async fn a_null_takes_the_place_of_any_value() {
    let mut values = with(json!({"a": {"b": 1}, "c": [1, 2]}));
    let json = json!({"a": null, "c": [null, {"x": null}]});
    values.insert("k", &json).unwrap();
    assert_eq!(saved(&values).get("k").unwrap(), Some(json));
}

#[apply(trial)]
async fn scalar_keys_keep_the_type_of_the_map_around_them() {
    let mut values = session("gob/named_map");
    assert_eq!(go_type(&values, "c"), "main.Settings");
    values.insert("c", HashMap::from([(7, 1)])).unwrap();
    let values = saved(&values);
    assert_eq!(go_type(&values, "c"), "main.Settings");
    assert_eq!(values.get("c").unwrap(), Some(HashMap::from([(7_u8, 1)])));
}

#[apply(trial)]
async fn a_map_with_integer_keys_is_not_taken_for_a_struct() {
    let mut values = session("more/split_depth1");
    assert_eq!(go_type(&values, "u"), "main.User");
    values.insert("u", HashMap::from([(7, 1)])).unwrap();
    let values = saved(&values);
    assert_eq!(go_type(&values, "u"), "map[string]interface {}");
    assert_eq!(values.get("u").unwrap(), Some(HashMap::from([(7, 1)])));
}

#[apply(trial)]
async fn keys_with_equal_texts_are_refused_unless_a_go_map_distinguishes_them() {
    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    #[serde(untagged)]
    enum Mixed {
        Number(i64),
        Text(&'static str),
    }
    let twice = BTreeMap::from([(Mixed::Number(1), "int"), (Mixed::Text("1"), "string")]);
    let mut values = Values::new();
    for value in [&json!({}), &json!({"1": 1})] {
        values.insert("k", value).unwrap();
        let error = values.insert("k", &twice).told().unwrap_err();
        assert_eq!(*error.kind(), ValueErrorKind::MapKeyTwice);
        assert_eq!(error.class(), ErrorClass::Usage);
    }
    let error = values.insert("new", vec![&twice]).told().unwrap_err();
    assert_eq!(*error.kind(), ValueErrorKind::MapKeyTwice);

    let mut values = session("more/map_iface_inside");
    values.insert("m", &twice).unwrap();
    assert_eq!(
        go_type(&saved(&values), "m"),
        "map[interface {}]interface {}"
    );
}

#[apply(trial)]
async fn with_a_go_peer_they_are_usage_errors_that_say_what_to_do() {
    let keys = [
        refused_for_go(HashMap::from([(1, "one")])),
        refused_for_go(vec![HashMap::from([(true, 1)])]),
        refused_for_go(HashMap::from([("a", HashMap::from([(1_u8, 1)]))])),
    ];
    for error in keys {
        assert_eq!(*error.kind(), ValueErrorKind::MapKeyForGo);
        assert_eq!(error.class(), ErrorClass::Usage);
        assert_eq!(error.key(), Some("the key"));
        assert!(error.to_string().contains("use string keys"), "{error}");
    }
    let units = [
        refused_for_go([()]),
        refused_for_go(json!({"a": [null]})),
        refused_for_go(HashMap::from([("unit", Unit)])),
    ];
    for error in units {
        assert_eq!(*error.kind(), ValueErrorKind::UnitForGo);
        assert_eq!(error.class(), ErrorClass::Usage);
        assert!(error.to_string().contains("null in JSON"), "{error}");
    }
    // What the message advises is accepted.
    let named = HashMap::from([(1, "one")]);
    let draft = Draft::new("k", go::Named::new("map[int]string", &named)).unwrap();
    let mut values = Values::new();
    values.put_for("k", &draft, &registered()).unwrap();
    assert_eq!(go_type(&saved(&values), "k"), "map[int]string");
    let draft = Draft::new("k", [Some(1), None]).unwrap();
    values.put_for("k", &draft, &registered()).unwrap();
}

#[apply(trial)]
async fn a_named_value_has_no_units() {
    let named = HashMap::from([("a", ())]);
    let error = Draft::new("k", go::Named::new("main.Settings", &named));
    let error = error.told().unwrap_err();
    assert_eq!(*error.kind(), ValueErrorKind::UnitForGo);
}

#[apply(trial)]
async fn values_are_inserted_by_value_and_by_reference() {
    let mut values = Values::new();
    let name = "ada".to_owned();
    values.insert("a", 1_i64).unwrap();
    values.insert("a", 1_i64).unwrap();
    values.insert("b", "text").unwrap();
    values.insert("b", &name).unwrap();
    values.insert("b", name).unwrap();
    values.insert("c", [1, 2]).unwrap();
    values.insert("c", &[1, 2][..]).unwrap();
    assert_eq!(values.len(), 3);
}

#[apply(trial)]
async fn a_value_too_large_says_how_to_raise_the_limit() {
    let codec = SecureCookie::new(Keys::from_pairs(&[[1; 32]]).unwrap());
    let text = gob::encode_string(&[b'x'; 4096]);
    let error = codec.seal("s", &text, 0, [0; 16]).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Usage);
    let message = error.to_string();
    assert!(
        message.contains("limit is 4096") && message.contains("max_length"),
        "{message}"
    );
}

#[apply(trial)]
async fn debug_output_of_errors_is_a_sentence() {
    let value = Values::new().insert("user", None::<u8>).unwrap_err();
    let gob = Values::decode(b"").map(drop).unwrap_err();
    let keys = Keys::from_hex("00,0g").unwrap_err();
    let codec = SecureCookie::new(Keys::from_pairs(&[[1; 32]]).unwrap());
    let sealed = codec.seal("s", b"", 0, [0; 16]).unwrap();
    let open = codec.open("s", sealed.as_bytes(), 0, gob::decode_string);
    let errors: [&dyn Error; 4] = [&value, &gob, &keys, &open.unwrap_err()];
    let texts = errors.map(|error| format!("{error:?}"));
    assert_eq!(
        texts[0],
        "session value \"user\": None cannot be stored; call remove() to remove the value"
    );
    assert_eq!(texts[1], "the gob ends too early");
    assert!(texts[2].starts_with("key number 2 in the list is not hexadecimal"));
    assert_eq!(
        texts[3],
        "the content of the text cannot be decoded: the gob ends too early"
    );
}
