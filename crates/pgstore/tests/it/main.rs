//! All integration tests in one binary: `cargo test --test it`.

#![allow(clippy::unwrap_used)] // Tests may panic.

use std::process::ExitCode;

use libtest_mimic::Arguments;

use crate::support::{registry, secrets};

mod architecture;
mod connect;
mod connection_loss;
mod crashes;
mod csrf;
mod direct;
mod failures;
mod from_go;
mod fuzz_smoke;
mod go_peer;
mod go_together;
mod gob;
mod guides;
mod layers;
mod middleware;
mod model;
mod quickstart;
mod races;
mod securecookie;
mod security_bar;
mod session;
mod several;
mod store;
mod strangers;
mod support;
mod two_services;
mod typed;
mod watching;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    secrets::watch();
    let conclusion = libtest_mimic::run(&arguments, registry::all());
    secrets::conclude(&arguments, &conclusion)
}
