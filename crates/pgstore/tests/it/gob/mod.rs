//! The gob codec: against Go's vectors, another implementation, the insert table, and bad bytes.

use libtest_mimic::Trial;

mod bytes;
mod go;
mod hostile;
mod insert;
mod keep;
mod keys;
mod random;
mod read;
mod vectors;

pub(crate) fn trials() -> Vec<Trial> {
    let trials = [
        vectors::trials(),
        insert::trials(),
        keep::trials(),
        keys::trials(),
        read::trials(),
        hostile::trials(),
        random::trials(),
        go::trials(),
    ];
    trials.into_iter().flatten().collect()
}
