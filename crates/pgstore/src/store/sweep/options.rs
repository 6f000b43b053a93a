//! How often to sweep, how many rows at a time, and how long after their expiry.

use std::time::Duration;

use crate::clock::{LONGEST_SETTING, SKEW_TOLERANCE};

/// Settings of a [`Sweeper`](super::Sweeper), each with a default. A duration of more than 100 years
/// counts as 100 years.
///
/// ```
/// use std::time::Duration;
/// use pgstore::{FirstSweep, SweepOptions};
///
/// let hourly = SweepOptions::new()
///     .interval(Duration::from_secs(60 * 60))
///     .first(FirstSweep::AtOnce);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SweepOptions {
    pub(super) interval: Duration,
    pub(super) first: FirstSweep,
    pub(super) batch: u32,
    pub(super) clock_skew: Duration,
    pub(super) browser_sessions: Duration,
}

/// When the first sweep runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FirstSweep {
    /// After one interval (the default), so that many processes which restart do not all sweep.
    AfterInterval,
    /// At the start.
    AtOnce,
}

impl SweepOptions {
    const INTERVAL: Duration = Duration::from_secs(5 * 60);

    /// The defaults: every 5 minutes, at most 5000 rows a batch, one minute after expiry, browser sessions
    /// after 30 idle days.
    ///
    /// ```
    /// use pgstore::SweepOptions;
    ///
    /// let options = SweepOptions::new();
    /// ```
    // Go: cleanup.go defaultInterval. sessions.NewCookieStore and pgstore.go reject cookies older
    // than 30 days.
    #[must_use]
    pub fn new() -> Self {
        Self {
            interval: Self::INTERVAL,
            first: FirstSweep::AfterInterval,
            batch: 5000,
            clock_skew: SKEW_TOLERANCE,
            browser_sessions: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }

    /// The time from one sweep to the next (default 5 minutes; zero means the default). Each
    /// wait is up to a tenth longer or shorter, so that processes do not sweep in step.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::SweepOptions;
    ///
    /// let options = SweepOptions::new().interval(Duration::from_secs(60));
    /// ```
    // Go: cleanup.go Cleanup uses the default for an interval of zero or less.
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        let interval = match interval {
            Duration::ZERO => Self::INTERVAL,
            interval => interval.min(LONGEST_SETTING),
        };
        Self { interval, ..self }
    }

    /// When the first sweep runs (default: after one interval, as in Go).
    ///
    /// ```
    /// use pgstore::{FirstSweep, SweepOptions};
    ///
    /// let options = SweepOptions::new().first(FirstSweep::AtOnce);
    /// ```
    #[must_use]
    pub fn first(self, first: FirstSweep) -> Self {
        Self { first, ..self }
    }

    /// How many rows one statement reads at most (default 5000, at least 1). A sweep begins with 100
    /// and changes the number so that a statement takes 10 ms at most.
    ///
    /// ```
    /// use pgstore::SweepOptions;
    ///
    /// let options = SweepOptions::new().batch(200);
    /// ```
    #[must_use]
    pub fn batch(self, rows: u32) -> Self {
        Self {
            batch: rows.max(1),
            ..self
        }
    }

    /// How long a row stays after its expiry (default 60 seconds). Give it the greatest difference
    /// between the clocks of two machines, so that none removes a row that another still serves.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::SweepOptions;
    ///
    /// let options = SweepOptions::new().clock_skew(Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn clock_skew(self, margin: Duration) -> Self {
        Self {
            clock_skew: margin.min(LONGEST_SETTING),
            ..self
        }
    }

    /// How long after its last write the row of a session that ends with the browser stays
    /// (default 30 days). Give it the maximal age of cookies: older ones are rejected anyway.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::SweepOptions;
    ///
    /// let week = Duration::from_secs(7 * 24 * 60 * 60);
    /// let options = SweepOptions::new().browser_sessions(week);
    /// ```
    #[must_use]
    pub fn browser_sessions(self, idle: Duration) -> Self {
        Self {
            browser_sessions: idle.min(LONGEST_SETTING),
            ..self
        }
    }
}

impl Default for SweepOptions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_without_end_counts_as_100_years() {
        let options = SweepOptions::new()
            .interval(Duration::MAX)
            .clock_skew(Duration::MAX)
            .browser_sessions(Duration::MAX);
        let durations = [
            options.interval,
            options.clock_skew,
            options.browser_sessions,
        ];
        assert_eq!(durations, [LONGEST_SETTING; 3]);
    }
}
