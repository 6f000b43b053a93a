//! All integration tests in one binary: `cargo test --test it`.

#![allow(clippy::unwrap_used)] // Tests may panic.

use std::process::ExitCode;

use libtest_mimic::Arguments;

mod architecture;
mod connect;
mod crashes;
mod cuts;
mod direct;
mod from_go;
mod fuzz_smoke;
mod go_peer;
mod gob;
mod middleware;
mod quickstart;
mod races;
mod securecookie;
mod store;
mod support;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = [
        architecture::trials(),
        connect::trials(),
        crashes::trials(),
        cuts::trials(),
        direct::trials(),
        from_go::trials(),
        fuzz_smoke::trials(),
        go_peer::trials(),
        gob::trials(),
        middleware::trials(),
        quickstart::trials(),
        races::trials(),
        securecookie::trials(),
        store::trials(),
        support::go::trials(),
    ];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
