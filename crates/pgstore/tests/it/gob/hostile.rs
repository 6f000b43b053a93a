//! Hostile bytes: answered quickly, on a small stack, with little memory.

use std::collections::HashMap;
use std::time::Duration;

use cpu_time::ThreadTime;
use pgstore::Values;
use pgstore::wire::{GobError, gob};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::bytes::{Gob, hex, one_value, session_type, slice_type, struct_type};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

/// The limit for a thread's CPU time: a millisecond, and ten times that without optimizations. Other
/// tests share the caches, so the best of a few runs counts.
const BOUND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 10 } else { 1 });

/// Runs on a thread with a stack of 1 MiB. Checks the best CPU time of five runs.
fn timed(what: &str, run: impl Fn() + Send + Clone + 'static) {
    let best = (0..5).map(|_| {
        let run = run.clone();
        let thread = std::thread::Builder::new()
            .stack_size(1 << 20)
            .spawn(move || {
                let start = ThreadTime::now();
                run();
                start.elapsed()
            });
        thread.unwrap().join().expect("no panic")
    });
    let best = best.min().unwrap();
    if std::env::var_os("PGSTORE_TIMINGS").is_some() {
        println!("{what}: {best:?}");
    }
    assert!(best < BOUND, "{what}: {best:?}");
}

/// Uses a session's values in every way that a program can.
fn exercise(values: &Values) {
    let copy = values.clone();
    assert!(format!("{copy:?}").len() < 4096);
    let again = Values::decode(&copy.encode()).unwrap();
    let _ = again.get::<Value>("k");
    let _ = again.get::<HashMap<String, IgnoredAny>>("k");
    let mut changed = again;
    changed.insert("k", json!({"F": {"A": 1}})).unwrap();
    let _ = changed.encode();
}

#[apply(trial)]
async fn the_doubling_blob_is_read_and_written_at_once() {
    let mut definitions = Vec::new();
    for id in 66..88 {
        let inner = if id == 87 { 2 } else { id + 1 };
        definitions.extend(struct_type(id, &[("A", inner), ("B", inner)]));
    }
    let blob = one_value(&definitions, "main.T", 66, &[0]);
    let full = one_value(
        &definitions,
        "main.T",
        66,
        &[[1; 22].as_slice(), &[2], &[0; 22]].concat(),
    );
    assert!(blob.len() < 800, "{}", blob.len());
    timed("doubling", move || {
        for blob in [&blob, &full] {
            let values = Values::decode(blob).unwrap();
            exercise(&values);
        }
    });
}

/// That many nested `[]interface {}`. The innermost is empty.
fn deep(levels: usize) -> Vec<u8> {
    let mut body = vec![0, 0];
    for _ in 1..levels {
        body = vec![0, 1].text("[]interface {}").int(66).message(&body);
    }
    one_value(&slice_type(66, 8), "[]interface {}", 66, &body)
}

/// The same with all lengths 0, which the decoder ignores: its size grows with its depth only.
fn deep_and_cheap(levels: usize) -> Vec<u8> {
    let level = [0, 1].to_vec().text("[]interface {}").int(66).raw(&[0]);
    let mut body = level.repeat(levels - 1);
    body.extend([0, 0]);
    one_value(&slice_type(66, 8), "[]interface {}", 66, &body)
}

#[apply(trial)]
async fn deep_lists_are_refused_at_once() {
    for blob in [
        deep(400),
        deep(129),
        deep_and_cheap(400),
        deep_and_cheap(100_000),
    ] {
        timed("deep", move || {
            assert_eq!(Values::decode(&blob).told().unwrap_err(), GobError::TooDeep);
        });
    }
}

#[apply(trial)]
async fn the_deepest_values_work_on_a_small_stack() {
    for blob in [deep(128), deep_and_cheap(128)] {
        timed("128 levels", move || {
            exercise(&Values::decode(&blob).unwrap())
        });
    }
}

#[apply(trial)]
async fn deep_types_are_no_deep_values() {
    // [][][]…, 2,000 levels without elements: no code may recurse over types.
    let mut definitions = Vec::new();
    for id in 66..2066 {
        definitions.extend(slice_type(id, id + 1));
    }
    definitions.extend(slice_type(2066, 2));
    let blob = one_value(&definitions, "main.Deep", 66, &[0, 0]);
    let values = Values::decode(&blob).unwrap();
    assert_eq!(values.get::<Value>("k").unwrap(), Some(json!([])));
    assert_eq!(
        Values::decode(&values.encode()).unwrap().encode(),
        values.encode()
    );
    assert_eq!(values.clone().encode().len(), values.encode().len());
}

#[apply(trial)]
async fn declared_counts_are_not_believed() {
    let huge = Vec::new().raw(&[0]).uint(1 << 40).raw(&[2; 20]);
    let lists = [
        one_value(&slice_type(66, 2), "[]int", 66, &huge),
        one_value(&slice_type(66, 8), "[]interface {}", 66, &huge),
        one_value(&[], "[]uint8", 5, &huge),
        one_value(&[], "string", 6, &huge),
        session_type().message(&Vec::new().int(65).raw(&[0]).uint(u64::MAX)),
        session_type().uint(u64::MAX),
        Vec::new().message(&Vec::new().int(-66).raw(&[3, 1, 0, 1]).uint(1 << 50)),
    ];
    for blob in lists {
        timed("huge counts", move || {
            assert!(Values::decode(&blob).is_err())
        });
    }
}

#[apply(trial)]
async fn elements_of_no_bytes_are_counted() {
    // Go reads a struct at the end of a message as empty, as often as a map's length says.
    let mut map = Vec::new()
        .int(-67)
        .raw(&[4, 1, 2])
        .int(67)
        .raw(&[0, 1])
        .int(66)
        .raw(&[1])
        .int(66);
    map.extend([0, 0]);
    let definitions = [struct_type(66, &[]), Vec::new().message(&map)].concat();
    let blob = one_value(
        &definitions,
        "main.T",
        67,
        &Vec::new().raw(&[0]).uint(1 << 50),
    );
    timed("no bytes", move || {
        // All keys are equal, so there is one entry. The length alone is the attack.
        assert_eq!(
            Values::decode(&blob).told().unwrap_err(),
            GobError::TooLarge
        );
    });
}

#[apply(trial)]
async fn wide_types_do_not_multiply_empty_structs() {
    let names: Vec<_> = (0..2000).map(|n| format!("F{n}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), 2)).collect();
    let definitions = [struct_type(66, &fields), slice_type(67, 66)].concat();
    let body = Vec::new().raw(&[0]).uint(50_000).raw(&[0; 50_000]);
    let values = Values::decode(&one_value(&definitions, "[]main.T", 67, &body)).unwrap();
    let error = values.get::<Value>("k").told().unwrap_err();
    assert!(error.to_string().contains("zero"), "{error}");
    assert_eq!(
        Values::decode(&values.encode()).unwrap().encode(),
        values.encode()
    );
}

#[apply(trial)]
async fn ids_and_definitions_are_checked() {
    let error = |blob: Vec<u8>| Values::decode(&blob).told().unwrap_err();
    let with = |definitions: &[u8], ty| error(one_value(definitions, "main.T", ty, &[0, 0]));
    assert_eq!(with(&[], 66), GobError::UndefinedType(66));
    assert_eq!(with(&[], 9), GobError::UndefinedType(9));
    assert_eq!(with(&[], 1 << 31), GobError::BadTypeId(1 << 31));
    assert_eq!(with(&slice_type(63, 2), 63), GobError::BadTypeId(63));
    assert_eq!(with(&slice_type(65, 2), 65), GobError::BadTypeId(65));
    assert_eq!(
        with(&slice_type(1 << 31, 2), 65),
        GobError::BadTypeId(1 << 31)
    );
    assert_eq!(with(&slice_type(66, 99), 66), GobError::UndefinedType(99));
    assert_eq!(
        with(&struct_type(66, &[("", 2)]), 66),
        GobError::BadDefinition
    );
    assert_eq!(with(&[], 8), GobError::WrongType("main.T".into()));
    let kinds = Vec::new().message(&Vec::new().int(-66).raw(&[1, 0, 1, 0, 0]));
    assert_eq!(with(&kinds, 66), GobError::BadDefinition);
    let empty = Vec::new().message(&Vec::new().int(-66).raw(&[0]));
    assert_eq!(with(&empty, 66), GobError::UndefinedType(66));
    assert!(
        Values::decode(&one_value(&empty, "int", 2, &[0, 2])).is_ok(),
        "unused"
    );
    let field = one_value(&struct_type(66, &[("A", 2)]), "main.T", 66, &[2, 2, 0]);
    assert_eq!(error(field), GobError::FieldNumber);
    let cycle = [slice_type(66, 67), slice_type(67, 66)].concat();
    assert!(Values::decode(&one_value(&cycle, "main.T", 66, &[0, 1, 0])).is_ok());
    let wire_type = one_value(&[], "main.T", 16, &[0]);
    assert_eq!(error(wire_type), GobError::UndefinedType(16));
}

#[apply(trial)]
async fn names_and_numbers_are_checked() {
    let error = |name: &str, ty, body: &[u8]| {
        Values::decode(&one_value(&[], name, ty, body))
            .told()
            .unwrap_err()
    };
    assert_eq!(error("int8", 2, &[0, 0xfe, 1, 0]), GobError::OutOfRange);
    assert_eq!(error("uint8", 3, &[0, 0xfe, 1, 0]), GobError::OutOfRange);
    assert_eq!(
        error("int64", 3, &[0, 2]),
        GobError::WrongType("int64".into())
    );
    assert_eq!(
        error("string", 5, &[0, 0]),
        GobError::WrongType("string".into())
    );
    let beyond = Vec::new().raw(&[0]).uint(1e300_f64.to_bits().swap_bytes());
    assert_eq!(error("float32", 4, &beyond), GobError::OutOfRange);
    assert_eq!(error(&"x".repeat(1025), 2, &[0, 2]), GobError::NameTooLong);
    assert!(Values::decode(&one_value(&[], &"x".repeat(1024), 2, &[0, 2])).is_ok());
    let list = |name: &str, elem, body: &[u8]| {
        Values::decode(&one_value(&slice_type(66, elem), name, 66, body))
    };
    assert_eq!(
        list("[]int8", 2, &[0, 1, 0xfe, 1, 0]).told().unwrap_err(),
        GobError::OutOfRange
    );
    assert_eq!(
        list("[]int8", 6, &[0, 0]).told().unwrap_err(),
        GobError::WrongType("[]int8".into())
    );
    assert_eq!(
        list("[]interface {}", 2, &[0, 0]).told().unwrap_err(),
        GobError::WrongType("[]interface {}".into())
    );
    let time = Vec::new().message(
        &Vec::new()
            .int(-66)
            .raw(&[5, 1, 1, 4])
            .raw(b"Time")
            .raw(&[0, 0, 0]),
    );
    let bad = Values::decode(&one_value(&time, "time.Time", 66, &[0, 1, 1]))
        .told()
        .unwrap_err();
    assert_eq!(bad, GobError::BadTime);
    let array = Vec::new().message(&Vec::new().int(-66).raw(&[1, 1, 0, 1, 4, 1, 6, 0, 0]));
    let array = |name: &str, body: &[u8]| Values::decode(&one_value(&array, name, 66, body));
    assert_eq!(
        array("main.T", &[0, 2, 2, 2]).told().unwrap_err(),
        GobError::ArrayLength
    );
    // A program may register any type of its own under that name.
    assert!(array("[4]int", &[0, 3, 2, 2, 2]).is_ok());
    assert!(array("[3]int", &[0, 3, 2, 2, 2]).is_ok());
}

#[apply(trial)]
async fn messages_must_be_whole() {
    let whole = deep(3);
    for end in 0..whole.len() {
        assert_eq!(
            Values::decode(&whole[..end]).told().unwrap_err(),
            GobError::UnexpectedEnd,
            "{end}"
        );
    }
    assert!(Values::decode(&whole).is_ok());
    assert_eq!(
        Values::decode(&hex("00")).told().unwrap_err(),
        GobError::UnexpectedEnd
    );
    assert_eq!(
        gob::decode(&hex("060a0003616263")).unwrap().node().text(),
        "616263"
    );
    let extra = hex("0fff81040102ff8200011001100000").raw(&[0]);
    assert_eq!(
        Values::decode(&extra).told().unwrap_err(),
        GobError::ExtraData
    );
}

/// The most bytes of a gob in a text of Go's limit, 4096 characters.
const MOST: usize = 2271;

/// Fills up to the limit with copies of the part.
fn filled(head: &[u8], part: &[u8]) -> Vec<u8> {
    let copies = (MOST - 40 - head.len()) / part.len().max(1);
    [head, &part.repeat(copies)].concat()
}

fn count_of(part: &[u8], definitions: usize) -> u64 {
    ((MOST - 120 - definitions) / part.len()) as u64
}

#[apply(trial)]
async fn no_text_within_gos_limit_costs_more_than_a_millisecond_to_open() {
    let any = Vec::new().text("int").int(2).message(&[0, 2]);
    let empty_list = Vec::new().text("[]interface {}").int(66).raw(&[2, 0, 0]);
    let key = Vec::new().text("").raw(&[]);
    let lists = [&[2][..], &[0], &any, &empty_list, &key];
    for (nth, part) in lists.into_iter().enumerate() {
        let elem = if nth < 1 { 2 } else { 8 };
        let name = if nth < 1 { "[]int" } else { "[]interface {}" };
        let definition = slice_type(66, elem);
        let count = count_of(part, definition.len());
        let body = Vec::new().raw(&[0]).uint(count);
        let body = body.raw(&part.repeat(usize::try_from(count).unwrap()));
        let blob = one_value(&definition, name, 66, &body);
        timed(&format!("a list, {nth}"), move || {
            let _ = Values::decode(&blob);
        });
    }
    // Maps whose keys are all equal, all different, or structs.
    for keys in ["equal", "different"] {
        let mut body = Vec::new().raw(&[0]).uint(300);
        for nth in 0..300 {
            let nth = if keys == "equal" { 0 } else { nth };
            let number = Vec::new().raw(&[0]).int(nth);
            body = body
                .raw(&Vec::new().text("int").int(2).message(&number))
                .raw(&[0]);
        }
        let blob = one_value(&[], "map[interface {}]interface {}", 65, &body);
        timed(&format!("{keys} keys"), move || {
            Values::decode(&blob).unwrap();
        });
    }
    // As many definitions as fit: chains, wide structs, and structs of structs.
    let chain: Vec<_> = (66..200).flat_map(|id| slice_type(id, id + 1)).collect();
    let chain = [chain, slice_type(200, 2)].concat();
    let names: Vec<_> = (0..200).map(|n| format!("F{n}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), 66)).collect();
    let wide = struct_type(66, &fields);
    for (what, blob) in [
        ("a chain", one_value(&chain, "main.T", 66, &[0, 0])),
        ("a wide struct", one_value(&wide, "main.T", 66, &[0])),
        ("nesting", deep_and_cheap(120)),
        ("much too deep", deep_and_cheap(MOST / 20)),
        ("bytes of no meaning", filled(&session_type(), &[1])),
        ("many messages", filled(&[], &[1, 0])),
        ("no length", filled(&session_type(), &[0])),
    ] {
        assert!(blob.len() <= 2 * MOST, "{what}: {}", blob.len());
        timed(what, move || {
            let _ = Values::decode(&blob);
        });
    }
}

/// The dearest of many mutations of all vectors.
#[apply(trial)]
async fn no_mutated_gob_costs_more_than_a_millisecond_to_open() {
    let mut chance = super::random::Chance::new(9);
    let seeds = super::bytes::vectors("gob").into_iter();
    let seeds = seeds.map(|(_, vector)| super::bytes::encoded(&vector));
    let mut dearest = (Duration::ZERO, Vec::new());
    for seed in seeds.filter(|seed| seed.len() <= MOST) {
        for _ in 0..50 {
            let blob = super::random::mutate(&seed, &mut chance);
            let start = ThreadTime::now();
            let _ = Values::decode(&blob);
            if start.elapsed() > dearest.0 {
                dearest = (start.elapsed(), blob);
            }
        }
    }
    let (_, blob) = dearest;
    timed("the dearest mutation", move || {
        let _ = Values::decode(&blob);
    });
}
