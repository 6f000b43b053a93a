//! Nodes in Rust and nodes in Go on the same sessions, at the same time.

mod history;
mod planted;
mod rotation;
mod writers;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = writers::trials();
    trials.extend(rotation::trials());
    trials.extend(planted::trials());
    trials
}

/// The cookie of both applications.
const NAME: &str = "session-key";
