//! The demo as people use it: in real browsers, over plain HTTP, and as a program.

#![allow(clippy::unwrap_used)] // Tests may panic.

use std::process::ExitCode;

use libtest_mimic::Arguments;

mod accessibility;
mod around_login;
mod changes;
mod devices;
mod outage;
mod plain_http;
mod program;
mod screenshots;
mod support;
mod without;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, support::registry::all()).exit_code()
}
