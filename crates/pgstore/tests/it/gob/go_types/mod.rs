//! Rust values over random Go types: Go reads what was meant, or there was an error before anything
//! was written. Never another value, never a lost session.
//!
//! `interop/go/typegen.go` makes the types, and Go their values. `PGSTORE_TYPES=20000` runs more of
//! them than the few hundred of a usual run, `PGSTORE_TYPES_SEED=5` others.

mod meaning;
mod new_value;
mod program;

use std::collections::BTreeMap;
use std::env;

use pgstore::wire::Draft;
use pgstore::{ValueErrorKind, Values, go::Named};
use serde::Serialize;
use serde_json::Value;

use super::random::Chance;
use crate::support::{apply, go_trial};
use meaning::{Old, is_meant};
use new_value::{Copier, New, leaked, rows};
use program::Program;

/// How many types one Go program has, and how many values of each are tried.
const TYPES: usize = 250;
const VALUES: u64 = 2;

#[apply(go_trial)]
async fn go_reads_what_rust_meant_in_random_types() {
    let number = |name: &str| {
        env::var(name)
            .ok()
            .map(|text| text.parse().expect("a number"))
    };
    let types: usize = number("PGSTORE_TYPES")
        .unwrap_or(TYPES as u64)
        .try_into()
        .unwrap();
    let first = number("PGSTORE_TYPES_SEED").unwrap_or(1);
    let (mut counts, mut failures) = (Counts::default(), Vec::new());
    for seed in first..first + types.div_ceil(TYPES) as u64 {
        let mut trial = Trial {
            program: Program::start(seed, TYPES.min(types)),
            chance: Chance::new(0x9e37_79b9 ^ seed),
            counts: &mut counts,
            failures: &mut failures,
            seed,
        };
        trial.all_types();
    }
    println!("{types} Go types from seed {first}: {counts:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(counts.read > 60 * types, "{counts:?}");
}

#[derive(Debug, Default)]
struct Counts {
    /// Sessions that Go wrote.
    written_by_go: usize,
    /// Sessions that Go cannot read back itself: a bug of its decoder with recursive types.
    not_read_by_go: usize,
    /// Sessions that Go read after Rust's write, and found as meant.
    read: usize,
    /// Of them, values that kept their Go type.
    kept_type: usize,
    refused: BTreeMap<String, usize>,
}

struct Trial<'a> {
    program: Program,
    chance: Chance,
    counts: &'a mut Counts,
    failures: &'a mut Vec<String>,
    seed: u64,
}

/// One session that Go wrote, and what Go reads in it.
struct Written {
    gob: Vec<u8>,
    seen: Value,
    ty: usize,
}

impl Trial<'_> {
    fn all_types(&mut self) {
        for ty in 0..self.program.types.len() {
            for value in 0..VALUES {
                match self.program.write(ty, self.seed * 1000 + value) {
                    Some((gob, seen)) => self.one(&Written { gob, seen, ty }),
                    None => self.counts.not_read_by_go += 1,
                }
            }
        }
    }

    fn one(&mut self, written: &Written) {
        self.counts.written_by_go += 1;
        self.untouched(written);
        self.json(written);
        let go = under("k", &written.seen).clone();
        for new in rows() {
            self.over(written, &new);
        }
        for percent in [0, 0, 10, 20, 20, 40] {
            let mut copier = Copier {
                chance: &mut self.chance,
                percent,
            };
            let new = copier.copy(&go);
            self.over(written, &new);
            self.fresh(written, &new);
        }
    }

    /// Loading, an unrelated key, and removing.
    fn untouched(&mut self, written: &Written) {
        let values = Values::decode(&written.gob);
        let Ok(mut values) = values else {
            return self.fail(written, "loading", &format!("{:?}", values.unwrap_err()));
        };
        self.agrees(written, &values, "loading", &written.seen);
        values.insert("other", 1).unwrap();
        let read = self.program.read(&values.encode());
        let is_kept = read.is_ok_and(|read| under("k", &read) == under("k", &written.seen));
        if !is_kept {
            self.fail(written, "an unrelated key", "the value has changed");
        }
        values.remove("other");
        values.remove("k");
        let read = self.program.read(&values.encode());
        if read.is_err() {
            self.fail(written, "removing", &format!("{read:?}"));
        }
    }

    fn agrees(&mut self, written: &Written, values: &Values, what: &str, seen: &Value) {
        match self.program.read(&values.encode()) {
            Ok(read) if read == *seen => self.counts.read += 1,
            other => self.fail(written, what, &format!("{other:?}")),
        }
    }

    /// Reading as JSON.
    fn json(&mut self, written: &Written) {
        let values = Values::decode(&written.gob).unwrap();
        let go = under("k", &written.seen);
        match values.get::<Value>("k") {
            Ok(Some(json)) => {
                if let Err(error) = is_meant(&of_json(&json), &Old::Place(Some(go)), go) {
                    self.fail(written, "reading", &error);
                }
            }
            other => self.fail(written, "reading", &format!("{other:?}")),
        }
    }

    /// Writing over Go's value.
    fn over(&mut self, written: &Written, new: &New) {
        let write = |trial: &mut Self, new: &New| trial.try_over(written, new);
        self.write(written, new, "over Go's value", &write);
    }

    fn try_over(&mut self, written: &Written, new: &New) -> Result<Outcome, String> {
        let mut values = Values::decode(&written.gob).unwrap();
        let old = under("k", &written.seen).clone();
        let put = self.put(&mut values, "k", new);
        self.outcome(&values, put, "k", |got| {
            is_meant(new, &Old::Place(Some(&old)), got)?;
            Ok(got["t"] == old["t"])
        })
    }

    /// Writing under a fresh key, with the name of Go's type.
    fn fresh(&mut self, written: &Written, new: &New) {
        let write = |trial: &mut Self, new: &New| trial.try_fresh(written, new);
        self.write(written, new, "fresh", &write);
    }

    fn try_fresh(&mut self, written: &Written, new: &New) -> Result<Outcome, String> {
        let mut values = Values::decode(&written.gob).unwrap();
        let name = leaked(&self.program.types[written.ty]);
        let put = self.put(&mut values, "fresh", Named::new(name, new));
        let old = under("k", &written.seen).clone();
        self.outcome(&values, put, "fresh", |got| {
            is_meant(new, &Old::Place(None), got)?;
            (got["t"] == old["t"])
                .then_some(true)
                .ok_or_else(|| format!("it is a {}", got["t"]))
        })
    }

    fn put<T: Serialize>(
        &self,
        values: &mut Values,
        key: &str,
        new: T,
    ) -> Result<(), ValueErrorKind> {
        let before = values.encode();
        let draft = Draft::new(key, new);
        let put = draft.and_then(|draft| values.put_for(key, &draft, &self.program.peer));
        assert!(put.is_ok() || values.encode() == before);
        put.map_err(|error| error.kind().clone())
    }

    fn outcome(
        &mut self,
        values: &Values,
        put: Result<(), ValueErrorKind>,
        key: &str,
        judge: impl Fn(&Value) -> Result<bool, String>,
    ) -> Result<Outcome, String> {
        if let Err(kind) = put {
            return Ok(Outcome::Refused(kind));
        }
        let read = self.program.read(&values.encode())?;
        if under("n", &read)["v"] != "7" {
            return Err("another value has changed".to_owned());
        }
        judge(under(key, &read)).map(|kept| Outcome::Read { kept })
    }

    /// Counts the outcome. Shrinks a value that fails.
    fn write(
        &mut self,
        written: &Written,
        new: &New,
        what: &str,
        write: &dyn Fn(&mut Self, &New) -> Result<Outcome, String>,
    ) {
        match write(self, new) {
            Ok(Outcome::Read { kept }) => {
                self.counts.read += 1;
                self.counts.kept_type += usize::from(kept);
            }
            Ok(Outcome::Refused(kind)) => {
                let kind = format!("{kind:?}");
                let kind = kind.split([' ', '{']).next().unwrap_or_default().to_owned();
                *self.counts.refused.entry(kind).or_default() += 1;
            }
            Err(_) => {
                let smallest = self.shrunk(new.clone(), write);
                let error = write(self, &smallest).err().unwrap_or_default();
                self.fail(written, &format!("{what}: {smallest:?}"), &error);
            }
        }
    }

    fn shrunk(
        &mut self,
        new: New,
        write: &dyn Fn(&mut Self, &New) -> Result<Outcome, String>,
    ) -> New {
        let mut smallest = new;
        'again: loop {
            for smaller in smallest.smaller() {
                if write(self, &smaller).is_err() {
                    smallest = smaller;
                    continue 'again;
                }
            }
            return smallest;
        }
    }

    fn fail(&mut self, written: &Written, what: &str, error: &str) {
        if self.failures.len() > 20 {
            return;
        }
        let name = &self.program.types[written.ty];
        let declared = &self.program.declared[name.trim_start_matches('*')];
        let value = under("k", &written.seen);
        self.failures.push(format!(
            "seed {}: {what}\n  {error}\n  {name} = {declared}\n  over {value}\n",
            self.seed
        ));
    }
}

enum Outcome {
    Read { kept: bool },
    Refused(ValueErrorKind),
}

/// The value under a string key.
fn under<'a>(key: &str, seen: &'a Value) -> &'a Value {
    let mut entries = seen["entries"].as_array().expect("it is a session").iter();
    let found = entries.find(|entry| entry[0]["v"] == key);
    found.map_or(&Value::Null, |entry| &entry[1])
}

/// What is zero in JSON may be nil in Go: gob omits both.
fn of_json(json: &Value) -> New {
    match json {
        Value::Null | Value::Bool(false) => New::None,
        Value::Number(zero) if zero.as_f64() == Some(0.0) => New::None,
        Value::String(text) if text.is_empty() || text == "0001-01-01T00:00:00Z" => New::None,
        Value::Array(items) if items.is_empty() => New::None,
        Value::Object(pairs) if pairs.is_empty() => New::None,
        Value::Bool(value) => New::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => New::Int(value),
            (_, Some(value)) => New::Uint(value),
            _ => New::Float(number.as_f64().unwrap()),
        },
        Value::String(text) => New::Text(text.clone()),
        Value::Array(items) => match items.iter().map(of_json).collect::<Vec<_>>() {
            zeros if zeros.iter().all(|item| *item == New::None) => New::None,
            items => New::List(items),
        },
        Value::Object(pairs) => {
            let pairs = pairs.iter();
            let pairs =
                pairs.map(|(key, value)| (new_value::NewKey::Text(key.clone()), of_json(value)));
            New::Map(pairs.collect())
        }
    }
}
