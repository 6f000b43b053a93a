//! Rust values laid over Go's types. Go reads what was meant. `interop/go/over.go` has the types.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use cpu_time::ThreadTime;
use pgstore::wire::Draft;
use pgstore::{GoPeer, ValueErrorKind, Values, go, go::Named};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bytes::go_type;
use super::go_named::{ask, fields, of_go, text, written};
use crate::support::go::describe;
use crate::support::{apply, go_trial};

fn time(unix: i64) -> Value {
    json!({"t": "time.Time", "v": {"unix": unix, "utc": true}})
}

fn unix(time: &Value) -> i64 {
    time["v"]["unix"].as_i64().expect("it is a time")
}

fn second(unix: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(unix)
}

fn int(value: i64) -> Value {
    json!({"t": "int", "v": value.to_string()})
}

/// What Go reads after the value was written over its own.
async fn over<T: Serialize + ?Sized>(go: &Value, value: &T) -> Value {
    let mut values = of_go(go).await;
    values.insert("k", value).unwrap();
    ask(&values).await
}

/// Go: Trashed.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Trashed {
    deleted_at: Option<SystemTime>,
    seen: BTreeMap<String, SystemTime>,
    slots: [go::Time; 2],
    plain: SystemTime,
}

#[apply(go_trial)]
async fn a_time_is_recognised_wherever_go_met_its_type_first() {
    let go = json!({"t": "main.Trashed", "fields": [
        ["ID", {"t": "int64", "v": "7"}],
        ["DeletedAt", {"t": "*time.Time", "ptr": time(1_700_000_000)}],
        ["Seen", {"t": "map[string]time.Time", "entries": [[text("a"), time(5)]]}],
        ["Slots", {"t": "[2]time.Time", "v": [time(6), time(7)]}],
        ["Plain", time(8)],
    ]});
    let mut values = of_go(&go).await;
    let mut trashed: Trashed = values.get("k").unwrap().unwrap();
    let expected = Trashed {
        deleted_at: Some(second(1_700_000_000)),
        seen: [("a".to_owned(), second(5))].into(),
        slots: [go::Time::new(6, 0), go::Time::new(7, 0)],
        plain: second(8),
    };
    assert_eq!(trashed, expected);
    let json: Value = values.get("k").unwrap().unwrap();
    assert_eq!(json["DeletedAt"], "2023-11-14T22:13:20Z");

    trashed.deleted_at = Some(second(9));
    trashed.seen.insert("b".into(), second(10));
    trashed.slots[1] = go::Time::new(11, 0);
    values.insert("k", &trashed).unwrap();
    assert_eq!(go_type(&values, "k"), "main.Trashed");
    let read = ask(&values).await;
    let read = fields(&read);
    assert_eq!(read["ID"]["v"], "7");
    assert_eq!(unix(&read["DeletedAt"]["ptr"]), 9);
    assert_eq!(unix(&read["Seen"]["entries"][1][1]), 10);
    assert_eq!(unix(&read["Slots"]["v"][1]), 11);
    assert_eq!(unix(read["Plain"]), 8);
}

#[apply(go_trial)]
async fn a_pointer_to_a_time_that_is_nil_reads_as_none_and_takes_a_time() {
    let go = json!({"t": "main.Trashed", "fields": [["ID", {"t": "int64", "v": "7"}]]});
    let mut values = of_go(&go).await;
    #[derive(Deserialize, Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Deleted {
        deleted_at: Option<SystemTime>,
    }
    let mut deleted: Deleted = values.get("k").unwrap().unwrap();
    assert_eq!(deleted.deleted_at, None);
    deleted.deleted_at = Some(second(9));
    values.insert("k", &deleted).unwrap();
    let read = ask(&values).await;
    assert_eq!(unix(&fields(&read)["DeletedAt"]["ptr"]), 9);
}

/// Go: Place, with fields that may be empty.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    street: Option<&'static str>,
    city: Option<&'static str>,
    tags: Vec<&'static str>,
    near: Option<Box<Place>>,
}

/// Go: Homes.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Homes {
    home: Place,
    work: Place,
    second: Option<Place>,
    others: Vec<Place>,
    by_name: BTreeMap<&'static str, Place>,
}

fn street(street: &'static str) -> Place {
    Place {
        street: Some(street),
        ..Place::default()
    }
}

fn city(city: &'static str) -> Place {
    Place {
        city: Some(city),
        ..Place::default()
    }
}

/// Checks a place that Go read.
fn is_place(place: &Value, street: &str, city: &str, tags: &[&str]) {
    let place = fields(place);
    assert_eq!(
        (place["Street"], place["City"]),
        (&text(street), &text(city))
    );
    let tags: Vec<_> = tags.iter().map(|tag| text(tag)).collect();
    assert_eq!(place["Tags"]["v"], json!(tags));
}

fn homes() -> Homes {
    Homes {
        home: street("a"),
        work: city("b"),
        second: Some(Place {
            tags: vec!["t"],
            near: Some(Box::new(city("c"))),
            ..Place::default()
        }),
        others: vec![city("d"), street("e")],
        by_name: [("f", street("f")), ("g", city("g"))].into(),
    }
}

fn are_homes(read: &Value) {
    assert_eq!(read["t"], "main.Homes");
    let read = fields(read);
    is_place(read["Home"], "a", "", &[]);
    is_place(read["Work"], "", "b", &[]);
    is_place(&read["Second"]["ptr"], "", "", &["t"]);
    let near = &fields(&read["Second"]["ptr"])["Near"]["ptr"];
    is_place(near, "", "c", &[]);
    is_place(&read["Others"]["v"][0], "", "d", &[]);
    is_place(&read["Others"]["v"][1], "e", "", &[]);
    is_place(&read["ByName"]["entries"][0][1], "f", "", &[]);
    is_place(&read["ByName"]["entries"][1][1], "", "g", &[]);
}

#[apply(go_trial)]
async fn one_go_struct_in_many_fields_has_one_definition() {
    are_homes(&written(&Named::new("main.Homes", &homes())).await);
    // Each type once: the recursive one, too.
    let mut values = Values::new();
    values
        .insert("k", Named::new("main.Homes", &homes()))
        .unwrap();
    let gob = values.encode();
    let streets = gob.windows(6).filter(|bytes| bytes == b"Street").count();
    assert_eq!(streets, 1);
}

#[apply(go_trial)]
async fn fields_that_an_older_go_program_lacks_have_one_definition_too() {
    let older = json!({"t": "main.Homes", "fields": []});
    are_homes(&over(&older, &homes()).await);
    // The stream's type is that of a program that had no such fields.
    let mut values = Values::new();
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Older {
        new: u8,
    }
    values
        .insert("k", Named::new("main.Homes", &Older { new: 1 }))
        .unwrap();
    values.insert("k", homes()).unwrap();
    assert_eq!(go_type(&values, "k"), "main.Homes");
    are_homes(&ask(&values).await);
}

#[apply(go_trial)]
async fn a_recursive_type_has_one_definition() {
    let chain = Place {
        near: Some(Box::new(Place {
            near: Some(Box::new(street("c"))),
            ..city("b")
        })),
        tags: vec!["t"],
        ..Place::default()
    };
    let read = written(&Named::new("main.Place", &chain)).await;
    is_place(&read, "", "", &["t"]);
    let near = fields(&read)["Near"]["ptr"].clone();
    is_place(&near, "", "b", &[]);
    is_place(&fields(&near)["Near"]["ptr"], "c", "", &[]);
}

fn item(id: i64, secret: &str) -> Value {
    json!({"t": "main.Item", "fields": [["ID", int(id)], ["Secret", text(secret)]]})
}

/// Go: Item, without the secret.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Item {
    #[serde(rename = "ID")]
    id: i64,
}

fn cart() -> Value {
    let two = json!([item(1, "secret-of-1"), item(2, "secret-of-2")]);
    json!({"t": "main.Cart", "fields": [
        ["Items", {"t": "[]main.Item", "v": two}],
        ["ByDay", {"t": "map[string][]main.Item", "entries":
            [[text("mon"), {"t": "[]main.Item", "v": two}]]}],
        ["Pair", {"t": "[2]main.Item", "v": two}],
        ["Any", {"t": "[]interface {}", "v": two}],
    ]})
}

#[apply(go_trial)]
async fn no_element_gets_the_hidden_fields_of_another() {
    let two = [item(2, "secret-of-2")];
    for (new, expected) in [
        (vec![Item { id: 2 }], json!(two)),
        (vec![Item { id: 3 }], json!([item(3, "")])),
        (
            vec![Item { id: 2 }, Item { id: 1 }],
            json!([item(2, "secret-of-2"), item(1, "secret-of-1")]),
        ),
        (
            vec![Item { id: 0 }, Item { id: 1 }, Item { id: 2 }],
            json!([item(0, ""), item(1, "secret-of-1"), item(2, "secret-of-2")]),
        ),
        // Which of the two is it?
        (
            vec![Item { id: 1 }, Item { id: 1 }],
            json!([item(1, ""), item(1, "")]),
        ),
    ] {
        let written = json!({"Items": new, "ByDay": {"mon": new}, "Any": new});
        let read = over(&cart(), &written).await;
        let read = fields(&read);
        assert_eq!(read["Items"]["v"], expected, "{new:?}");
        assert_eq!(read["ByDay"]["entries"][0][1]["v"], expected, "{new:?}");
        assert_eq!(read["Any"]["v"], expected, "{new:?}");
        let untouched = cart()["fields"][2][1]["v"].clone();
        assert_eq!(read["Pair"]["v"], untouched, "{new:?}");
    }
    let read = over(&cart(), &json!({"Pair": [Item { id: 2 }, Item { id: 3 }]})).await;
    assert_eq!(
        fields(&read)["Pair"]["v"],
        json!([item(2, "secret-of-2"), item(3, "")])
    );
}

#[apply(go_trial)]
async fn elements_that_read_alike_keep_their_places_while_nothing_changes() {
    let twins = json!({"t": "main.Cart", "fields": [
        ["Items", {"t": "[]main.Item", "v": [item(1, "a"), item(1, "b")]}],
    ]});
    let read = over(&twins, &json!({"Items": [{"ID": 1}, {"ID": 1}]})).await;
    assert_eq!(
        fields(&read)["Items"]["v"],
        json!([item(1, "a"), item(1, "b")])
    );
    let read = over(&twins, &json!({"Items": [{"ID": 1}]})).await;
    assert_eq!(fields(&read)["Items"]["v"], json!([item(1, "")]));
}

#[apply(go_trial)]
async fn an_element_gets_the_type_of_no_other_element() {
    let token = json!({"t": "main.Token", "fields": [["ID", int(2)], ["Secret", text("t")]]});
    let go = json!({"t": "main.Cart", "fields": [
        ["Any", {"t": "[]interface {}", "v": [item(1, "s"), token]}],
    ]});
    let read = over(&go, &json!({"Any": [{"ID": 2}]})).await;
    assert_eq!(fields(&read)["Any"]["v"], json!([token]));
    let read = over(&go, &json!({"Any": [{"ID": 3}]})).await;
    let anything = &fields(&read)["Any"]["v"][0];
    assert_eq!(anything["t"], "map[string]interface {}");
}

/// What Go declares of the types in `interop/go/over.go`.
fn peer() -> GoPeer {
    let registered = [
        "main.Small",
        "main.Drawing",
        "main.Sealed",
        "main.Homes",
        "[]main.Shape",
    ];
    GoPeer::registered(registered)
        .declaring([
            (
                "main.Small",
                "struct { Count int8; Size uint16; Ratio float32; Times []int16; Level main.Level }",
            ),
            ("main.Level", "int8"),
            ("main.Shape", "interface { Area() float64 }"),
            ("main.Drawing", "struct { Main main.Shape; All []main.Shape }"),
            ("main.Sealed", "struct { Name string; Box main.Even }"),
            ("main.Even", "gob.GobEncoder"),
            ("main.Homes", "struct { Home main.Place; Work main.Place }"),
            (
                "main.Place",
                "struct { Street string; City string; Tags []string; Near *main.Place }",
            ),
        ])
        .unwrap()
}

/// Writes over Go's value, or under the name of its type. Go reads what is written.
async fn put<T: Serialize>(go: &Value, value: T) -> Result<Value, ValueErrorKind> {
    let mut values = of_go(go).await;
    let before = values.encode();
    let draft = Draft::new("k", value).unwrap();
    match values.put_for("k", &draft, &peer()) {
        Ok(()) => Ok(ask(&values).await),
        Err(error) => {
            assert_eq!(values.encode(), before, "an error changes nothing");
            Err(error.kind().clone())
        }
    }
}

fn refused_field(put: Result<Value, ValueErrorKind>) -> String {
    match put {
        Err(ValueErrorKind::RefusedByGo { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[apply(go_trial)]
async fn numbers_that_do_not_fit_gos_fields_are_refused() {
    let small = json!({"t": "main.Small", "fields": [["Count", {"t": "int8", "v": "1"}]]});
    for (field, value) in [
        ("Count", json!(300)),
        ("Size", json!(70_000)),
        ("Ratio", json!(1e300)),
        ("Ratio", json!(0.1)),
        ("Times", json!([1, 40_000])),
        ("Level", json!(-129)),
    ] {
        let refused = put(&small, &json!({field: value})).await;
        assert_eq!(refused_field(refused), field);
    }
    let fits = json!({"Count": -128, "Size": 65_535, "Ratio": 0.5, "Times": [32_767], "Level": 3});
    let read = put(&small, &fits).await.unwrap();
    assert_eq!(fields(&read)["Size"]["v"], "65535");

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Small {
        count: i64,
    }
    let fresh = put(&small, Named::new("main.Small", &Small { count: 300 })).await;
    assert_eq!(refused_field(fresh), "Count");
}

fn square(side: f64) -> Value {
    let side = json!({"t": "float64", "bits64_hex": format!("{:016x}", side.to_bits()), "v": side.to_string()});
    json!({"t": "main.Square", "fields": [["Side", side]]})
}

#[apply(go_trial)]
async fn an_interface_with_methods_takes_only_types_that_it_has() {
    let shapes = json!({"t": "[]main.Shape", "v": [square(2.0)]});
    // The name of the slice shows it, also without a declaration.
    let read = over(&shapes, &json!([1, 2])).await;
    assert_eq!(read["t"], "[]uint64");
    let read = over(&shapes, &json!([{"Side": 3.0}])).await;
    assert_eq!(read["v"], json!([square(3.0)]));

    let drawing = json!({"t": "main.Drawing", "fields": [["All", shapes]]});
    let refused = put(&drawing, &json!({"Main": 1})).await;
    assert_eq!(refused_field(refused), "Main");
    let refused = put(&drawing, &json!({"All": ["text"]})).await;
    assert_eq!(refused_field(refused), "All");
    let read = put(&drawing, &json!({"All": [{"Side": 2.0}, {"Side": 3.0}]})).await;
    assert_eq!(fields(&read.unwrap())["All"]["v"][1], square(3.0));
}

#[apply(go_trial)]
async fn a_marshaler_takes_only_bytes_that_are_said_to_be_its_own() {
    let sealed = json!({"t": "main.Sealed", "fields": [
        ["Name", text("a")],
        ["Box", {"t": "main.Even", "gob_encoder_hex": "6f6b0102"}],
    ]});
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Sealed<T> {
        name: &'static str,
        r#box: T,
    }
    let with = |bytes: &'static [u8]| Sealed {
        name: "b",
        r#box: serde_bytes::Bytes::new(bytes),
    };
    for bytes in [&b"ok"[..], b"odd", b""] {
        assert!(put(&sealed, with(bytes)).await.is_err(), "{bytes:?}");
    }
    let read = put(&sealed, with(b"ok\x01\x02")).await.unwrap();
    assert_eq!(*fields(&read)["Name"], text("b"));
    let marshaled = Sealed {
        name: "c",
        r#box: go::Marshaled(b"ok\x03\x04"),
    };
    let read = put(&sealed, marshaled).await.unwrap();
    assert_eq!(fields(&read)["Box"]["gob_encoder_hex"], "6f6b0304");
}

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
async fn two_rust_structs_for_one_go_struct_are_refused_where_go_has_declared_it() {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct StreetOnly {
        street: &'static str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct CityOnly {
        city: &'static str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct TwoHomes {
        home: StreetOnly,
        work: CityOnly,
    }
    let homes = TwoHomes {
        home: StreetOnly { street: "a" },
        work: CityOnly { city: "b" },
    };
    let go = json!({"t": "string", "v": "old"});
    let refused = put(&go, Named::new("main.Homes", &homes)).await;
    assert_eq!(refused_field(refused), "Work");
}

#[apply(go_trial)]
async fn a_struct_whose_values_disagree_about_a_field_is_a_usage_error() {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Holder {
        one: Item2,
        other: Item2,
    }
    #[derive(Serialize)]
    #[serde(rename = "Item", rename_all = "PascalCase")]
    struct Item2 {
        value: Value,
    }
    let holder = Holder {
        one: Item2 { value: json!(1) },
        other: Item2 { value: json!("a") },
    };
    let error = Draft::new("k", Named::new("main.Holder", &holder)).unwrap_err();
    let expected = ValueErrorKind::NotOneGoType {
        name: "main.Holder",
        rust_struct: "Item",
        field: "Value".into(),
    };
    assert_eq!(*error.kind(), expected);
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
    use super::bytes::{Gob, one_value};
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
