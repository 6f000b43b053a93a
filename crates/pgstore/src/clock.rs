//! The one place that reads the wall clock, and the type of what it reads.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time: microseconds since the Unix epoch, PostgreSQL's own resolution.
///
/// Finer instants are cut off towards the past, so that a value that went through the database
/// compares equal to the one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch, 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// A timestamp from microseconds since the Unix epoch; negative ones lie before it.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A timestamp from seconds since the Unix epoch. Saturates at the ends of the range.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This much later. Saturates at the end of the range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This much earlier. Saturates at the start of the range.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let micros = Duration::from_micros(time.0.unsigned_abs());
        if time.0 < 0 {
            UNIX_EPOCH - micros
        } else {
            UNIX_EPOCH + micros
        }
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::UNIX_EPOCH.plus(after),
            Err(before) => Self::UNIX_EPOCH.minus(before.duration()),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Where the time comes from: [`SystemClock`] in production, one of your own in tests.
///
/// Every statement gets its time from here as a parameter; the database's clock decides nothing.
///
/// ```
/// use pgstore::{Clock, Timestamp};
///
/// #[derive(Debug)]
/// struct StandingStill;
///
/// impl Clock for StandingStill {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_unix_seconds(1_700_000_000)
///     }
/// }
/// assert_eq!(StandingStill.now().unix_seconds(), 1_700_000_000);
/// ```
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time as of this call.
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_before_the_epoch_round_down_to_whole_seconds() {
        let just_before = Timestamp::from(UNIX_EPOCH - Duration::from_micros(1));
        assert_eq!(just_before.unix_micros(), -1);
        assert_eq!(just_before.unix_seconds(), -1);
        assert_eq!(
            SystemTime::from(just_before),
            UNIX_EPOCH - Duration::from_micros(1)
        );
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let end = Timestamp::from_unix_micros(i64::MAX);
        assert_eq!(end.plus(Duration::MAX), end);
        assert_eq!(Timestamp::from_unix_seconds(i64::MAX), end);
    }
}
