//! One batch of a sweep: what it removes, where it begins, what it did.

use super::Row;
use crate::clock::Timestamp;

/// Which rows one call of [`Store::sweep`](super::Store::sweep) removes.
///
/// ```
/// use std::time::Duration;
/// use pgstore::Timestamp;
/// use pgstore::store::SweepBatch;
///
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let batch = SweepBatch::new(now, now.minus(month), 1000);
/// assert_eq!(batch.limit, 1000);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SweepBatch {
    /// Rows whose `expires_on` lies before this are removed.
    pub expired_before: Timestamp,
    /// Rows that end with the browser are removed if they were last written before this.
    pub idle_since_before: Timestamp,
    /// Where the previous batch ended. Rows before this place are skipped.
    pub after: SweepCursor,
    /// How many rows are read, at most. The batch removes a part of these.
    pub limit: u32,
}

impl SweepBatch {
    /// The first batch of a sweep; the next ones follow with [`SweepBatch::after`].
    #[must_use]
    pub fn new(expired_before: Timestamp, idle_since_before: Timestamp, limit: u32) -> Self {
        Self {
            expired_before,
            idle_since_before,
            after: SweepCursor::START,
            limit,
        }
    }

    /// The same batch, beginning where another one ended.
    #[must_use]
    pub fn after(self, cursor: SweepCursor) -> Self {
        Self {
            after: cursor,
            ..self
        }
    }

    /// Whether this batch removes a row.
    // Go: cleanup.go deleteExpired removes every row with expires_on < now(), including the rows
    // of sessions that end with the browser.
    #[must_use]
    pub fn removes(&self, row: &Row) -> bool {
        row.expires_on < self.expired_before
            && (!row.ends_with_the_browser() || row.modified_on < self.idle_since_before)
    }
}

/// A place in the order of a sweep: `expires_on`, then the row's number in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SweepCursor {
    pub(crate) expires_on: Timestamp,
    pub(crate) row: i64,
}

impl SweepCursor {
    /// Before every row.
    pub const START: Self = Self::new(Timestamp::from_unix_micros(i64::MIN), i64::MIN);

    /// The place of the row that expires then and has this number. Numbers are unique in a store.
    #[must_use]
    pub const fn new(expires_on: Timestamp, row: i64) -> Self {
        Self { expires_on, row }
    }
}

/// What one batch of a sweep did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// How many rows it removed.
    pub removed: u64,
    /// Where the next batch begins, or `None` when this was the last one.
    pub next: Option<SweepCursor>,
    /// How many expired rows it skipped because they cannot be removed: something forbids it, such as a
    /// foreign key of a table of the application.
    pub undeletable: u64,
    /// When the first of the rows that it had to remove expired, as far as it is known. Rows that end
    /// with the browser do not count.
    pub oldest: Option<Timestamp>,
}

impl Swept {
    /// What a store answers to [`Store::sweep`](super::Store::sweep) that skipped no row.
    #[must_use]
    pub fn new(removed: u64, next: Option<SweepCursor>) -> Self {
        Self {
            removed,
            next,
            undeletable: 0,
            oldest: None,
        }
    }
}
