//! The two session values that set columns of the row, as in Go: `created_on` and `expires_on`.

use std::sync::LazyLock;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::wire::{Draft, GoPeer, Key, ValueError, Values, go};

const CREATED_ON: &str = "created_on";
const EXPIRES_ON: &str = "expires_on";

static CREATED_ON_KEY: LazyLock<Key> = LazyLock::new(|| CREATED_ON.into());
static EXPIRES_ON_KEY: LazyLock<Key> = LazyLock::new(|| EXPIRES_ON.into());

/// The times that the session's values give the row.
// Go: pgstore.go save.
pub(super) struct GoTimes {
    /// `created_on`, for a first row. As in Go, a value that is not a time is ignored. Only Go writes
    /// such a value.
    pub(super) created_on: Option<Timestamp>,
    /// `expires_on`, which counts if it is later than the maximal age allows.
    expires_on: Option<Timestamp>,
}

impl GoTimes {
    /// Reads the times from the values.
    ///
    /// # Errors
    /// When `expires_on` is set and is not a `time.Time`.
    // Go: pgstore.go save panics there.
    pub(super) fn of(values: &Values) -> Result<Self, ValueError> {
        let created_on = values.time(&CREATED_ON_KEY).ok().flatten();
        let expires_on = values.time(&EXPIRES_ON_KEY)?;
        Ok(Self {
            created_on: created_on.map(timestamp),
            expires_on: expires_on.map(timestamp),
        })
    }

    /// The later of the two times.
    pub(super) fn later(&self, expires_on: Timestamp) -> Timestamp {
        self.expires_on
            .map_or(expires_on, |own| own.max(expires_on))
    }

    /// The same, but two microseconds after a session value. Go writes that value at each of its
    /// saves, and a row that Go has written is found by an `expires_on` other than the one that this
    /// library wrote. (Two, because Go may round the value up by one.)
    pub(super) fn later_than_go(&self, expires_on: Timestamp) -> Timestamp {
        let own = self.expires_on.filter(|own| *own > expires_on);
        own.map_or(expires_on, |own| own.plus(Duration::from_micros(2)))
    }
}

/// Whether the key is that of one of the two times.
fn is_time_key(key: &Key) -> bool {
    key.is_text(CREATED_ON) || key.is_text(EXPIRES_ON)
}

/// Writes a draft. The two keys take nothing but times: a Go program would panic on another value.
pub(super) fn put(
    values: &mut Values,
    key: &Key,
    draft: &Draft,
    go: &GoPeer,
) -> Result<(), ValueError> {
    if is_time_key(key) {
        values.put_time_for(key, draft, go)
    } else {
        values.put_under(key, draft, go)
    }
}

/// Appends a draft to a list. The two keys take no lists.
pub(super) fn push(
    values: &mut Values,
    key: Key,
    draft: &Draft,
    go: &GoPeer,
) -> Result<(), ValueError> {
    if is_time_key(&key) {
        return Err(ValueError::no_time(&key, "[]interface {}"));
    }
    values.push_for(key, draft, go)
}

/// Converts to microseconds and limits the time to the years 1 to 9999: PostgreSQL refuses a row
/// whose times it cannot hold.
fn timestamp(time: go::Time) -> Timestamp {
    const END_OF_YEAR_9999: i64 = 253_402_300_799;
    const YEAR_1: i64 = -62_135_596_800;
    let seconds = time.unix_seconds().clamp(YEAR_1, END_OF_YEAR_9999);
    let micros = i64::from(time.nanoseconds() / 1_000);
    Timestamp::from_unix_micros(seconds * 1_000_000 + micros)
}
