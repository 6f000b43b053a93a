//! What has happened to an application's sessions, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count that only grows, but for those of what is pending.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts of one manager and its clones.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) replayed: Count,
    pub(crate) overwritten: Count,
    pub(crate) gone: Count,
    pub(crate) degraded: Count,
    pub(crate) touched: Count,
    pub(crate) touches_overtaken: Count,
    pub(crate) touches_failed: Count,
    pub(crate) logouts_taken_over: Count,
    pub(crate) logouts_made_up_for: Count,
    pub(crate) logouts_given_up: Count,
}

/// What has happened to the sessions of a [`SessionManager`](crate::SessionManager) and its
/// clones since it was made. For a metrics endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// How often a save found that another request had come first, and was done again.
    pub replayed: u64,
    /// How many values were written over that another request had changed meanwhile.
    pub overwritten: u64,
    /// How many saves found their session ended.
    pub gone: u64,
    /// How many requests went on without their session while the store was away.
    pub degraded: u64,
    /// How many sessions were touched because they were read.
    pub touched: u64,
    /// How many touches another request made unnecessary.
    pub touches_overtaken: u64,
    /// How many touches failed, which fails no request.
    pub touches_failed: u64,
    /// How many logouts the store could not take, so that they went on in the background.
    pub logouts_taken_over: u64,
    /// How many of those have been made up for.
    pub logouts_made_up_for: u64,
    /// How many of those were given up: their sessions live until they expire. Raise an alarm.
    pub logouts_given_up: u64,
}

impl Counters {
    pub(crate) fn stats(&self) -> SessionStats {
        SessionStats {
            replayed: self.replayed.now(),
            overwritten: self.overwritten.now(),
            gone: self.gone.now(),
            degraded: self.degraded.now(),
            touched: self.touched.now(),
            touches_overtaken: self.touches_overtaken.now(),
            touches_failed: self.touches_failed.now(),
            logouts_taken_over: self.logouts_taken_over.now(),
            logouts_made_up_for: self.logouts_made_up_for.now(),
            logouts_given_up: self.logouts_given_up.now(),
        }
    }
}
