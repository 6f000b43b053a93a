//! Nothing is counted without the feature `metrics`.

use super::SweepFigures;
use super::{Conflicting, CookieKind, CookieRefusal, LoadOutcome, SaveOutcome, Sealed};
#[cfg(feature = "postgres")]
use super::{ConnectionPhase, Operation, Table};

/// Stands for every meter, and does nothing.
#[derive(Clone, Debug)]
pub(crate) struct Silent;

pub(crate) fn describe_sessions() {}
pub(crate) fn loaded(_: LoadOutcome) {}
pub(crate) fn saved(_: SaveOutcome) {}
pub(crate) fn replayed() {}
pub(crate) fn conflicting(_: Conflicting, _: u64) {}
pub(crate) fn cookie_refused(_: CookieKind, _: CookieRefusal) {}
pub(crate) fn has_older_keys(_: Sealed) {}
pub(crate) fn logout_given_up() {}
pub(crate) fn swept(_: Option<&str>, _: SweepFigures) {}

pub(crate) fn pending_logout() -> Silent {
    Silent
}

/// As a meter of a store, of its connections and of its queues, and as a stopwatch.
#[cfg(feature = "postgres")]
impl Silent {
    pub(crate) fn new(_: &str, _: &str) -> Self {
        Self
    }

    pub(crate) fn start() -> Self {
        Self
    }

    pub(crate) fn connections(&self) -> Self {
        Self
    }

    pub(crate) fn queue(&self, _: Operation, _: Table) -> Self {
        Self
    }

    pub(crate) fn is(&self, _: ConnectionPhase) -> Self {
        Self
    }

    pub(crate) fn waits(&self) -> Self {
        Self
    }

    pub(crate) fn ended(&self, _: &Self, _: Operation, _: Table, _: Option<&str>) {}
    pub(crate) fn failed(&self) {}
    pub(crate) fn lost(&self) {}
    pub(crate) fn refused(&self) {}
    pub(crate) fn sent(&self, _: usize) {}
}
