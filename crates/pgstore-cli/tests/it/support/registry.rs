//! How a test becomes a trial: `#[apply(trial)]` above a function, and no second list.

use libtest_mimic::{Completion, Failed, Trial};

/// Registers a `fn` as a trial. It may return a `Completion`, which says that it was ignored and why.
macro_rules! trial {
    ($(#[$attribute:meta])* fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])* fn $name $($rest)*
        ::inventory::submit! {
            $crate::support::registry::Registered(|| {
                let path = concat!(module_path!(), "::", stringify!($name));
                $crate::support::registry::of(path, $name)
            })
        }
    };
}
pub(crate) use trial;

/// Makes a trial.
pub(crate) struct Registered(pub(crate) fn() -> Trial);

inventory::collect!(Registered);

/// All trials of this program, by name.
pub(crate) fn all() -> Vec<Trial> {
    let registered = inventory::iter::<Registered>.into_iter();
    let mut trials: Vec<_> = registered.map(|registered| registered.0()).collect();
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    trials
}

pub(crate) fn of<E: Ending>(path: &str, test: fn() -> E) -> Trial {
    let name = path.strip_prefix("it::").unwrap_or(path);
    Trial::ignorable_test(name, move || test().ending())
}

/// How a trial ends: `()` is a pass.
pub(crate) trait Ending: 'static {
    fn ending(self) -> Result<Completion, Failed>;
}

impl Ending for () {
    fn ending(self) -> Result<Completion, Failed> {
        Ok(Completion::Completed)
    }
}

impl Ending for Result<(), Missing> {
    fn ending(self) -> Result<Completion, Failed> {
        match self {
            Ok(()) => Ok(Completion::Completed),
            Err(Missing(reason)) if std::env::var("CI").as_deref() == Ok("true") => {
                Err(reason.into())
            }
            Err(Missing(reason)) => Ok(Completion::ignored_with(reason)),
        }
    }
}

/// Why a trial cannot run here. With `CI=true` it fails.
pub(crate) struct Missing(pub(crate) &'static str);
