//! Random values and mutations, the same in every run.

use pgstore::wire::Draft;
use pgstore::{Key, Values, go};
use serde::Serialize;
use serde_json::{Map, Value};

use super::bytes::{encoded, saved, vectors};
use crate::support::{apply, trial};

pub(super) use crate::support::chance::Chance;

impl Chance {
    fn text(&mut self) -> String {
        (0..self.below(6))
            .map(|_| ['a', 'é', '\0', 'Z', '😀'][self.below(5)])
            .collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Value::from(self.below(2) == 0),
            1 => Value::from(i64::try_from(self.below(1 << 20)).unwrap() - (1 << 19)),
            2 => Value::from(u64::MAX - self.below(300) as u64),
            3 => Value::from(self.below(1000) as f64 / 8.0 + 0.0625),
            4 => Value::from(self.text()),
            5 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let entries = (0..self.below(4)).map(|_| (self.text(), self.value(depth - 1)));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

#[apply(trial)]
async fn random_values_come_back() {
    let mut chance = Chance::new(42);
    for _ in 0..500 {
        let value = chance.value(4);
        let mut values = Values::new();
        values.insert("k", &value).unwrap();
        let again = saved(&values);
        assert_eq!(again.get::<Value>("k").unwrap(), Some(value));
        assert_eq!(again.encode(), values.encode());
    }
}

#[apply(trial)]
async fn random_values_written_over_each_other_read_as_written() {
    let mut chance = Chance::new(7);
    let mut values = Values::new();
    for _ in 0..2000 {
        let key = go::Int(i64::try_from(chance.below(5)).unwrap());
        let value = chance.value(3);
        values.insert(key, &value).unwrap();
        if chance.below(4) == 0 {
            values = saved(&values);
        }
        assert_eq!(values.get::<Value>(key).unwrap(), Some(value));
    }
}

/// Changes, removes or adds a few bytes.
pub(super) fn mutate(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.below(3) {
        let at = chance
            .below(bytes.len().max(1))
            .min(bytes.len().saturating_sub(1));
        let byte = u8::try_from(chance.below(256)).unwrap();
        match chance.below(4) {
            0 if !bytes.is_empty() => drop(bytes.remove(at)),
            1 => bytes.insert(at, byte),
            _ if !bytes.is_empty() => bytes[at] = byte,
            _ => {}
        }
    }
    bytes
}

#[apply(trial)]
async fn mutated_vectors_neither_panic_nor_hang() {
    let mut chance = Chance::new(1);
    let seeds = vectors("gob").into_iter().chain(vectors("gob-decode-m"));
    let seeds: Vec<_> = seeds.map(|(_, vector)| encoded(&vector)).collect();
    for seed in seeds.iter().filter(|seed| seed.len() < 2000) {
        for _ in 0..60 {
            if let Ok(mut values) = Values::decode(&mutate(seed, &mut chance)) {
                use_all(&mut values, &mut chance);
            }
        }
    }
}

fn use_all(values: &mut Values, chance: &mut Chance) {
    let keys: Vec<_> = values
        .keys()
        .filter_map(|key| key.and_then(Key::of))
        .collect();
    for key in keys {
        let _ = values.get::<Value>(&key);
        let _ = values.get::<String>(&key);
        let _ = values.get::<Vec<u8>>(&key);
        let _ = values.push(&key, &draft(&1));
        values.put(&key, &draft(&chance.value(2)));
    }
    let encoded = values.encode();
    assert_eq!(Values::decode(&encoded).unwrap().encode(), encoded);
}

fn draft<T: Serialize>(value: &T) -> Draft {
    Draft::new("k", value).unwrap()
}

#[apply(trial)]
async fn whatever_opens_can_be_written_and_opened_again() {
    let mut chance = Chance::new(99);
    let seeds = vectors("gob")
        .into_iter()
        .map(|(_, vector)| encoded(&vector));
    for seed in seeds.filter(|seed| seed.len() < 2000) {
        for _ in 0..60 {
            let Ok(values) = Values::decode(&mutate(&seed, &mut chance)) else {
                continue;
            };
            let once = values.encode();
            let again = Values::decode(&once).unwrap();
            assert_eq!(again.len(), values.len());
            assert_eq!(again.encode(), once);
        }
    }
}

#[apply(trial)]
async fn long_values_open_again() {
    let lists: [&dyn Fn(&mut Values); 6] = [
        &|values| values.insert("k", vec![0_i64; 100_000]).unwrap(),
        &|values| values.insert("k", vec![None::<bool>; 50_000]).unwrap(),
        &|values| values.insert("k", vec![Vec::<i64>::new(); 20_000]).unwrap(),
        &|values| values.insert("k", vec!["x".repeat(100); 10_000]).unwrap(),
        &|values| (0..2000).for_each(|n| values.insert(go::Int(n), true).unwrap()),
        &|values| {
            let map: Map<_, _> = (0..20_000)
                .map(|n| (n.to_string(), Value::Bool(true)))
                .collect();
            values.insert("k", &map).unwrap();
        },
    ];
    for fill in lists {
        let mut values = Values::new();
        fill(&mut values);
        assert_eq!(saved(&values).encode(), values.encode());
    }
}
