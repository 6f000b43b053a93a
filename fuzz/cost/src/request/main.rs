//! Makes the usual requests over a store that does nothing, one function for each kind of work. `scripts/request-cost`
//! runs it under callgrind, which counts the instructions and allocations of each call.
//!
//! `request-cost ROUNDS` does each work that many times and prints its name: the last call has warm caches.

mod still_store;
mod visit;
mod work;

use std::env;
use std::process::ExitCode;

use work::Bench;

fn main() -> ExitCode {
    let rounds = env::args().nth(1).and_then(|rounds| rounds.parse().ok());
    let Some(rounds) = rounds else {
        eprintln!("usage: request-cost ROUNDS");
        return ExitCode::from(2);
    };
    let bench = Bench::new();
    for _ in 0..rounds {
        bench.do_all();
    }
    ExitCode::SUCCESS
}
