//! Looks for gobs that are dearer to open than those of the corpus: hill climbing by time.

use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use crate::chance::Chance;
use crate::corpus;
use crate::text::Texts;

/// How many of the dearest are bred from.
const KEPT: usize = 24;

/// Prints the dearest gobs after that many rounds.
pub fn search(characters: usize, rounds: usize) {
    let texts = Texts::within(characters);
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let seeds: Vec<_> = corpus::gobs(texts.most()).map(|(_, gob)| gob).collect();
    let mut dearest: Vec<_> = seeds.iter().filter_map(|gob| timed(&texts, gob)).collect();
    keep(&mut dearest);
    for _ in 0..rounds {
        let parent = &dearest[chance.below(dearest.len())].1;
        let other = &seeds[chance.below(seeds.len())];
        let child = chance.mutate(parent, other);
        dearest.extend(timed(&texts, &child));
        keep(&mut dearest);
    }
    for (time, gob) in &dearest {
        println!("{time:?} {}", HEXLOWER.encode(gob));
    }
}

/// The gob and the least of a few times, since others use the processor, too.
fn timed(texts: &Texts, gob: &[u8]) -> Option<(Duration, Vec<u8>)> {
    let text = texts.seal(gob)?;
    let times = (0..4).map(|_| {
        let start = Instant::now();
        texts.open_once(&text);
        start.elapsed()
    });
    Some((times.min()?, gob.to_vec()))
}

fn keep(dearest: &mut Vec<(Duration, Vec<u8>)>) {
    dearest.sort_by(|a, b| b.cmp(a));
    dearest.dedup();
    dearest.truncate(KEPT);
}
