//! The fuzz targets' properties as plain loops over mutated seeds, the same in every run.
//!
//! These trials run on no runtime: the properties poll futures themselves, and tokio makes a task
//! that polls for long wait.

#[path = "../../../../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::{properties, seeds};

use crate::support::chance::Chance;
use crate::support::{apply, trial};

/// How many mutations of each property are tried: a few seconds together, in a debug build.
const ROUNDS: usize = 10_000;

#[apply(trial)]
fn what_opens_is_sealed_and_opens_to_the_same() {
    over_mutations(&seeds::cookies(), properties::cookie);
}

#[apply(trial)]
fn what_decodes_is_encoded_and_decodes_to_the_same() {
    over_mutations(&seeds::gobs(), properties::gob);
}

#[apply(trial)]
fn no_other_cookies_hide_ours() {
    over_mutations(&seeds::cookie_headers(), properties::cookie_header);
}

#[apply(trial)]
fn no_connection_string_panics_or_shows_its_password() {
    over_mutations(&seeds::connection_strings(), properties::connection_string);
}

#[apply(trial)]
fn mutations_are_the_same_in_every_run() {
    let seeds = seeds::gobs();
    let run = || {
        let mut chance = Chance::new(1);
        (0..100)
            .map(|_| chance.mutation(&seeds))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
    assert!(run().iter().any(|mutation| !seeds.contains(mutation)));
}

/// The seeds as they are, then mutations of them. A failure prints the bytes.
fn over_mutations(seeds: &[Vec<u8>], property: fn(&[u8])) {
    let mut chance = Chance::new(0x9e37_79b9_7f4a_7c15);
    let mutations = (0..ROUNDS).map(|_| chance.mutation(seeds));
    for bytes in seeds.iter().cloned().chain(mutations) {
        let result = std::panic::catch_unwind(|| property(&bytes));
        assert!(
            result.is_ok(),
            "the property fails of {:?}",
            bytes.escape_ascii().to_string()
        );
    }
}

impl Chance {
    fn byte(&mut self) -> u8 {
        // Those at the ends of ranges, and those that mean something somewhere.
        const TELLING: &[u8] = b"\0\x01\x7f\x80\xf8\xff|=;,&?:@/%'\"\\ -A";
        match self.below(3) {
            0 => u8::try_from(self.below(256)).unwrap(),
            _ => TELLING[self.below(TELLING.len())],
        }
    }

    /// A seed with one to four changes.
    fn mutation(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = at + self.below(bytes.len() - at + 1).min(8);
            match self.below(6) {
                0 => bytes.insert(at, self.byte()),
                1 => drop(bytes.drain(at..end)),
                2 => bytes.truncate(at),
                3 => bytes.extend_from_within(at..end),
                4 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len() + 1);
                    bytes.splice(at.., other[from..].iter().copied());
                }
                _ => bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte = self.byte()),
            }
        }
        bytes
    }
}
