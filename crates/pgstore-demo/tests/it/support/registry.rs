//! How a test becomes a trial: an attribute above it, and no second list, as in
//! `crates/pgstore/tests/it/support/registry.rs`.

use std::future::Future;

use libtest_mimic::{Completion, Trial};
use tokio::runtime::Runtime;

use super::chromium;

/// Registers an `async fn` as a trial.
macro_rules! trial {
    ($(#[$attribute:meta])* async fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* async fn $name $($rest)*
        $crate::support::registry::register!(on_a_runtime($name));
    };
}
pub(crate) use trial;

/// Registers an `async fn` as a trial in Chromium. Where Chromium is missing, the trial is ignored and says
/// why; with `CI=true` it fails.
macro_rules! browser_trial {
    ($(#[$attribute:meta])* async fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* async fn $name $($rest)*
        $crate::support::registry::register!(in_chromium($name));
    };
}
pub(crate) use browser_trial;

macro_rules! register {
    ($runner:ident($name:ident)) => {
        ::inventory::submit! {
            $crate::support::registry::Registered(|| {
                let path = concat!(module_path!(), "::", stringify!($name));
                $crate::support::registry::$runner(path, $name)
            })
        }
    };
}
pub(crate) use register;

pub(crate) struct Registered(pub(crate) fn() -> Trial);

inventory::collect!(Registered);

/// All trials of this program, by name.
pub(crate) fn all() -> Vec<Trial> {
    let registered = inventory::iter::<Registered>.into_iter();
    let mut trials: Vec<_> = registered.map(|Registered(trial)| trial()).collect();
    trials.sort_by(|a, b| a.name().cmp(b.name()));
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

pub(crate) fn on_a_runtime<F>(path: &str, test: fn() -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    Trial::test(name(path), move || {
        Runtime::new()?.block_on(test());
        Ok(())
    })
}

pub(crate) fn in_chromium<F>(path: &str, test: fn() -> F) -> Trial
where
    F: Future<Output: Ending> + 'static,
{
    Trial::ignorable_test(name(path), move || match chromium::missing() {
        None => Ok(Runtime::new()?.block_on(test()).completion()),
        Some(reason) => super::chromium::ignored(reason),
    })
}

/// A trial's name: its path less the crate's name.
fn name(path: &str) -> &str {
    path.strip_prefix("it::").unwrap_or(path)
}
