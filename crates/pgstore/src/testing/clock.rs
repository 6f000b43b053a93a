//! A clock that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// A clock that changes only when a test sets or advances it. Clones show the same time.
///
/// Use it where lifetimes matter: give a clone to the session manager and move the other.
///
/// ```
/// use std::time::Duration;
/// use pgstore::{Clock, testing::TestClock};
///
/// let clock = TestClock::at(1_700_000_000);
/// let the_managers = clock.clone();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(the_managers.now().unix_seconds(), 1_700_000_060);
/// ```
#[derive(Clone, Debug)]
pub struct TestClock {
    /// In microseconds since the Unix epoch.
    now: Arc<AtomicI64>,
}

impl TestClock {
    /// A clock that shows this time, in seconds since the Unix epoch.
    #[must_use]
    pub fn at(unix_seconds: i64) -> Self {
        let now = Timestamp::from_unix_seconds(unix_seconds).unix_micros();
        Self {
            now: Arc::new(AtomicI64::new(now)),
        }
    }

    /// Moves the clock forward, to the end of time at most.
    pub fn advance(&self, by: Duration) {
        let later = |now| Some(Timestamp::from_unix_micros(now).plus(by).unix_micros());
        // The closure always gives a time, so the update always succeeds.
        let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
        let _before = self.now.fetch_update(set, fetch, later);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.unix_micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.now.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_show_the_same_time() {
        let clock = TestClock::at(10);
        let other = clock.clone();
        clock.advance(Duration::from_millis(1500));
        assert_eq!(other.now().unix_micros(), 11_500_000);
        other.set(Timestamp::from_unix_seconds(3));
        assert_eq!(clock.now(), Timestamp::from_unix_seconds(3));
    }

    #[test]
    fn advancing_too_far_ends_at_the_end_of_time() {
        let clock = TestClock::at(10);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().unix_micros(), i64::MAX);
    }
}
