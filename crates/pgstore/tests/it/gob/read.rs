//! Reading: which Rust types each Go value is read as.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use pgstore::{ErrorClass, ValueErrorKind, Values, go};
use serde::Deserialize;
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use super::bytes::{Gob as _, go_type, one_value, saved, session, struct_type};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

#[apply(trial)]
async fn integers_read_as_any_type_they_fit() {
    let values = session("gob/int_63");
    assert_eq!(values.get::<i8>("n").unwrap(), Some(63));
    assert_eq!(values.get::<u64>("n").unwrap(), Some(63));
    assert_eq!(values.get::<u128>("n").unwrap(), Some(63));
    assert_eq!(values.get::<go::Int>("n").unwrap(), Some(go::Int(63)));
    assert_eq!(values.get::<Option<i32>>("n").unwrap(), Some(Some(63)));
    assert_eq!(values.get::<f64>("n").unwrap(), Some(63.0));
    assert!(session("gob/int_neg1").get::<u64>("n").is_err());
    assert!(session("gob/uint64_max").get::<i64>("n").is_err());
    assert_eq!(
        session("gob/uint64_max").get::<go::Uint>("n").unwrap(),
        Some(go::Uint(u64::MAX))
    );
    assert!(session("gob/int_max").get::<i8>("n").is_err());
    assert_eq!(
        session("gob/int64s").get::<Vec<u64>>("s").unwrap(),
        Some(vec![1 << 33])
    );
    assert_eq!(
        session("gob/array_int").get::<[u8; 3]>("a").unwrap(),
        Some([1, 2, 3])
    );
    assert_eq!(session("gob/map_nil_value").get::<i64>("x").unwrap(), None);
    assert_eq!(
        session("gob/map_nil_value").get::<i64>("absent").unwrap(),
        None
    );
}

#[apply(trial)]
async fn floats_read_as_floats() {
    let values = session("gob/f64_17");
    assert_eq!(values.get::<f64>("f").unwrap(), Some(17.0));
    assert!(values.get::<i64>("f").is_err());
    assert!(
        session("gob/f64_nan")
            .get::<f32>("f")
            .unwrap()
            .unwrap()
            .is_nan()
    );
    assert_eq!(
        session("gob/c128").get::<(f64, f64)>("c").unwrap(),
        Some((1.0, -2.0))
    );
}

#[apply(trial)]
async fn strings_need_utf8_and_bytes_do_not() {
    let mut values = session("gob/map_foo_bar");
    assert_eq!(values.get::<String>("foo").unwrap().unwrap(), "bar");
    assert_eq!(values.get::<Vec<u8>>("foo").unwrap().unwrap(), b"bar");
    values.insert("foo", ByteBuf::from([0xff, b'x'])).unwrap();
    assert_eq!(super::bytes::go_type(&values, "foo"), "string");
    assert!(
        values
            .get::<String>("foo")
            .told()
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
    assert_eq!(values.get::<ByteBuf>("foo").unwrap().unwrap(), [0xff, b'x']);
    assert_eq!(values.get::<Value>("foo").unwrap(), Some(json!([255, 120])));
    let bytes = session("gob/bytes_3");
    assert_eq!(bytes.get::<Vec<u8>>("b").unwrap().unwrap(), [1, 2, 255]);
    assert_eq!(bytes.get::<ByteBuf>("b").unwrap().unwrap(), [1, 2, 255]);
    assert_eq!(
        session("gob/array_byte")
            .get::<ByteBuf>("a")
            .unwrap()
            .unwrap(),
        [1, 2, 3, 200]
    );
    assert_eq!(
        session("gob/gob_encoder")
            .get::<ByteBuf>("m")
            .unwrap()
            .unwrap(),
        b"1234"
    );
}

#[derive(Debug, Deserialize, PartialEq, Default)]
#[serde(rename_all = "PascalCase")]
struct User {
    #[serde(rename = "ID")]
    id: u32,
    name: String,
    admin: bool,
    tags: Vec<String>,
}

#[apply(trial)]
async fn a_go_struct_reads_by_field_names() {
    let user = User {
        id: 7,
        name: "Ada".into(),
        admin: true,
        tags: vec!["x".into(), "y".into()],
    };
    assert_eq!(
        session("more/split_depth1").get::<User>("u").unwrap(),
        Some(user)
    );
}

#[apply(trial)]
async fn fields_that_were_not_sent_are_gos_zero() {
    assert_eq!(
        session("gob/struct_zero").get::<User>("u").unwrap(),
        Some(User::default())
    );
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Profile {
        nick: String,
        friend: Option<Box<Profile>>,
        home: Home,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Home {
        city: String,
    }
    let ada: Profile = session("more/pointer_to_struct").get("p").unwrap().unwrap();
    assert_eq!((ada.nick.as_str(), ada.home.city.as_str()), ("ada", "Rome"));
    let bob = ada.friend.unwrap();
    assert_eq!(
        *bob,
        Profile {
            nick: "bob".into(),
            friend: None,
            home: Home {
                city: String::new()
            }
        }
    );
}

#[apply(trial)]
async fn fields_that_the_go_type_lacks_are_missing() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct More {
        name: String,
        email: Option<String>,
        #[serde(default)]
        age: u8,
    }
    let more: More = session("gob/struct_zero").get("u").unwrap().unwrap();
    assert_eq!((more.name.as_str(), more.email, more.age), ("", None, 0));
    #[derive(Debug, Deserialize)]
    struct Other {
        #[serde(rename = "Other")]
        _other: String,
    }
    let error = session("gob/struct_zero")
        .get::<Other>("u")
        .told()
        .unwrap_err();
    assert!(
        error.to_string().contains("missing field `Other`"),
        "{error}"
    );
}

#[apply(trial)]
async fn a_recursive_struct_reads_into_a_recursive_type() {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Node {
        v: i64,
        next: Option<Box<Node>>,
    }
    let node: Node = session("gob/struct_recursive").get("n").unwrap().unwrap();
    let next = node.next.unwrap();
    assert_eq!((node.v, next.v, next.next.is_none()), (1, 2, true));
    let json = session("gob/struct_recursive").get::<Value>("n").unwrap();
    assert_eq!(json, Some(json!({"V": 1, "Next": {"V": 2, "Next": null}})));
}

#[apply(trial)]
async fn a_type_without_end_is_an_error() {
    #[derive(Debug, Deserialize)]
    struct Endless {
        #[serde(rename = "Next")]
        _next: Box<Endless>,
    }
    assert!(session("gob/struct_recursive").get::<Endless>("n").is_err());
}

#[apply(trial)]
async fn maps_read_as_structs_and_as_maps() {
    let mut values = Values::new();
    values
        .insert(
            "m",
            json!({"ID": 7, "Name": "Ada", "Admin": true, "Tags": ["x"]}),
        )
        .unwrap();
    assert_eq!(values.get::<User>("m").unwrap().unwrap().tags, ["x"]);
    let map: HashMap<String, Value> = values.get("m").unwrap().unwrap();
    assert_eq!(map["ID"], json!(7));
    let numbers: BTreeMap<u8, String> = session("gob/map_is").get("m").unwrap().unwrap();
    assert_eq!(numbers, BTreeMap::from([(5, "five".to_owned())]));
    values.insert("n", json!({"5": "five"})).unwrap();
    assert_eq!(
        values.get::<BTreeMap<u8, String>>("n").unwrap(),
        Some(numbers)
    );
}

#[apply(trial)]
async fn enums_read_from_strings_and_maps() {
    #[derive(Debug, serde::Serialize, Deserialize, PartialEq)]
    enum Shape {
        Empty,
        Circle(f64),
        Segment(i64, i64),
        Rect { w: i64 },
        Maybe(Option<bool>),
    }
    let shapes = [
        Shape::Empty,
        Shape::Circle(0.5),
        Shape::Segment(1, -2),
        Shape::Rect { w: 4 },
        Shape::Maybe(None),
    ];
    for shape in shapes {
        let mut values = Values::new();
        values.insert("k", &shape).unwrap();
        assert_eq!(super::bytes::saved(&values).get("k").unwrap(), Some(shape));
    }
    let mut values = Values::new();
    values.insert("k", "Nothing").unwrap();
    let error = values.get::<Shape>("k").told().unwrap_err().to_string();
    assert!(
        error.contains("Circle") && !error.contains("Nothing"),
        "{error}"
    );
}

#[apply(trial)]
async fn times_read_as_instants_and_text() {
    let values = session("more/time_nested");
    let (time,): (String,) = values.get("l").unwrap().unwrap();
    assert_eq!(time, "2023-11-14T22:13:20.000000005Z");
    let (time,): (SystemTime,) = values.get("l").unwrap().unwrap();
    assert_eq!(go::Time::from(time), go::Time::new(1_700_000_000, 5));
    assert!(session("gob/time_zero").get::<SystemTime>("t").is_err());
    assert_eq!(
        session("gob/time_zero").get::<go::Time>("t").unwrap(),
        Some(go::Time::ZERO)
    );
    let odd: go::Time = session("gob/time_v2_neg").get("t").unwrap().unwrap();
    assert_eq!((odd.unix_seconds(), odd.offset()), (0, Some(-4512)));
}

#[apply(trial)]
async fn anything_reads_as_json() {
    for (name, vector) in super::bytes::vectors("gob") {
        let Ok(values) = Values::decode(&super::bytes::encoded(&vector)) else {
            continue;
        };
        for (_, value) in values.iter().filter_map(|(key, value)| Some((key, value?))) {
            value.read::<Value>().expect(&name);
        }
    }
    let json = |vector: &str, key: &str| session(vector).get::<Value>(key).unwrap().unwrap();
    assert_eq!(json("gob/f64_nan", "f"), Value::Null);
    assert_eq!(json("gob/bytes_3", "b"), json!([1, 2, 255]));
    assert_eq!(json("gob/map_is", "m"), json!({"5": "five"}));
    assert_eq!(json("gob/time_zero", "t"), json!("0001-01-01T00:00:00Z"));
    assert_eq!(
        json("gob/binary_marshaler", "u").as_array().unwrap().len(),
        16
    );
    assert_eq!(json("gob/ifaces", "s"), json!(["a", 1, null, true, 2.5]));
    assert_eq!(
        json("more/struct_embedded_nil_pointer", "e"),
        json!({"Base": {"Kind": "k"}, "Addr": null, "X": 0})
    );
}

#[apply(trial)]
async fn errors_name_the_key_and_the_types() {
    let error = session("gob/strs").get::<i64>("s").told().unwrap_err();
    assert_eq!(
        (error.key(), error.class()),
        (Some("s"), ErrorClass::Client)
    );
    assert!(matches!(error.kind(), ValueErrorKind::Mismatch { found, .. } if found == "[]string"));
    assert!(error.to_string().contains("expected i64"), "{error}");
    // An empty field of interface type is nil.
    let definition = struct_type(66, &[("A", 8), ("B", 6)]);
    let values = Values::decode(&one_value(&definition, "main.T", 66, &[0])).unwrap();
    assert_eq!(
        values.get::<Value>("k").unwrap(),
        Some(json!({"A": null, "B": ""}))
    );
}

#[apply(trial)]
async fn slices_of_a_named_byte_open_and_keep_their_type() {
    // Go: type Perm uint8; []Perm is encoded as bytes, under its own name.
    let map_type = Vec::new().int(-66).raw(&[4, 1, 2]).int(66).raw(&[0, 1]);
    let map_type = map_type.int(6).raw(&[1]).int(5).raw(&[0, 0]);
    let map_type = Vec::new().message(&map_type);
    let slices = one_value(&[], "[]main.Perm", 5, &[0, 3, 1, 2, 3]);
    let maps = one_value(
        &map_type,
        "map[string][]main.Perm",
        66,
        &[0, 1, 1, b'a', 2, 7, 8],
    );
    let mut slices = Values::decode(&slices).unwrap();
    assert_eq!(slices.get::<Vec<u8>>("k").unwrap(), Some(vec![1, 2, 3]));
    slices.insert("k", [4_u8]).unwrap();
    let slices = saved(&slices);
    assert_eq!(go_type(&slices, "k"), "[]main.Perm");
    assert_eq!(slices.get::<Vec<u8>>("k").unwrap(), Some(vec![4]));
    let maps = saved(&Values::decode(&maps).unwrap());
    let read: BTreeMap<String, Vec<u8>> = maps.get("k").unwrap().unwrap();
    assert_eq!(read["a"], [7, 8]);

    let mut values = Values::new();
    let perms = go::Named::new("[]main.Perm", &[1_u8, 2]);
    values.insert("k", perms).unwrap();
    assert_eq!(go_type(&saved(&values), "k"), "[]main.Perm");
}

#[apply(trial)]
async fn nothing_reads_as_fewer_elements_than_it_has() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only whether it can be read is asked")]
    struct Two {
        first: u8,
        second: u8,
    }
    let mut values = Values::new();
    values.insert("bytes", vec![1_u8, 2, 3]).unwrap();
    values.insert("text", "abc").unwrap();
    values.insert("list", [1_i64, 2, 3]).unwrap();
    for key in ["bytes", "text", "list"] {
        assert!(values.get::<(u8, u8)>(key).is_err(), "{key}");
        assert!(values.get::<[u8; 2]>(key).is_err(), "{key}");
        assert!(values.get::<Two>(key).is_err(), "{key}");
        assert!(values.get::<(u8, u8, u8)>(key).unwrap().is_some(), "{key}");
    }
    let opaque = session("gob/binary_marshaler");
    assert!(opaque.get::<(u8, u8)>("u").is_err());
    let complex = session("gob/c128");
    assert!(complex.get::<(f64,)>("c").is_err());
}
