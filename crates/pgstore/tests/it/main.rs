//! All integration tests in one binary: `cargo test --test it`.

use std::process::ExitCode;

use libtest_mimic::Arguments;

mod support;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = Vec::new();
    libtest_mimic::run(&arguments, trials).exit_code()
}
