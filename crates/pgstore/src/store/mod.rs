//! Stages 3 and 5, the seam: key, bytes and times. Nothing here knows HTTP or values.
//!
//! Every method is one state change. Insert and update are different verbs: an update never
//! creates a row, so a session that was destroyed meanwhile stays destroyed.

#[cfg(feature = "testing")]
pub mod conformance;
mod error;
#[cfg(feature = "testing")]
mod faulty;
mod id_change;
mod lookup;
mod memory;
mod owners;
#[cfg(feature = "postgres")]
mod postgres;
mod row;
#[cfg(feature = "testing")]
mod spy;
mod sweep;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

pub use error::{StoreError, StoreErrorKind};
#[cfg(feature = "testing")]
pub use faulty::{Fault, FaultyStore};
pub use id_change::{IdChange, PreviousId};
pub use lookup::Lookup;
pub use memory::MemoryStore;
pub use owners::{OwnerColumn, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Which};
#[cfg(feature = "postgres")]
pub use postgres::{
    ConfigError, ConnectError, DatabaseError, InvalidTableName, MigrateError, MigrateErrorKind,
    Migrated, Migration, PgStore, PgStoreOptions, TableName, connection_strings, migrations,
};
pub use row::{Row, RowExtras};
#[cfg(feature = "testing")]
pub use spy::{HeldCall, SpyStore};
pub use sweep::{FirstSweep, SweepHandle, SweepOptions, SweepStats, Sweeper};

use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;

/// What a [`Store`]'s methods return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A place that keeps rows: `PgStore` in production, [`MemoryStore`] in an application's own
/// tests.
///
/// The time is always a parameter; a store has no clock of its own. Dropping a future before it
/// is done (a client that went away) leaves the store usable; whether the statement takes effect
/// is then open.
pub trait Store: Debug + Send + Sync + 'static {
    /// What an ID leads to: its newest row that is not past its time at `now`; otherwise, within
    /// the grace time after a [`rename`](Store::rename), the row of the ID that replaced it.
    ///
    /// A row is past its time when `expires_on` has come, unless it was written to end with the
    /// browser: such rows carry an `expires_on` not after `modified_on` (Go writes them for a
    /// maximal age of 0) and live by the timestamp inside `data` alone.
    ///
    /// The newest is the one with the latest `modified_on`, of several such the one inserted last.
    /// A key has older rows where a peer in Go made them; a store removes them when it sees them,
    /// now or soon.
    ///
    /// An ID that was replaced is [`Lookup::Replaced`] until [`PreviousId::until`]. Until
    /// [`PreviousId::grace_until`] it leads to the new row, unless that row has another owner by
    /// now, is not the newest of its key, or was written last by a program that does not know the
    /// extra columns.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unavailable`] or [`StoreErrorKind::Timeout`] when the store could not
    /// be asked, [`StoreErrorKind::UndecodableRow`] when a column holds what none may hold.
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup>;

    /// Writes a first row under a fresh ID.
    ///
    /// # Errors
    /// When the row is not known to be written.
    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()>;

    /// Replaces the key's newest row, if its version is the one that was `seen`; `created_on`
    /// stays, and so does what a [`rename`](Store::rename) left of the ID before.
    ///
    /// A row's version is its `modified_on`, compared by equality only. Give `row` another one
    /// than `seen` (the later of now and a microsecond after `seen`), so that whoever saw the same
    /// version misses. Never creates a row: a session destroyed meanwhile stays destroyed.
    ///
    /// # Errors
    /// When the row is not known to be written.
    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written>;

    /// Removes every row of `old` and writes `row` under `new`, in one step, if the newest row's
    /// version is the one that was `seen`. The new row remembers `old` as its
    /// [previous ID](PreviousId), and no ID from before that.
    ///
    /// Without a version every row goes whatever it is, which is for one that cannot be read.
    ///
    /// # Errors
    /// When the rows are not known to be changed.
    fn rename<'a>(&'a self, change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written>;

    /// Removes every row of a key and returns how many there were. None is no error.
    ///
    /// # Errors
    /// When the rows are not known to be removed.
    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64>;

    /// Removes every row of a key if its newest row's version is the one that was `seen`.
    ///
    /// # Errors
    /// When the rows are not known to be removed.
    fn delete_version<'a>(&'a self, id: &'a SessionId, seen: Timestamp)
    -> StoreFuture<'a, Written>;

    /// The session with this handle, unless it is past its time.
    ///
    /// # Errors
    /// As [`load`](Store::load).
    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>>;

    /// The sessions whose column `owner` says this, newest first, those past their time left out.
    /// Rows that cannot be read are left out, too.
    ///
    /// # Errors
    /// When the store could not be asked.
    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>>;

    /// Removes an owner's sessions in one step: every row of each key that has a row which is theirs.
    ///
    /// A rename under way at the same time may carry one past it; so it also says how many it saw,
    /// and is to be repeated until that is none.
    ///
    /// # Errors
    /// When the rows are not known to be removed.
    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked>;

    /// One bounded batch of the rows that were written last by a program that does not know the
    /// columns of ours (a peer in Go), so that their `owner` may not be true any more. It may be
    /// empty and not the last.
    ///
    /// # Errors
    /// When the store could not be asked.
    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten>;

    /// Removes one bounded batch of rows past their time, oldest first.
    ///
    /// # Errors
    /// When the rows are not known to be removed.
    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept>;

    /// Whether sessions can be written right now, found out without writing one: fails on a
    /// standby, without the table, and without the right to change it.
    ///
    /// # Errors
    /// Why they cannot be written.
    fn probe(&self) -> StoreFuture<'_, ()>;
}

/// What became of a write to a row that should have been there as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // Whoever handles only one of the two loses writes or logouts.
#[must_use]
pub enum Written {
    /// It is written.
    Saved,
    /// No row of that key has this version as its newest; nothing was written. Another writer
    /// came first, or the row is gone: load again to tell which.
    Missed,
}

#[cfg(feature = "postgres")]
impl Written {
    pub(crate) fn from_count(rows: u64) -> Self {
        if rows == 0 { Self::Missed } else { Self::Saved }
    }
}

/// Which rows one call of [`Store::sweep`] removes.
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
    /// Rows whose `expires_on` lies before this go.
    pub expired_before: Timestamp,
    /// Rows that end with the browser go when they were last written before this.
    pub idle_since_before: Timestamp,
    /// Where the batch before this one ended: what lies before is not looked at again.
    pub after: SweepCursor,
    /// How many rows are looked at, at most; it removes no more than these.
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

    /// Whether a row is to be removed.
    // Go: cleanup.go deleteExpired removes everything with expires_on < now(), also the rows of
    // sessions that live as long as the browser does.
    #[must_use]
    pub fn removes(&self, row: &Row) -> bool {
        row.expires_on < self.expired_before
            && (!row.ends_with_the_browser() || row.modified_on < self.idle_since_before)
    }
}

/// A place in the order of a sweep: `expires_on`, then the row's number within the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SweepCursor {
    pub(crate) expires_on: Timestamp,
    pub(crate) row: i64,
}

impl SweepCursor {
    /// Before every row.
    pub const START: Self = Self::new(Timestamp::from_unix_micros(i64::MIN), i64::MIN);

    /// The place of the row that expires then and has this number, which no other row has.
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
    /// Where the next batch goes on, or `None` when this was the last one.
    pub next: Option<SweepCursor>,
}

impl Swept {
    /// What a store answers to [`Store::sweep`].
    #[must_use]
    pub fn new(removed: u64, next: Option<SweepCursor>) -> Self {
        Self { removed, next }
    }
}
