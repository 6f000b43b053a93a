//! The gob codec: against Go's vectors, another implementation, the insert table, and bad bytes.

use libtest_mimic::Trial;

mod bytes;
mod go;
mod go_lines;
mod go_named;
mod hostile;
mod insert;
mod keep;
mod keys;
mod named;
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
        named::trials(),
        go::trials(),
        go_named::trials(),
        go_lines::trials(),
    ];
    trials.into_iter().flatten().collect()
}
