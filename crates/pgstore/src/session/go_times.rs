//! The two keys among the values that the row's columns follow, as in Go.

use crate::clock::Timestamp;
use crate::wire::{ValueError, Values, go};

/// What the values say about the row's times.
// Go: pgstore.go save.
pub(super) struct GoTimes {
    /// `created_on`, for a first row. As in Go, what is no time there counts for nothing.
    pub(super) created_on: Option<Timestamp>,
    /// `expires_on`, if it is later than the maximal age makes it.
    expires_on: Option<Timestamp>,
}

impl GoTimes {
    /// Reads them off the values.
    ///
    /// # Errors
    /// When `expires_on` is there and no time.
    // Go: panics there.
    pub(super) fn of(values: &Values) -> Result<Self, ValueError> {
        let created_on = values.get::<go::Time>("created_on").ok().flatten();
        let expires_on = values.get::<go::Time>("expires_on")?;
        Ok(Self {
            created_on: created_on.map(timestamp),
            expires_on: expires_on.map(timestamp),
        })
    }

    pub(super) fn later(&self, expires_on: Timestamp) -> Timestamp {
        self.expires_on
            .map_or(expires_on, |special| special.max(expires_on))
    }
}

/// The same time in the store's resolution, no later than the last day that four digits can say:
/// beyond its range PostgreSQL refuses the row.
fn timestamp(time: go::Time) -> Timestamp {
    const END_OF_YEAR_9999: i64 = 253_402_300_799;
    const YEAR_1: i64 = -62_135_596_800;
    let seconds = time.unix_seconds().clamp(YEAR_1, END_OF_YEAR_9999);
    let micros = i64::from(time.nanoseconds() / 1_000);
    Timestamp::from_unix_micros(seconds * 1_000_000 + micros)
}
