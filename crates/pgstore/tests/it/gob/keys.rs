//! Keys: mostly strings, but keys of all Go types are kept and can be used.

use pgstore::wire::GobError;
use pgstore::{Key, ValueErrorKind, Values, go};

use super::bytes::{encoded, saved, session, vectors};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

#[apply(trial)]
async fn keys_of_go_types_are_told_apart() {
    let mut values = Values::new();
    values.insert("42", "string").unwrap();
    values.insert(go::Int(42), "int").unwrap();
    values.insert(go::Uint(42), "uint").unwrap();
    let role = Key::named("main.Role", "42").unwrap();
    values.insert(&role, "role").unwrap();
    values
        .insert(Key::named("int64", go::Int(42)).unwrap(), "int64")
        .unwrap();
    let mut values = saved(&values);
    assert_eq!(values.len(), 5);
    assert_eq!(values.get::<String>(go::Int(42)).unwrap().unwrap(), "int");
    assert_eq!(values.get::<String>(&role).unwrap().unwrap(), "role");
    assert!(values.remove(&role) && !values.contains(role) && values.contains("42"));
    assert!(session("gob/map_int_key").contains(go::Int(42)));
    assert!(session("gob/key_struct").contains(Key::named("main.Role", "k").unwrap()));
}

#[apply(trial)]
async fn keys_met_in_iteration_can_be_used() {
    for vector in ["more/struct_key", "more/array_key", "more/bool_key"] {
        let mut values = session(vector);
        let key = Key::of(values.keys().next().unwrap().unwrap()).unwrap();
        assert_eq!(values.get::<i64>(&key).unwrap(), Some(1), "{vector}");
        values.insert(&key, 2).unwrap();
        assert_eq!(saved(&values).get::<i64>(key).unwrap(), Some(2), "{vector}");
    }
    let nil = vectors("gob-decode-m")
        .into_iter()
        .find(|(name, _)| name == "gobdec/nil_key")
        .unwrap();
    let values = Values::decode(&encoded(&nil.1)).unwrap();
    assert!(values.keys().next().unwrap().is_none());
    assert_eq!(saved(&values).encode(), values.encode());
}

#[apply(trial)]
async fn nan_equals_nothing_and_survives() {
    let values = saved(&session("more/nan_keys"));
    assert_eq!(values.len(), 2);
    assert!(values.keys().all(|key| Key::of(key.unwrap()).is_none()));
}

#[apply(trial)]
async fn the_last_of_equal_keys_wins_at_the_place_of_the_first() {
    let entry = |key: &str, value: u8| {
        [
            b"\x06string\x0c\x03\x00\x01",
            key.as_bytes(),
            b"\x03int\x04\x02\x00",
            &[value],
        ]
        .concat()
    };
    let content = [entry("a", 2), entry("b", 4), entry("a", 6)].concat();
    use super::bytes::Gob as _;
    let message = Vec::new().int(65).raw(&[0, 3]).raw(&content);
    let values = Values::decode(&super::bytes::session_type().message(&message)).unwrap();
    let keys: Vec<_> = values
        .keys()
        .map(|key| key.unwrap().node().text())
        .collect();
    assert_eq!(keys, ["a", "b"]);
    assert_eq!(values.get::<i64>("a").unwrap(), Some(3));
}

#[apply(trial)]
async fn a_key_that_go_cannot_hash_is_refused() {
    let bad = vectors("gob-decode-m")
        .into_iter()
        .find(|(name, _)| name == "gobdec/slice_key")
        .unwrap();
    assert_eq!(
        Values::decode(&encoded(&bad.1)).told().unwrap_err(),
        GobError::Unhashable
    );
}

#[apply(trial)]
async fn a_key_that_does_not_fit_its_name_is_refused() {
    let bad = |name: &str, key: Key| {
        *Key::named(name, key).told().unwrap_err().kind() == ValueErrorKind::BadKey
    };
    assert!(bad("int8", go::Int(128).into()) && bad("string", go::Int(1).into()));
    assert!(
        bad("[]string", "a".into()) && bad("", "a".into()) && bad(&"x".repeat(1025), "a".into())
    );
    assert!(Key::named("int8", go::Int(127)).is_ok() && Key::named("a/b.C", go::Uint(1)).is_ok());
}

#[apply(trial)]
async fn debug_output_has_no_content() {
    let mut values = Values::new();
    values.insert("secret-key", "secret").unwrap();
    values.insert("list", ("secret", 1)).unwrap();
    let value = values.value("list").unwrap();
    let texts = [
        format!("{values:?}"),
        format!("{value:?}"),
        format!("{:?}", value.node().view()),
    ];
    assert!(
        texts.iter().all(|text| !text.contains("secret")),
        "{texts:?}"
    );
    let error = values.get::<i64>("secret-key").told().unwrap_err();
    assert!(
        !error.to_string().contains("\"secret\"") && error.to_string().contains("string"),
        "{error}"
    );
}
