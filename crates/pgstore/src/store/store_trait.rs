//! The trait that every store implements.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use super::{IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row};
use super::{StoreError, StoreErrorKind, SweepBatch, Swept, Written};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;

/// What a [`Store`]'s methods return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A place that keeps rows: `PgStore` in production, [`MemoryStore`](super::MemoryStore) in an
/// application's own tests.
///
/// The time is always a parameter: a store has no clock of its own. If a caller drops a future
/// before it is done (because a client disconnected, say), the store stays usable, and the call may
/// or may not take effect.
pub trait Store: Debug + Send + Sync + 'static {
    /// Says what an ID leads to: its newest row, unless that has expired at `now`; otherwise, within
    /// the grace time after a [`rename`](Store::rename), the row that replaced it.
    ///
    /// A row has expired when `now` has reached `expires_on`. Rows that end with the browser are an
    /// exception: their `expires_on` is not after `modified_on` (Go writes them for a maximal age of
    /// 0), and only the timestamp inside `data` limits them.
    ///
    /// The newest row is the one with the latest `modified_on`, and of several such the one inserted
    /// last. Go may write several rows of one key. A store removes the older ones when a load finds
    /// them, at once or in the background.
    ///
    /// An ID that was replaced leads to the row of its session until
    /// [`grace_until`](super::PreviousId::grace_until), however often the ID has changed since,
    /// unless the session has got another owner or was written by a peer since, or another row of
    /// its key is newer. Otherwise it is [`Lookup::Replaced`] until
    /// [`until`](super::PreviousId::until), also after the session's end.
    ///
    /// # Errors
    /// [`Unavailable`](super::StoreErrorKind::Unavailable) or
    /// [`Timeout`](super::StoreErrorKind::Timeout) when the store cannot be asked,
    /// [`UndecodableRow`](super::StoreErrorKind::UndecodableRow) when a column holds a NULL or an
    /// infinite time.
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup>;

    /// Says what each of several IDs leads to, in their order, as [`load`](Store::load) does. The
    /// default asks for one after the other.
    ///
    /// # Errors
    /// As [`load`](Store::load), except that the outer error is of the whole call and an undecodable
    /// row is the error of its own ID.
    fn load_all<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Result<Lookup, StoreError>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.push(match self.load(id, now).await {
                    Err(error) if error.kind() != StoreErrorKind::UndecodableRow => {
                        return Err(error);
                    }
                    answer => answer,
                });
            }
            Ok(found)
        })
    }

    /// Writes a first row under a fresh ID.
    ///
    /// # Errors
    /// When the row is not known to be written.
    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()>;

    /// Replaces the key's newest row if it has the version that was `seen`. It keeps the earlier
    /// `created_on`. If the owner changes, [earlier IDs](super::PreviousId) do not lead to the
    /// session any more. It never creates a row: a session destroyed meanwhile stays destroyed.
    ///
    /// A row's version is its `modified_on`, compared by equality only. Give `row` a version other
    /// than `seen`, so that other writers which saw the same version miss: the later of now and a
    /// microsecond after `seen`, unless a wrong clock wrote `seen`.
    ///
    /// # Errors
    /// When the row is not known to be written.
    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written>;

    /// Gives the session another ID and writes `row`, in one step, if its newest row has the version
    /// that was seen. Older rows of the old ID are removed. The old ID and those before it are
    /// [remembered](super::PreviousId).
    ///
    /// Without a version, a row of any version is replaced. Use that for a row that cannot be
    /// decoded.
    ///
    /// # Errors
    /// When the rows are not known to be changed.
    fn rename<'a>(&'a self, change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written>;

    /// Confirms that a request has brought the ID that a gentle rotation gave the session. Earlier IDs
    /// then lead to it until `grace_until` at the latest and are known until `until` at least. A call
    /// for an ID that is not [unconfirmed](super::RowExtras::id_is_unconfirmed) changes nothing. The
    /// row's version stays.
    ///
    /// # Errors
    /// When the confirmation is not known to be stored.
    fn confirm<'a>(
        &'a self,
        id: &'a SessionId,
        until: Timestamp,
        grace_until: Timestamp,
    ) -> StoreFuture<'a, ()>;

    /// Ends the session to which an ID belongs: removes every row, and returns how many there were.
    ///
    /// The ID may be the current one, one in its grace time, or one that a login has replaced, as
    /// long as it is remembered. An ID without a session is no error.
    ///
    /// # Errors
    /// When the rows are not known to be removed.
    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64>;

    /// Removes every row of a key if the newest has the version that was `seen`.
    ///
    /// # Errors
    /// When the rows are not known to be removed.
    fn delete_version<'a>(&'a self, id: &'a SessionId, seen: Timestamp)
    -> StoreFuture<'a, Written>;

    /// Finds the session with this handle, unless it has expired.
    ///
    /// # Errors
    /// As [`load`](Store::load).
    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>>;

    /// Lists the sessions with this value in the column `owner`, newest first. Expired sessions and
    /// rows that cannot be decoded are left out. A store may list only a thousand, those that began
    /// last.
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>>;

    /// Removes an owner's sessions: all rows of each key that has a row of the owner. A store may do so
    /// in several steps.
    ///
    /// A session that gets another ID at the same time may escape. So the answer says how many rows
    /// were seen, and the caller repeats the call until it is zero.
    ///
    /// # Errors
    /// When the rows are not known to be removed. Some may be; another call removes the rest.
    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked>;

    /// Reads one bounded batch of the rows that a peer wrote last. A peer (Go's pgstore) does not
    /// know the extra columns, so their `owner` may be out of date. A batch may be empty and not be
    /// the last.
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten>;

    /// Removes one bounded batch of expired rows, oldest first.
    ///
    /// # Errors
    /// When the rows are not known to be removed.
    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept>;

    /// Proves that sessions can be kept now: inserts one, loads it, saves it, gives it a new ID,
    /// deletes it, and undoes all that. It fails on a standby, without the table, without a right to
    /// it, and where the table refuses a row.
    ///
    /// # Errors
    /// Why sessions cannot be written.
    fn probe(&self) -> StoreFuture<'_, ()>;

    /// The name of the table, by which metrics tell stores apart. The default has none.
    fn collection_name(&self) -> Option<&str> {
        None
    }
}
