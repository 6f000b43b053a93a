//! Rust values laid over Go's types. Go reads what was meant. `interop/go/over.go` has the types.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use pgstore::{Values, go, go::Named};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bytes::go_type;
use super::go_named::{ask, fields, of_go, text, written};
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
    values.insert("k", &homes()).unwrap();
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
