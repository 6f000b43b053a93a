//! All integration tests in one binary: `cargo test --test it`.

#![allow(clippy::unwrap_used)] // Tests may panic.

use std::process::ExitCode;

use libtest_mimic::Arguments;

mod architecture;
mod middleware;
mod store;
mod support;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = [
        architecture::trials(),
        middleware::trials(),
        store::trials(),
    ];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
