//! The insert table: the Go type of a value under a new key, cell by cell.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use pgstore::wire::{Draft, View};
use pgstore::{ErrorClass, ValueError, ValueErrorKind, Values, go};
use serde::Serialize;
use serde_bytes::Bytes;

use super::bytes::{go_type, saved};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

/// The Go type under which a new value is stored, after a save and a load.
fn stored<T: Serialize + ?Sized>(value: &T) -> String {
    let mut values = Values::new();
    values.insert("k", value).unwrap();
    go_type(&saved(&values), "k")
}

#[apply(trial)]
async fn scalars_have_their_go_types() {
    assert_eq!(stored(&true), "bool");
    assert_eq!(
        [
            stored(&1_i8),
            stored(&1_i16),
            stored(&1_i32),
            stored(&1_i64)
        ],
        ["int8", "int16", "int32", "int64"]
    );
    assert_eq!(
        [
            stored(&1_u8),
            stored(&1_u16),
            stored(&1_u32),
            stored(&1_u64)
        ],
        ["uint8", "uint16", "uint32", "uint64"]
    );
    assert_eq!([stored(&1_f32), stored(&1_f64)], ["float32", "float64"]);
    assert_eq!(
        [stored(&go::Int(-1)), stored(&go::Uint(1))],
        ["int", "uint"]
    );
    assert_eq!(
        [stored("s"), stored(&'c'), stored(&Variants::Unit)],
        ["string"; 3]
    );
    assert_eq!(
        [stored(&1_i128), stored(&u128::from(u64::MAX))],
        ["int64", "uint64"]
    );
    assert_eq!(
        [stored(&i128::from(u64::MAX)), stored(&Some(1_i8))],
        ["uint64", "int8"]
    );
    assert_eq!(stored(&Newtype(5)), "uint16");
}

#[apply(trial)]
async fn sequences_of_one_scalar_are_slices_of_it() {
    assert_eq!(stored(Bytes::new(b"")), "[]uint8");
    assert_eq!(
        [
            stored(&vec![1_u8]),
            stored(&[0_u8; 4]),
            stored(&(1_u8, 2_u8))
        ],
        ["[]uint8"; 3]
    );
    assert_eq!([stored(&["a"]), stored(&('c', "d"))], ["[]string"; 2]);
    assert_eq!(
        [stored(&[true]), stored(&(1_i8, 2_i8))],
        ["[]bool", "[]int8"]
    );
    assert_eq!(
        [stored(&[1_i16]), stored(&[1_i32]), stored(&[1_i64])],
        ["[]int16", "[]int32", "[]int64"]
    );
    assert_eq!(
        [stored(&[1_u16]), stored(&[1_u32]), stored(&[1_u64])],
        ["[]uint16", "[]uint32", "[]uint64"]
    );
    assert_eq!(
        [stored(&[1_f32]), stored(&[1_f64])],
        ["[]float32", "[]float64"]
    );
    assert_eq!(
        [stored(&[go::Int(1)]), stored(&[go::Uint(1)])],
        ["[]int", "[]uint"]
    );
    assert_eq!(stored(&Pair("a", "b")), "[]string");
}

#[apply(trial)]
async fn other_sequences_are_lists_of_anything() {
    assert_eq!(stored::<[i64]>(&[]), "[]interface {}");
    assert_eq!(stored(&(1_i64, "two")), "[]interface {}");
    assert_eq!(stored(&[vec![1_i64]]), "[]interface {}");
    assert_eq!(stored(&[Bytes::new(b"x")]), "[]interface {}");
    assert_eq!(stored(&[Some(1_i64), None]), "[]interface {}");
    assert_eq!(stored(&[SystemTime::UNIX_EPOCH]), "[]interface {}");
}

#[apply(trial)]
async fn maps_structs_and_variants_are_maps_of_anything() {
    let map = "map[string]interface {}";
    assert_eq!(stored(&BTreeMap::from([("a", 1)])), map);
    assert_eq!(stored(&BTreeMap::from([('c', 1)])), map);
    assert_eq!(
        stored(&Record {
            name: "ada",
            age: Some(36)
        }),
        map
    );
    assert_eq!(stored(&Variants::Newtype(1)), map);
    assert_eq!(stored(&Variants::Tuple(1, "b")), map);
    assert_eq!(stored(&Variants::Struct { a: 1 }), map);
}

#[apply(trial)]
async fn instants_are_times() {
    let instant = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 5);
    assert_eq!(stored(&instant), "time.Time");
    assert_eq!(stored(&go::Time::from(instant)), "time.Time");
    let mut values = Values::new();
    values.insert("t", instant).unwrap();
    assert_eq!(
        saved(&values).get::<SystemTime>("t").unwrap(),
        Some(instant)
    );
    assert_eq!(
        values.get::<String>("t").unwrap().unwrap(),
        "2023-11-14T22:13:20.000000005Z"
    );
    let odd = go::Time::new(-5, 7).with_offset(-4512).unwrap();
    values.insert("t", odd).unwrap();
    assert_eq!(saved(&values).get::<go::Time>("t").unwrap(), Some(odd));
}

#[apply(trial)]
async fn none_is_omitted_inside_and_nil_in_lists() {
    let mut values = Values::new();
    values
        .insert(
            "struct",
            &Record {
                name: "ada",
                age: None,
            },
        )
        .unwrap();
    values
        .insert("map", BTreeMap::from([("a", None), ("b", Some(1))]))
        .unwrap();
    values.insert("list", [Some(1), None]).unwrap();
    values.insert("variant", Variants::Maybe(None)).unwrap();
    let json = |key: &str| {
        saved(&values)
            .get::<serde_json::Value>(key)
            .unwrap()
            .unwrap()
    };
    assert_eq!(json("struct"), serde_json::json!({"name": "ada"}));
    assert_eq!(json("map"), serde_json::json!({"b": 1}));
    assert_eq!(json("list"), serde_json::json!([1, null]));
    assert_eq!(json("variant"), serde_json::json!({"Maybe": null}));
}

#[apply(trial)]
async fn a_value_that_cannot_be_stored_is_an_error_with_its_key_and_changes_nothing() {
    let wide = HashMap::from([("inner", u128::MAX)]);
    refused(&None::<i64>, ValueErrorKind::None, "remove()");
    refused(&(), ValueErrorKind::Unit, "unit");
    refused(&UnitStruct, ValueErrorKind::Unit, "unit");
    refused(&serde_json::Value::Null, ValueErrorKind::Unit, "remove()");
    refused(&wide, ValueErrorKind::IntegerTooLarge, "64 bits");
    refused(&i128::MIN, ValueErrorKind::IntegerTooLarge, "64 bits");
    refused(
        &HashMap::from([((1, 2), "pair")]),
        ValueErrorKind::MapKey,
        "string keys",
    );
    refused(
        &HashMap::from([(u128::MAX, 1)]),
        ValueErrorKind::IntegerTooLarge,
        "64 bits",
    );
}

fn refused<T: Serialize>(value: &T, kind: ValueErrorKind, hint: &str) {
    let mut values = Values::new();
    values.insert("the key", 1_i64).unwrap();
    let before = values.encode();
    let check = |error: ValueError| {
        assert_eq!(*error.kind(), kind);
        assert_eq!(error.class(), ErrorClass::Usage);
        assert_eq!(error.key(), Some("the key"));
        assert!(
            error.to_string().contains("the key") && error.to_string().contains(hint),
            "{error}"
        );
    };
    check(values.insert("the key", value).told().unwrap_err());
    check(Draft::new("the key", value).told().unwrap_err());
    assert_eq!(values.encode(), before);
}

/// Nested lists. A derived type would be infinite.
struct Nested(usize);

impl Serialize for Nested {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = (self.0 > 1).then(|| Self(self.0 - 1));
        inner.iter().collect::<Vec<_>>().serialize(serializer)
    }
}

#[apply(trial)]
async fn nesting_ends_at_128_levels() {
    let mut values = Values::new();
    values.insert("k", Nested(128)).unwrap();
    assert_eq!(saved(&values).encode(), values.encode());
    assert_eq!(
        *values.insert("k", Nested(129)).told().unwrap_err().kind(),
        ValueErrorKind::TooDeep
    );
    assert_eq!(
        *values
            .insert("k", Nested(1_000_000))
            .told()
            .unwrap_err()
            .kind(),
        ValueErrorKind::TooDeep
    );
    let draft = Draft::new("k", Nested(128)).unwrap();
    assert_eq!(
        *values.push("list", &draft).told().unwrap_err().kind(),
        ValueErrorKind::TooDeep
    );
    values
        .push("list", &Draft::new("k", Nested(127)).unwrap())
        .unwrap();
    saved(&values);
}

#[apply(trial)]
async fn lists_grow_and_are_taken() {
    let mut values = super::bytes::session("gob/flash");
    values
        .push("_flash", &Draft::new("_flash", 5_i64).unwrap())
        .unwrap();
    values
        .push("new", &Draft::new("new", "first").unwrap())
        .unwrap();
    let mut values = saved(&values);
    assert_eq!(
        [go_type(&values, "_flash"), go_type(&values, "new")],
        ["[]interface {}", "[]interface {}"]
    );
    let flashes = values.list("_flash").unwrap();
    assert_eq!(
        flashes[0].as_ref().unwrap().read::<String>().unwrap(),
        "hello"
    );
    assert_eq!(flashes[1].as_ref().unwrap().read::<i8>().unwrap(), 5);
    assert_eq!(values.remove_from_list("_flash", &flashes).unwrap(), 2);
    assert!(!values.contains("_flash") && values.list("_flash").unwrap().is_empty());

    values.insert("other", ["a"]).unwrap();
    let before = values.encode();
    let error = values
        .push("other", &Draft::new("other", "b").unwrap())
        .told()
        .unwrap_err();
    assert!(
        error.to_string().contains("other") && error.to_string().contains("[]string"),
        "{error}"
    );
    assert!(values.list("other").is_err());
    assert_eq!(values.encode(), before);
}

#[apply(trial)]
async fn a_draft_made_beforehand_is_put_in_place() {
    let draft = Draft::new("n", 7_i64).unwrap();
    let mut values = super::bytes::session("gob/int_0");
    values.put("n", &draft);
    assert_eq!(go_type(&values, "n"), "int");
    assert!(matches!(
        values.value("n").unwrap().node().view(),
        View::Int(7)
    ));
    assert_eq!(format!("{draft:?}"), "Draft { .. }");
}

#[derive(Serialize)]
struct Newtype(u16);

#[derive(Serialize)]
struct Pair(&'static str, &'static str);

#[derive(Serialize)]
struct UnitStruct;

#[derive(Serialize)]
struct Record {
    name: &'static str,
    age: Option<u8>,
}

#[derive(Serialize)]
enum Variants {
    Unit,
    Newtype(i64),
    Tuple(i64, &'static str),
    Struct { a: i64 },
    Maybe(Option<i64>),
}
