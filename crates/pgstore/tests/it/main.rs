//! All integration tests in one binary: `cargo test --test it`.

#![allow(clippy::unwrap_used)] // Tests may panic.

use std::process::ExitCode;

use libtest_mimic::Arguments;

use crate::support::secrets;

mod architecture;
mod connect;
mod crashes;
mod csrf;
mod cuts;
mod direct;
mod from_go;
mod fuzz_smoke;
mod go_peer;
mod go_together;
mod gob;
mod middleware;
mod quickstart;
mod races;
mod securecookie;
mod security_bar;
mod session;
mod store;
mod support;
mod typed;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    secrets::watch();
    let trials = [
        architecture::trials(),
        connect::trials(),
        crashes::trials(),
        cuts::trials(),
        csrf::trials(),
        direct::trials(),
        from_go::trials(),
        fuzz_smoke::trials(),
        go_peer::trials(),
        go_together::trials(),
        gob::trials(),
        middleware::trials(),
        quickstart::trials(),
        races::trials(),
        securecookie::trials(),
        security_bar::trials(),
        session::trials(),
        store::trials(),
        support::go::trials(),
        secrets::trials(),
        typed::trials(),
    ];
    let trials = trials.into_iter().flatten().collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    secrets::verdict(&arguments, &conclusion)
}
