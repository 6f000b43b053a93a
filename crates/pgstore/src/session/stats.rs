//! Counts of what has happened to an application's sessions.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::{self, Conflicting};

/// A count that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Adds one, and returns whether it was the first.
    pub(crate) fn add_first(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) == 0
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts of one manager and its clones.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) replayed: Counter,
    pub(crate) overwritten: Counter,
    pub(crate) gone: Counter,
    pub(crate) unchanged: Counter,
    pub(crate) degraded: Counter,
    pub(crate) several_sessions: Counter,
    pub(crate) touched: Counter,
    pub(crate) touches_overtaken: Counter,
    pub(crate) touches_failed: Counter,
    pub(crate) logouts_taken_over: Counter,
    pub(crate) logouts_made_up_for: Counter,
    pub(crate) logouts_given_up: Counter,
}

/// What has happened to the sessions of a [`SessionManager`](crate::SessionManager) and its
/// clones since it was built. Export it from a metrics endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// How often a save found that another request had saved first, and was repeated on its result.
    pub replayed: u64,
    /// How many values a save overwrote that another request had changed since they were read.
    pub overwritten: u64,
    /// How many saves found that their session had ended.
    pub gone: u64,
    /// How many saves wrote nothing, because the row had what they would have written.
    pub unchanged: u64,
    /// How many requests continued without their session because the store was unavailable.
    pub degraded: u64,
    /// How many requests brought several cookies of one name whose sessions all live. Check that all
    /// applications set the cookie with the same `Domain` and `Path`.
    pub several_sessions: u64,
    /// How many reads extended a session's lifetime.
    pub touched: u64,
    /// How many touches were unnecessary because another request had written the session.
    pub touches_overtaken: u64,
    /// How many touches failed. A failed touch fails no request.
    pub touches_failed: u64,
    /// How many logouts the store could not take at first, so that they continued in the background.
    pub logouts_taken_over: u64,
    /// How many of those have succeeded since.
    pub logouts_made_up_for: u64,
    /// How many of those were given up: their sessions live until they expire. Raise an alarm.
    pub logouts_given_up: u64,
}

impl Counters {
    /// A save is repeated on another request's result.
    pub(crate) fn note_replay(&self) {
        self.replayed.add(1);
        telemetry::replayed();
    }

    /// A save overwrites so many values that another request has changed.
    pub(crate) fn note_overwritten(&self, values: u64) {
        self.overwritten.add(values);
        telemetry::conflicting(Conflicting::Overwritten, values);
    }

    /// A logout was given up.
    pub(crate) fn note_logout_given_up(&self) {
        self.logouts_given_up.add(1);
        telemetry::logout_given_up();
    }

    pub(crate) fn stats(&self) -> SessionStats {
        SessionStats {
            replayed: self.replayed.value(),
            overwritten: self.overwritten.value(),
            gone: self.gone.value(),
            unchanged: self.unchanged.value(),
            degraded: self.degraded.value(),
            several_sessions: self.several_sessions.value(),
            touched: self.touched.value(),
            touches_overtaken: self.touches_overtaken.value(),
            touches_failed: self.touches_failed.value(),
            logouts_taken_over: self.logouts_taken_over.value(),
            logouts_made_up_for: self.logouts_made_up_for.value(),
            logouts_given_up: self.logouts_given_up.value(),
        }
    }
}
