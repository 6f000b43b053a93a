//! How often, how much at a time, how late.

use std::time::Duration;

/// Settings of a [`Sweeper`](super::Sweeper), each with a default.
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

/// When the first sweep comes after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FirstSweep {
    /// After one interval (the default), so that a restart of many processes costs nothing.
    AfterInterval,
    /// Right away.
    AtOnce,
}

impl SweepOptions {
    const INTERVAL: Duration = Duration::from_secs(5 * 60);

    /// The defaults: every 5 minutes, 1000 rows a batch, a minute late, browser sessions after
    /// 30 idle days.
    // Go: cleanup.go defaultInterval; sessions.NewCookieStore and pgstore.go have 30 days as the
    // age at which a cookie does not open any more.
    #[must_use]
    pub fn new() -> Self {
        Self {
            interval: Self::INTERVAL,
            first: FirstSweep::AfterInterval,
            batch: 1000,
            clock_skew: Duration::from_secs(60),
            browser_sessions: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }

    /// The time from one sweep to the next (default 5 minutes; zero means the default). Each
    /// wait is up to a tenth longer or shorter, so that processes do not sweep in step.
    // Go: cleanup.go Cleanup takes an interval of zero or less for the default.
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        let interval = match interval {
            Duration::ZERO => Self::INTERVAL,
            interval => interval,
        };
        Self { interval, ..self }
    }

    /// When the first sweep comes (default: after one interval, as in Go).
    #[must_use]
    pub fn first(self, first: FirstSweep) -> Self {
        Self { first, ..self }
    }

    /// How many rows one statement looks at (default 1000, at least 1).
    #[must_use]
    pub fn batch(self, rows: u32) -> Self {
        Self {
            batch: rows.max(1),
            ..self
        }
    }

    /// How long past its time a row stays (default 60 seconds): as much as the clocks of two
    /// machines may differ, so that none removes what another still serves.
    #[must_use]
    pub fn clock_skew(self, margin: Duration) -> Self {
        Self {
            clock_skew: margin,
            ..self
        }
    }

    /// How long after its last change the row of a session that ends with the browser stays
    /// (default 30 days): the maximal age of cookies, after which none opens any more.
    #[must_use]
    pub fn browser_sessions(self, idle: Duration) -> Self {
        Self {
            browser_sessions: idle,
            ..self
        }
    }
}

impl Default for SweepOptions {
    fn default() -> Self {
        Self::new()
    }
}
