//! Go reads what Rust writes, and both judge the same invalid bytes.

use std::collections::BTreeMap;
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use pgstore::wire::GobError;
use pgstore::{Values, go};
use serde_json::{Value, json};

use super::bytes::{encoded, session, vectors};
use super::random::{Chance, mutate};
use crate::support::go::describe;
use crate::support::{apply, go_trial};

/// Go's answer to each gob of a session.
async fn ask(gobs: &[Vec<u8>]) -> Vec<Value> {
    let question = |gob| json!({"id": 0, "kind": "map", "hex": HEXLOWER.encode(gob)});
    let questions: Vec<_> = gobs.iter().map(|gob| question(gob)).collect();
    describe(&questions).await
}

#[apply(go_trial)]
async fn go_reads_rewritten_values_as_equal() {
    let named = vectors("gob")
        .into_iter()
        .map(|(name, vector)| (name, encoded(&vector)));
    let opened =
        named.filter_map(|(name, gob)| Some((name, Values::decode(&gob).ok()?.encode(), gob)));
    let (mut names, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for (name, our, their) in opened {
        names.push(name);
        ours.push(our);
        theirs.push(their);
    }
    let (ours, theirs) = (ask(&ours).await, ask(&theirs).await);
    for ((name, ours), theirs) in names.iter().zip(ours).zip(theirs) {
        assert_eq!(theirs["ok"], true, "{name}: {theirs}");
        assert_eq!(ours, theirs, "{name}");
    }
    assert!(names.len() > 90);
}

/// The Go type of the value under each key.
fn types(answer: &Value) -> BTreeMap<String, String> {
    assert_eq!(answer["ok"], true, "{answer}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = answer["value"]["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| (text(&entry[0]["v"]), text(&entry[1]["t"])))
        .collect()
}

#[apply(go_trial)]
async fn go_reads_new_values_in_the_types_of_the_table() {
    let mut values = Values::new();
    let mut expected = BTreeMap::new();
    macro_rules! new {
        ($($value:expr => $name:literal),* $(,)?) => {$(
            let key = format!("{:02}", expected.len());
            values.insert(&key, &$value).unwrap();
            expected.insert(key, $name.to_owned());
        )*};
    }
    new! {
        true => "bool", 1_i8 => "int8", 1_i16 => "int16", 1_i32 => "int32", -1_i64 => "int64",
        1_u8 => "uint8", 1_u16 => "uint16", 1_u32 => "uint32", u64::MAX => "uint64",
        0.1_f32 => "float32", 0.1_f64 => "float64", go::Int(7) => "int", go::Uint(7) => "uint",
        "text" => "string", 'c' => "string", vec![1_u8, 2] => "[]uint8",
        ["a", "b"] => "[]string", [1_i64] => "[]int64", [true] => "[]bool", [0.5_f32] => "[]float32",
        [go::Int(1)] => "[]int", (1_u16, 2_u16) => "[]uint16",
        (1, "two", None::<bool>) => "[]interface {}", Vec::<String>::new() => "[]interface {}",
        json!({"a": {"b": [1, "c", false]}}) => "map[string]interface {}",
        SystemTime::UNIX_EPOCH => "time.Time",
        go::Time::new(5, 6).with_offset(-4512).unwrap() => "time.Time",
        (SystemTime::UNIX_EPOCH, ["x"], json!({"y": [["z"]]})) => "[]interface {}",
    }
    assert_eq!(types(&ask(&[values.encode()]).await[0]), expected);
}

#[apply(go_trial)]
async fn go_reads_values_written_over_its_own() {
    let cases = [
        ("gob/int_0", "n", json!(5), "int"),
        ("gob/int8_min", "n", json!(5), "int8"),
        ("gob/strs", "s", json!([]), "[]string"),
        ("gob/strs", "s", json!(["x"]), "[]string"),
        (
            "more/split_depth1",
            "u",
            json!({"Name": "Bob", "email": {"new": [1]}}),
            "main.User",
        ),
        (
            "more/split_depth1",
            "u",
            json!({"ID": 0, "Name": "", "Admin": false, "Tags": []}),
            "main.User",
        ),
        (
            "gob/struct_recursive",
            "n",
            json!({"Next": {"V": 5, "Next": {"V": 6, "x": 1}}}),
            "main.Node",
        ),
        (
            "gob/struct_complex",
            "c",
            json!({"ID": 1, "Any": [1], "When": "1970-01-01T00:00:00Z"}),
            "main.Complex",
        ),
        (
            "more/pointer_to_struct",
            "p",
            json!({"Nick": "x", "Home": {"City": "Y"}}),
            "*main.Profile",
        ),
        (
            "gob/time_zero",
            "t",
            json!("1970-01-01T00:00:00Z"),
            "time.Time",
        ),
        ("gob/named_string", "r", json!("guest"), "main.Role"),
        ("gob/array_int", "a", json!([4, 5, 6]), "[3]int"),
        (
            "gob/times",
            "t",
            json!(["1970-01-01T00:00:00Z"]),
            "[]time.Time",
        ),
        (
            "gob/map_s_strs",
            "m",
            json!({"b": ["x"], "a": []}),
            "map[string][]string",
        ),
        ("gob/named_map", "c", json!({"x": 1}), "main.Settings"),
        (
            "more/split_in_slice_of_structs",
            "n",
            json!([{"u": {"Name": "B", "y": 1}}]),
            "[]map[string]interface {}",
        ),
    ];
    let gobs = cases.each_ref().map(|(vector, key, value, _)| {
        let mut values = session(vector);
        values.insert(*key, value).unwrap();
        values.encode()
    });
    for ((vector, key, value, name), answer) in cases.iter().zip(ask(&gobs).await) {
        assert_eq!(
            types(&answer)[*key],
            *name,
            "{vector} over {value}: {answer}"
        );
    }
}

/// Why Go refuses a gob that Rust opens: Go knows the program's own types.
const OPENS_HERE: [&str; 4] = [
    "name not registered for interface",
    "no fields matched compiling decoder",
    "wrong type (",     // of a field of a registered struct
    "strconv.ParseInt", // main.Money's own GobDecode
];

/// Gobs that Go opens but no Go program writes: names that are not UTF-8, and a definition with two
/// kinds.
fn is_refused_here(error: &GobError) -> bool {
    matches!(error, GobError::NameNotUtf8 | GobError::BadDefinition)
}

#[apply(go_trial)]
async fn go_and_rust_judge_mutated_bytes_alike() {
    let mut chance = Chance::new(2026);
    let seeds = vectors("gob").into_iter().chain(vectors("gob-decode-m"));
    let seeds = seeds
        .map(|(_, vector)| encoded(&vector))
        .filter(|seed| seed.len() < 500);
    let gobs: Vec<_> = seeds
        .flat_map(|seed| {
            (0..40)
                .map(|_| mutate(&seed, &mut chance))
                .collect::<Vec<_>>()
        })
        .collect();
    for (gob, answer) in gobs.iter().zip(ask(&gobs).await) {
        let ours = Values::decode(gob);
        let why = answer["error"].as_str().unwrap_or_default();
        let hex = HEXLOWER.encode(gob);
        match (&ours, answer["ok"] == true) {
            (Ok(_), false) => assert!(
                OPENS_HERE.iter().any(|known| why.contains(known)),
                "opens here: {hex} {answer}"
            ),
            (Err(error), true) => assert!(is_refused_here(error), "refused here: {error} {hex}"),
            _ => {}
        }
    }
}
