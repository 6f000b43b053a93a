//! How a test becomes a trial: an attribute above it, and no second list.
//!
//! ```text
//! #[apply(trial)]
//! async fn a_sentence_that_holds() { … }
//! ```
//!
//! A trial's name is its path: `module::function`. A test without the attribute is dead code, which
//! the compiler reports and CI refuses.

use std::future::Future;

use libtest_mimic::{Completion, Trial};

use super::distributed;
use super::go::{self, Need};
use super::server::Server;
use super::{pooler, pooler_exclusions};

/// Registers an `async fn` as a trial that runs on a tokio runtime of its own, or a `fn` as one
/// that runs on none.
macro_rules! trial {
    ($(#[$attribute:meta])* async fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* async fn $name $($rest)*
        $crate::support::registry::register!([Friendly] on_a_runtime($name));
    };
    ($(#[$attribute:meta])* fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* fn $name $($rest)*
        $crate::support::registry::register!([Friendly] on_no_runtime($name));
    };
}
pub(crate) use trial;

/// Registers an `async fn` as a trial beside Go. Where Go is missing, the trial is ignored and says
/// why; with `CI=true` it fails.
macro_rules! go_trial {
    ($(#[$attribute:meta])* async fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* async fn $name $($rest)*
        $crate::support::registry::register!([Friendly] beside_go($name));
    };
}
pub(crate) use go_trial;

/// Registers an `async fn` as a trial on the hostile server alone.
macro_rules! hostile_trial {
    ($(#[$attribute:meta])* async fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* async fn $name $($rest)*
        $crate::support::registry::register!([Hostile] on_a_runtime($name));
    };
}
pub(crate) use hostile_trial;

/// Registers an `async fn` as a trial on distributed tables alone. Without a Citus cluster, the trial is
/// ignored and says why.
macro_rules! distributed_trial {
    ($(#[$attribute:meta])* async fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* async fn $name $($rest)*
        $crate::support::registry::register!([Distributed] on_a_runtime($name));
    };
}
pub(crate) use distributed_trial;

/// Registers an `async fn` of `store` as two trials: `store::…` on the friendly server and
/// `store::hostile::…` on the hostile one.
macro_rules! trial_on_both_servers {
    ($(#[$attribute:meta])* async fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* async fn $name $($rest)*
        $crate::support::registry::register!([Friendly, Hostile] on_a_runtime($name));
    };
}
pub(crate) use trial_on_both_servers;

/// Registers a `fn() -> Vec<Trial>` that makes a trial of each case.
macro_rules! trials {
    ($(#[$attribute:meta])* fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* fn $name $($rest)*
        $crate::support::registry::register!([Friendly] $name);
    };
}
pub(crate) use trials;

/// The same, called once for each server.
macro_rules! trials_on_both_servers {
    ($(#[$attribute:meta])* fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* fn $name $($rest)*
        $crate::support::registry::register!([Friendly, Hostile] $name);
    };
}
pub(crate) use trials_on_both_servers;

macro_rules! register {
    ([$($server:ident),*] $runner:ident($name:ident)) => {
        $crate::support::registry::register!([$($server),*] || {
            let path = concat!(module_path!(), "::", stringify!($name));
            vec![$crate::support::registry::$runner(path, $name)]
        });
    };
    ([$($server:ident),*] $list:expr) => {
        ::inventory::submit! {
            $crate::support::registry::Registered {
                servers: &[$($crate::support::server::Server::$server),*],
                list: $list,
            }
        }
    };
}
pub(crate) use register;

/// Trials, and the servers that they run on.
pub(crate) struct Registered {
    pub(crate) servers: &'static [Server],
    pub(crate) list: fn() -> Vec<Trial>,
}

inventory::collect!(Registered);

/// All trials of this program, by name.
pub(crate) fn all() -> Vec<Trial> {
    let registered = inventory::iter::<Registered>.into_iter();
    let on_servers = registered.flat_map(|registered| {
        let lists = registered.servers.iter();
        let listed = lists.flat_map(|server| server.within(registered.list));
        listed.chain(distributed::trials_of(registered))
    });
    let mut trials: Vec<_> = on_servers.collect();
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    let twice = trials
        .windows(2)
        .find(|pair| pair[0].name() == pair[1].name());
    assert!(twice.is_none(), "two trials have one name: {twice:?}");
    let names: Vec<_> = trials.iter().map(Trial::name).collect();
    pooler_exclusions::check(&names);
    trials
}

/// How a trial ends: `()` is a pass, and a `Completion` may say that the trial was ignored, and why.
pub(crate) trait Ending {
    fn completion(self) -> Completion;
}

impl Ending for () {
    fn completion(self) -> Completion {
        Completion::Completed
    }
}

impl Ending for Completion {
    fn completion(self) -> Completion {
        self
    }
}

/// A trial that runs a test on a runtime of its own, on the server that is being listed. It fails
/// when the test panics.
pub(crate) fn on_a_runtime<F>(path: &str, test: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output: Ending>,
{
    let server = Server::current();
    let name = server.name(name(path));
    let ignored = match server {
        Server::Distributed => distributed::why_ignored(&name),
        Server::Friendly | Server::Hostile => pooler_exclusions::reason(&name).map(str::to_owned),
    };
    Trial::ignorable_test(name, move || {
        if let Some(reason) = ignored {
            return Ok(Completion::ignored_with(reason));
        }
        let ending = server.within(|| {
            let runtime = server.runtime();
            let _end = pooler::LetRequestsEnd(&runtime);
            runtime.block_on(test())
        });
        Ok(ending.completion())
    })
}

pub(crate) fn on_no_runtime(path: &str, test: fn()) -> Trial {
    Trial::test(name(path), move || {
        test();
        Ok(())
    })
}

pub(crate) fn beside_go<F>(path: &str, test: fn() -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    Trial::ignorable_test(name(path), move || match go::need() {
        Need::Met => {
            Server::Friendly.runtime().block_on(test());
            Ok(Completion::Completed)
        }
        Need::Ignored(reason) => Ok(Completion::ignored_with(reason)),
        Need::Failed(reason) => Err(reason.into()),
    })
}

/// A trial's name: its path less the crate's name.
fn name(path: &str) -> &str {
    path.strip_prefix("it::").unwrap_or(path)
}
