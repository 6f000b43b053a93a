//! The command itself, run as a person or a script runs it.

#![allow(clippy::unwrap_used)] // Tests may panic.

use std::process::ExitCode;

use libtest_mimic::Arguments;

mod adapters;
mod database;
mod doctor;
mod errors;
mod keys;
mod secrets;
mod sessions;
mod shell;
mod stats;
mod support;
mod values;
mod vectors;

fn main() -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), support::registry::all()).exit_code()
}
