//! A value written over another takes the other's Go type if it fits.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use pgstore::wire::Draft;
use pgstore::{GoPeer, ValueErrorKind, Values, go};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};
use serde_json::json;

use super::bytes::{go_type, one_value, saved, session, struct_type};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

/// The Go type after `value` is written over the vector's value, saved and loaded.
fn over<T: Serialize + ?Sized>(vector: &str, key: &str, value: &T) -> (String, Values) {
    let mut values = session(vector);
    values.insert(key, value).unwrap();
    let values = saved(&values);
    (go_type(&values, key), values)
}

fn type_over<T: Serialize + ?Sized>(vector: &str, key: &str, value: &T) -> String {
    over(vector, key, value).0
}

#[apply(trial)]
async fn an_int_stays_an_int_while_the_number_fits() {
    assert_eq!(type_over("gob/int_0", "n", &-5_i64), "int");
    assert_eq!(type_over("gob/int_0", "n", &5_u8), "int");
    assert_eq!(type_over("gob/int_0", "n", &(u64::MAX / 2)), "int");
    assert_eq!(type_over("gob/int_0", "n", &u64::MAX), "uint64");
    assert_eq!(type_over("gob/int_0", "n", "five"), "string");
    assert_eq!(type_over("gob/int_0", "n", &1.0), "float64");
    assert_eq!(type_over("gob/uint_128", "n", &5_i64), "uint");
    assert_eq!(type_over("gob/uint_128", "n", &-5_i64), "int64");
}

#[apply(trial)]
async fn small_integers_keep_their_range() {
    assert_eq!(type_over("gob/int8_min", "n", &127_i64), "int8");
    assert_eq!(type_over("gob/int8_min", "n", &128_i64), "int64");
    assert_eq!(type_over("gob/uint8_255", "n", &255_i64), "uint8");
    assert_eq!(type_over("gob/uint8_255", "n", &256_i32), "int32");
    assert_eq!(type_over("gob/uint16s", "s", &[1_i64, 65_535]), "[]uint16");
    assert_eq!(type_over("gob/uint16s", "s", &[1_i64, 65_536]), "[]int64");
    assert_eq!(type_over("more/duration", "d", &1_u8), "time.Duration");
}

#[apply(trial)]
async fn floats_stay_floats_and_take_no_integers() {
    assert_eq!(type_over("gob/f64_pi", "f", &0.5_f32), "float64");
    assert_eq!(type_over("more/float32", "f", &0.5_f64), "float32");
    assert_eq!(type_over("more/float32", "f", &0.1_f64), "float64");
    assert_eq!(type_over("more/float32", "f", &f64::NAN), "float32");
    assert_eq!(type_over("gob/f64_pi", "f", &3_i64), "int64");
    assert_eq!(type_over("gob/c128", "c", &(1.0, 2.0)), "complex128");
}

#[apply(trial)]
async fn a_string_slice_stays_even_when_emptied() {
    let (name, values) = over("gob/strs", "s", &Vec::<String>::new());
    assert_eq!(name, "[]string");
    assert_eq!(values.get::<Vec<String>>("s").unwrap(), Some(vec![]));
    assert_eq!(type_over("gob/strs", "s", &["x"; 9]), "[]string");
    assert_eq!(type_over("gob/strs", "s", &(1, "x")), "[]interface {}");
    assert_eq!(type_over("gob/bytes_3", "b", &Vec::<u8>::new()), "[]uint8");
    assert_eq!(type_over("gob/ints", "s", &[7_i64]), "[]int");
    assert_eq!(
        type_over("gob/slice_of_slice", "m", &[vec!["a"], vec![]]),
        "[][]string"
    );
    assert_eq!(
        type_over("more/slice_of_bytes", "b", &[vec![1_u8], vec![]]),
        "[][]uint8"
    );
}

#[apply(trial)]
async fn a_go_map_with_integer_keys_keeps_them() {
    let numbers = HashMap::from([(7_i64, "seven".to_owned())]);
    let (name, values) = over("gob/map_is", "m", &numbers);
    assert_eq!(name, "map[int]string");
    assert_eq!(
        values.get::<HashMap<i64, String>>("m").unwrap(),
        Some(numbers.clone())
    );

    let (name, values) = over(
        "more/map_iface_inside",
        "m",
        &BTreeMap::from([(5_u8, "V"), (6, "VI")]),
    );
    assert_eq!(name, "map[interface {}]interface {}");
    assert_eq!(
        values.get::<BTreeMap<i8, String>>("m").unwrap().unwrap()[&5],
        "V"
    );

    // The same with a Go program that reads the session. In a new map the keys would become text.
    let registered = GoPeer::registered(["map[string]interface {}"]);
    let draft = Draft::new("m", &numbers).unwrap();
    let mut values = session("gob/map_is");
    values.put_for("m", &draft, &registered).unwrap();
    assert_eq!(go_type(&values, "m"), "map[int]string");
    let nested = Draft::new("m", HashMap::from([("a", &numbers)])).unwrap();
    let mut values = session("gob/map_si_nested");
    let error = values
        .put_for("m", &nested, &registered)
        .told()
        .unwrap_err();
    assert_eq!(*error.kind(), ValueErrorKind::MapKeyForGo);

    // The Go map is gone when the draft is put: the keys become text.
    let mut values = Values::new();
    values.put("m", &draft);
    assert_eq!(
        saved(&values).get::<HashMap<i64, String>>("m").unwrap(),
        Some(numbers)
    );
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Admin {
    name: String,
    admin: bool,
}

const USER: &str = "more/split_depth1";

#[apply(trial)]
async fn a_struct_keeps_its_name_and_the_fields_rust_does_not_know() {
    let mut admin = session(USER).get::<Admin>("u").unwrap().unwrap();
    assert_eq!(
        admin,
        Admin {
            name: "Ada".into(),
            admin: true
        }
    );
    admin.name = "Bob".into();
    let (name, values) = over(USER, "u", &admin);
    assert_eq!(name, "main.User");
    assert_eq!(
        values.get::<serde_json::Value>("u").unwrap(),
        Some(json!({"ID": 7, "Name": "Bob", "Admin": true, "Tags": ["x", "y"]}))
    );
    // A map is fitted like a struct.
    let (name, values) = over(USER, "u", &json!({"ID": 8}));
    assert_eq!(
        (
            name.as_str(),
            values.get::<Admin>("u").unwrap().unwrap().name.as_str()
        ),
        ("main.User", "Ada")
    );
}

#[apply(trial)]
async fn a_field_that_go_lacks_is_added_to_the_definition() {
    let (name, mut values) = over(
        USER,
        "u",
        &json!({"Name": "Bob", "email": "b@x", "langs": ["rs"]}),
    );
    assert_eq!(name, "main.User");
    let json = values.get::<serde_json::Value>("u").unwrap().unwrap();
    assert_eq!(
        (&json["email"], &json["langs"], &json["ID"]),
        (&json!("b@x"), &json!(["rs"]), &json!(7))
    );
    // The session it was read from does not change, and a second write adds no field.
    values.insert("u", json!({"email": "c@x"})).unwrap();
    let again = saved(&values);
    assert_eq!(
        again.get::<serde_json::Value>("u").unwrap().unwrap()["email"],
        json!("c@x")
    );
    let fields = |values: &Values| match values.value("u").unwrap().node().view() {
        pgstore::wire::View::Struct(fields) => fields.len(),
        _ => 0,
    };
    assert_eq!([fields(&again), fields(&session(USER))], [6, 4]);
    assert_eq!(
        type_over(USER, "u", &json!({"": 1})),
        "map[string]interface {}"
    );
}

#[apply(trial)]
async fn an_added_field_has_the_type_that_go_would_declare() {
    let (_, mut values) = over(
        USER,
        "u",
        &json!({"Email": "b@x", "Langs": ["rs"], "Empty": []}),
    );
    let types = |values: &Values| {
        let pgstore::wire::View::Struct(fields) = values.value("u").unwrap().node().view() else {
            return vec![];
        };
        let names = fields
            .iter()
            .map(|(name, node)| (name.to_owned(), node.go_type_name().is_some()));
        names.skip(4).collect()
    };
    // A field of interface type would have a Go name. A field of unknown type is omitted.
    let added = ["Email", "Langs"].map(|name| (name.to_owned(), false));
    assert_eq!(types(&values), added);
    // Afterwards it is like Go's own fields.
    values.insert("u", json!({"Email": 5})).unwrap();
    assert_eq!(go_type(&values, "u"), "map[string]interface {}");
    // If elements disagree about the type of a new field, it is an `interface {}`.
    let (name, values) = over(
        "more/split_in_slice_of_structs",
        "n",
        &json!([{"u": {"x": 1}}, {"u": {"x": "a"}}]),
    );
    let json = values.get::<serde_json::Value>("n").unwrap().unwrap();
    assert_eq!(
        (name.as_str(), &json[1]["u"]["x"]),
        ("[]map[string]interface {}", &json!("a"))
    );
}

#[apply(trial)]
async fn a_struct_whose_field_does_not_fit_becomes_a_map() {
    assert_eq!(
        type_over(USER, "u", &json!({"ID": "seven"})),
        "map[string]interface {}"
    );
    assert_eq!(type_over(USER, "u", "ada"), "string");
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Partial {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    tags: Option<Vec<String>>,
    unknown: Option<i64>,
}

#[apply(trial)]
async fn zeros_of_a_struct_are_left_out_as_in_go() {
    let (name, values) = over(
        USER,
        "u",
        &json!({"ID": 0, "Name": "", "Admin": false, "Tags": []}),
    );
    assert_eq!(name, "main.User");
    assert_eq!(values.encode(), saved(&session("gob/struct_zero")).encode());
    let (name, values) = over(
        USER,
        "u",
        &Partial {
            name: None,
            tags: None,
            unknown: None,
        },
    );
    assert_eq!(name, "main.User");
    let json = values.get::<serde_json::Value>("u").unwrap().unwrap();
    assert_eq!(
        json,
        json!({"ID": 7, "Name": "", "Admin": true, "Tags": []})
    );
}

#[apply(trial)]
async fn entries_of_a_map_keep_their_types() {
    let mut values = session(USER);
    values
        .insert(
            "m",
            BTreeMap::from([("int", go::Int(1)), ("gone", go::Int(1))]),
        )
        .unwrap();
    values.insert("m", json!({"new": 2.5, "int": 9})).unwrap();
    let values = saved(&values);
    assert_eq!(go_type(&values, "m"), "map[string]interface {}");
    let entries = types_in(&values, "m");
    assert_eq!(
        entries,
        [
            ("int".into(), "int".into()),
            ("new".into(), "float64".to_owned())
        ]
    );

    let mut values = session("more/split_in_slice_of_structs");
    values
        .insert("n", json!([{"u": {"Name": "Bob"}}, {"f": 1}]))
        .unwrap();
    let json = saved(&values)
        .get::<serde_json::Value>("n")
        .unwrap()
        .unwrap();
    assert_eq!(
        json[0]["u"],
        json!({"Name": "Bob"}),
        "a changed element of a list is a new one"
    );
    assert_eq!(go_type(&values, "n"), "[]map[string]interface {}");

    let mut values = session("more/split_in_slice_of_structs");
    values
        .insert("n", json!([{"f": 1}, {"u": {"Name": "Ada"}}]))
        .unwrap();
    let json = saved(&values)
        .get::<serde_json::Value>("n")
        .unwrap()
        .unwrap();
    assert_eq!(json[1]["u"]["ID"], json!(7), "an unchanged one is not");
}

fn types_in(values: &Values, key: &str) -> Vec<(String, String)> {
    match values.value(key).unwrap().node().view() {
        pgstore::wire::View::Map(map) => {
            let entries = map.iter();
            entries
                .map(|(key, node)| (key.text(), node.go_type_name().unwrap().to_owned()))
                .collect()
        }
        pgstore::wire::View::List(list) => list
            .iter()
            .map(|node| {
                (
                    String::new(),
                    node.go_type_name().unwrap_or("nil").to_owned(),
                )
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[apply(trial)]
async fn elements_of_a_list_keep_their_types() {
    // Go: []interface{}{"a", 1, nil, true, 2.5}
    let (name, values) = over("gob/ifaces", "s", &json!(["b", 2, 3, "x", 1.5, false]));
    assert_eq!(name, "[]interface {}");
    let types: Vec<_> = types_in(&values, "s")
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert_eq!(
        types,
        ["string", "int", "uint64", "string", "float64", "bool"]
    );
    let (name, _) = over("gob/ifaces", "s", &["only", "strings"]);
    assert_eq!(name, "[]interface {}");
}

#[apply(trial)]
async fn arrays_keep_their_length() {
    assert_eq!(type_over("gob/array_int", "a", &[4_i64, 5, 6]), "[3]int");
    assert_eq!(type_over("gob/array_int", "a", &[4_i64, 5]), "[]int64");
    assert_eq!(
        type_over("gob/array_byte", "a", &[4_u8, 5, 6, 7]),
        "[4]uint8"
    );
    assert_eq!(
        type_over("gob/array_byte", "a", &[4_i64, 5, 6, 256]),
        "[]int64"
    );
}

#[apply(trial)]
async fn marshalers_take_bytes_and_times_take_times() {
    assert_eq!(
        type_over("gob/binary_marshaler", "u", Bytes::new(&[7; 16])),
        "main.UUID"
    );
    assert_eq!(
        type_over("gob/gob_encoder", "m", &b"99".to_vec()),
        "main.Money"
    );
    assert_eq!(type_over("gob/gob_encoder", "m", &99), "int32");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let (name, values) = over("gob/time_zero", "t", &now);
    assert_eq!(
        (name.as_str(), values.get("t").unwrap()),
        ("time.Time", Some(now))
    );
    let (name, values) = over("gob/time_zero", "t", "1970-01-01T01:00:01+01:00");
    assert_eq!(
        (name.as_str(), values.get("t").unwrap()),
        ("time.Time", Some(now))
    );
    assert_eq!(type_over("gob/time_zero", "t", "tomorrow"), "string");
    assert_eq!(type_over("gob/time_zero", "t", Bytes::new(&[1])), "[]uint8");
    assert_eq!(type_over("gob/times", "t", &[now, now]), "[]time.Time");
    assert_eq!(
        type_over("gob/times", "t", &Vec::<SystemTime>::new()),
        "[]time.Time"
    );
    let (_, values) = over(
        "gob/struct_complex",
        "c",
        &json!({"When": "1970-01-01T00:00:01Z"}),
    );
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct When {
        when: SystemTime,
    }
    let when: When = values.get("c").unwrap().unwrap();
    assert_eq!(
        (when.when, go_type(&values, "c").as_str()),
        (now, "main.Complex")
    );
}

#[apply(trial)]
async fn named_types_stay() {
    assert_eq!(type_over("gob/named_string", "r", "guest"), "main.Role");
    assert_eq!(type_over("gob/named_int8", "l", &3_i64), "main.Level");
    assert_eq!(
        type_over("gob/named_map", "c", &BTreeMap::from([("x", 1)])),
        "main.Settings"
    );
    assert_eq!(type_over("more/named_strings", "s", &["x"]), "main.Labels");
    assert_eq!(type_over("more/named_bytes", "b", &vec![1_u8]), "main.Blob");
    assert_eq!(
        type_over("more/pointer_to_struct", "p", &json!({"Nick": "x"})),
        "*main.Profile"
    );
    assert_eq!(
        type_over("gob/named_string", "r", &ByteBuf::from([255])),
        "main.Role"
    );
}

#[apply(trial)]
async fn a_nil_takes_any_value() {
    assert_eq!(type_over("gob/map_nil_value", "x", &1_i64), "int64");
}

#[apply(trial)]
async fn recursive_structs_stay() {
    let (name, values) = over(
        "gob/struct_recursive",
        "n",
        &json!({"V": 5, "Next": {"V": 6, "Next": {"V": 7}}, "note": "x"}),
    );
    assert_eq!(name, "main.Node");
    let json = values.get::<serde_json::Value>("n").unwrap().unwrap();
    assert_eq!(json["Next"]["Next"]["V"], json!(7));
    assert_eq!(json["note"], json!("x"));
    assert_eq!(json["Next"]["Next"]["Next"], json!(null));
}

#[apply(trial)]
async fn fields_added_in_a_long_list_are_defined_once() {
    let definitions = [
        struct_type(66, &[("V", 2), ("Next", 66)]),
        super::bytes::slice_type(67, 8),
    ];
    let node = b"\x09main.Node\xff\x84\x01\x00";
    let mut body = vec![0, 0xff, 200];
    (0..200).for_each(|_| body.extend_from_slice(node));
    let mut values = Values::decode(&one_value(
        &definitions.concat(),
        "[]interface {}",
        67,
        &body,
    ))
    .unwrap();
    let before = values.encode().len();
    values.insert("k", vec![json!({"note": 1}); 200]).unwrap();
    assert_eq!(types_in(&saved(&values), "k")[199].1, "main.Node");
    let per_element = (values.encode().len() - before) / 200;
    assert!(per_element < 24, "{per_element}");
}

#[apply(trial)]
async fn unchanged_values_stay_the_same() {
    let mut values = session("gob/struct_complex");
    let before = values.encode();
    values.insert("other", 1).unwrap();
    assert!(values.remove("other"));
    assert_eq!(values.encode(), before);
    assert!(values.insert("c", ()).is_err());
    assert_eq!(values.encode(), before);
}
