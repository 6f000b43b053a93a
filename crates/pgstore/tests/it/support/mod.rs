//! What every test needs: a runtime, a schema of its own, a clock that stands still.

pub(crate) mod clock;
pub(crate) mod database;
pub(crate) mod go;
pub(crate) mod log;
pub(crate) mod proxy;
pub(crate) mod rust_app;
pub(crate) mod secrets;
pub(crate) mod server;
pub(crate) mod sources;
pub(crate) mod unguarded;
pub(crate) mod vectors;

use std::future::Future;

use libtest_mimic::Trial;

use self::server::Server;

/// Lists test functions (`async fn()`) as trials named `module::function`.
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        vec![$($crate::support::trial(concat!(module_path!(), "::", stringify!($test)), $test)),*]
    };
}
pub(crate) use trials;

/// A trial that runs an async test on a runtime of its own. It fails when the test panics.
pub(crate) fn trial<F>(name: &str, test: fn() -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let server = Server::current();
    let name = server.name(name.trim_start_matches("it::"));
    Trial::test(name, move || {
        server.within(|| server.runtime().block_on(test()));
        Ok(())
    })
}
