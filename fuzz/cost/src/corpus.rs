//! Gobs that are dear to open, as large as they may be.

use std::io;

use data_encoding::HEXLOWER;

use crate::build::{Gob, one_value, session_type, slice_type, struct_type};
use crate::chance::Chance;
use crate::text::greatest;

#[path = "../../src/seeds.rs"]
#[allow(dead_code, unreachable_pub, reason = "the fuzz targets use more of it")]
mod seeds;

/// How many mutations of each seed are opened.
const MUTATIONS: usize = 1;

/// The gobs of up to that many bytes, with their names.
pub fn gobs(most: usize) -> impl Iterator<Item = (String, Vec<u8>)> {
    let mut all = built(most);
    all.extend(found());
    all.extend(mutated(most));
    all.into_iter().filter(move |(_, gob)| gob.len() <= most)
}

/// What Go wrote, and mutations of it.
fn mutated(most: usize) -> Vec<(String, Vec<u8>)> {
    let mut chance = Chance(9);
    let seeds: Vec<_> = seeds::gobs()
        .into_iter()
        .filter(|gob| gob.len() <= most)
        .collect();
    let mut all = Vec::new();
    for (nth, seed) in seeds.iter().enumerate() {
        all.push((format!("seed {nth}"), seed.clone()));
        for round in 0..MUTATIONS {
            let other = &seeds[chance.below(seeds.len())];
            let name = format!("seed {nth}, mutation {round}");
            all.push((name, chance.mutate(seed, other)));
        }
    }
    all
}

/// What `opening-cost search` has found.
fn found() -> impl Iterator<Item = (String, Vec<u8>)> {
    let lines = include_str!("../found.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines.enumerate().map(|(nth, hex)| {
        let gob = HEXLOWER.decode(hex.as_bytes()).expect("found.txt is hex");
        (format!("found {nth}"), gob)
    })
}

/// Gobs in hex from the standard input, one a line. What is no hex is left out.
pub fn given() -> impl Iterator<Item = (String, Vec<u8>)> {
    let lines = io::stdin().lines().map_while(Result::ok).enumerate();
    lines.filter_map(|(nth, hex)| {
        let gob = HEXLOWER.decode(hex.as_bytes()).ok()?;
        Some((format!("given {nth}"), gob))
    })
}

fn built(most: usize) -> Vec<(String, Vec<u8>)> {
    let mut all = lists(most);
    all.extend(maps(most));
    all.extend(definitions(most));
    all.extend(nested(most));
    all.extend(names(most));
    all
}

/// As many repetitions as fit. `make` gets their number.
fn largest(most: usize, make: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    make(greatest(most, |count| make(count).len() <= most))
}

fn int(value: i64) -> Vec<u8> {
    let number = Vec::new().raw(&[0]).int(value);
    Vec::new().text("int").int(2).message(&number)
}

fn number(nth: usize) -> i64 {
    i64::try_from(nth).unwrap_or(i64::MAX)
}

/// A list of one part again and again.
fn list(definitions: &[u8], name: &str, part: &[u8], count: usize) -> Vec<u8> {
    let body = Vec::new()
        .raw(&[0])
        .uint(count as u64)
        .raw(&part.repeat(count));
    one_value(definitions, name, 66, &body)
}

fn lists(most: usize) -> Vec<(String, Vec<u8>)> {
    let any = slice_type(66, 8);
    let empty = Vec::new().text("[]interface {}").int(66).raw(&[2, 0, 0]);
    let point = [slice_type(66, 67), struct_type(67, &[("A", 2), ("B", 2)])].concat();
    let nested = [slice_type(66, 67), slice_type(67, 2)].concat();
    let cases: [(&str, &str, Vec<u8>, Vec<u8>); 7] = [
        ("ints", "[]int", slice_type(66, 2), vec![2]),
        ("nils", "[]interface {}", any.clone(), vec![0]),
        ("boxed ints", "[]interface {}", any.clone(), int(1)),
        ("boxed empty lists", "[]interface {}", any, empty),
        ("empty structs", "main.T", point.clone(), vec![0]),
        ("structs", "main.T", point, vec![1, 2, 1, 2, 0]),
        ("empty lists", "main.T", nested, vec![0]),
    ];
    let list = |(what, name, definitions, part): (&str, &str, Vec<u8>, Vec<u8>)| {
        let gob = largest(most, |count| list(&definitions, name, &part, count));
        (format!("a list of {what}"), gob)
    };
    cases.map(list).into()
}

fn maps(most: usize) -> Vec<(String, Vec<u8>)> {
    type MakeKey = fn(usize) -> Vec<u8>;
    let keys: [(&str, MakeKey); 4] = [
        ("equal ints", |_| int(0)),
        ("ints", |nth| int(number(nth))),
        ("texts", |nth| {
            let text = Vec::new().raw(&[0]).text(&nth.to_string());
            Vec::new().text("string").int(6).message(&text)
        }),
        ("floats that equal nothing", |_| {
            let nan = Vec::new().raw(&[0]).uint(f64::NAN.to_bits().swap_bytes());
            Vec::new().text("float64").int(4).message(&nan)
        }),
    ];
    let map = |(what, key): (&str, MakeKey)| {
        let body = |count: usize| {
            let body = Vec::new().raw(&[0]).uint(count as u64);
            (0..count).fold(body, |body, nth| body.raw(&key(nth)).raw(&[0]))
        };
        let inner = |count| one_value(&[], "map[interface {}]interface {}", 65, &body(count));
        let outer = |count| session_type().message(&Vec::new().int(65).raw(&body(count)));
        [
            (format!("a map of {what}"), largest(most, inner)),
            (format!("a session of {what}"), largest(most, outer)),
        ]
    };
    keys.into_iter().flat_map(map).collect()
}

/// As many type definitions as fit.
fn definitions(most: usize) -> Vec<(String, Vec<u8>)> {
    let chain = |count: usize| {
        let chain = (0..count).flat_map(|nth| slice_type(66 + number(nth), 67 + number(nth)));
        let chain: Vec<_> = chain.chain(slice_type(66 + number(count), 2)).collect();
        one_value(&chain, "main.T", 66, &[0, 0])
    };
    let structs = |count: usize| {
        let one = |nth: usize| {
            let inner = if nth + 1 < count { 67 + number(nth) } else { 2 };
            struct_type(66 + number(nth), &[("A", inner), ("B", inner)])
        };
        one_value(
            &(0..count).flat_map(one).collect::<Vec<_>>(),
            "main.T",
            66,
            &[0],
        )
    };
    let wide = |count: usize| {
        let names: Vec<_> = (0..count).map(|nth| nth.to_string()).collect();
        let fields: Vec<_> = names.iter().map(|name| (name.as_str(), 66)).collect();
        one_value(&struct_type(66, &fields), "main.T", 66, &[0])
    };
    let wide_list = |count: usize| {
        let names: Vec<_> = (0..count / 4).map(|nth| nth.to_string()).collect();
        let fields: Vec<_> = names.iter().map(|name| (name.as_str(), 67)).collect();
        let definitions = [slice_type(66, 67), struct_type(67, &fields)].concat();
        list(&definitions, "main.T", &[0], count)
    };
    // Each element of a list brings a type of its own: an empty struct, or a list of the last one.
    let own = |name: &'static str, define: fn(i64) -> Vec<u8>, body: &'static [u8]| {
        move |count: usize| {
            let mut elements = Vec::new().raw(&[0]).uint(count as u64);
            for nth in 0..count {
                let id = 67 + number(nth);
                let message = define(id);
                // Without its length, as inside an interface, and with the length of the rest.
                let definition = &message[if message[0] < 128 { 1 } else { 2 }..];
                elements = elements.text(name).raw(definition).raw(&[0]);
                elements = elements.int(id).message(body);
            }
            one_value(&slice_type(66, 8), "[]interface {}", 66, &elements)
        }
    };
    [
        ("a chain of definitions", largest(most, chain)),
        ("structs of structs", largest(most, structs)),
        ("a wide struct", largest(most, wide)),
        ("a list of wide structs", largest(most, wide_list)),
        (
            "own structs",
            largest(most, own("T", |id| struct_type(id, &[]), &[0])),
        ),
        (
            "own structs of a field",
            largest(most, own("T", |id| struct_type(id, &[("A", id)]), &[0])),
        ),
        (
            "own chains",
            largest(
                most,
                own("T", |id| slice_type(id, (id - 1).max(2)), &[0, 0]),
            ),
        ),
        (
            "own rings",
            largest(most, own("[]T", |id| slice_type(id, id), &[0, 0])),
        ),
    ]
    .map(|(what, gob)| (what.to_owned(), gob))
    .into()
}

fn nested(most: usize) -> Vec<(String, Vec<u8>)> {
    // All lengths are 0: the decoder does not need them.
    let level = Vec::new()
        .raw(&[0, 1])
        .text("[]interface {}")
        .int(66)
        .raw(&[0]);
    let any = Vec::new().raw(&[0, 1]).text("[]T").int(66).raw(&[0]);
    let deep = |level: &[u8], count: usize| {
        let body = [level.repeat(count), vec![0, 0]].concat();
        one_value(&slice_type(66, 8), "[]interface {}", 66, &body)
    };
    let capped = |level: &[u8]| {
        let count = (most / level.len()).saturating_sub(9).min(126);
        deep(level, count)
    };
    let towers = |count: usize| {
        let tower = [level[2..].to_vec(), level.repeat(60), vec![0, 0]].concat();
        list(&slice_type(66, 8), "[]interface {}", &tower, count)
    };
    [
        ("nested lists", capped(&level)),
        ("nested lists of a name that says nothing", capped(&any)),
        (
            "lists that are nested too deeply",
            largest(most, |count| deep(&any, count)),
        ),
        ("towers", largest(most, towers)),
    ]
    .map(|(what, gob)| (what.to_owned(), gob))
    .into()
}

/// Registered names that are long, or that describe deep types.
fn names(most: usize) -> Vec<(String, Vec<u8>)> {
    let named = |name: String, ty: i64| {
        let part = Vec::new().text(&name).int(ty).raw(&[0, 0, 0]);
        largest(most, |count| {
            list(&slice_type(66, 8), "[]interface {}", &part, count)
        })
    };
    let maps = format!("{}int", "map[int]".repeat(100));
    [
        ("long names", named("x".repeat(1024), 66)),
        ("short names", named("T".to_owned(), 66)),
        (
            "names of deep lists",
            named(format!("{}T", "[]".repeat(500)), 66),
        ),
        (
            "names of deep pointers",
            named(format!("{}T", "*".repeat(1000)), 66),
        ),
        ("names of deep maps", named(maps, 65)),
        ("names of lists", named("[]interface {}".to_owned(), 66)),
        ("names of lists in lists", named("[][]T".to_owned(), 66)),
    ]
    .map(|(what, gob)| (what.to_owned(), gob))
    .into()
}
