//! [`PgStore`]: the store's methods, each a statement.

use std::fmt;
use std::sync::Arc;

use super::inner::Inner;
use super::refusal::Guard;
use super::statements::{Confirm, DeleteVersion, Find, SelectPeerWritten};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::{IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row};
use crate::store::{Store, StoreError, StoreFuture, SweepBatch, Swept, Written};

/// Sessions in PostgreSQL. A handle: clones share the connections.
///
/// All callers share a few connections, on which their statements are pipelined, so there is no
/// pool to exhaust. Loads, first rows, saves and logouts that arrive while others are under way go out in
/// one statement, with an outcome for each caller ([`StatementStrategy`](crate::StatementStrategy)). A
/// lost connection is replaced at the next use. Every operation ends within a deadline (5 seconds by
/// default). Every change is done by one statement that commits by itself, so a client that
/// disconnects leaves nothing half-done.
///
/// ```no_run
/// use pgstore::PgStore;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PgStore::connect("postgres://app:secret@localhost/web").await?;
/// store.migrate().await?;
/// // … serve …
/// store.close().await;
/// # Ok(())
/// # }
/// ```
///
/// # Which statements are repeated?
///
/// All repetitions happen within the deadline:
///
/// - A statement that lost to a concurrent one (a deadlock, a serialization failure) is sent up to
///   fifteen more times.
/// - A statement whose connection was found closed or read-only is sent again, once for each
///   connection that the store or the application's pool may hold, and at least twice.
/// - When a connection is lost while a statement is under way, the statement is repeated if that
///   has no further effect: reads, deletes, revocations, sweeps. An insert, an update, a rename and
///   the deletion of one version are not repeated, because they may have taken effect. Their error
///   is [in doubt](crate::store::StoreError::is_in_doubt), and the caller has to find out. The same
///   holds when the deadline passes while the statement is under way.
///
/// # What does it cost?
///
/// One round trip for each operation, a second one for a load that finds no row or a change that
/// changes nothing, and one more when a connection sees a statement for the first time. Listing and
/// ending an owner's sessions take one for each thousand rows. At most four connections, up to two
/// more for sweeps, device lists and revocations, and one for the moment of a probe.
///
/// # What if the table silently refuses a change?
///
/// Row-level security without a policy for this role, a trigger that returns NULL and a rule DO
/// INSTEAD NOTHING make PostgreSQL change nothing without an error. A change that changed nothing
/// although there was something to change is
/// [`StoreErrorKind::RefusedSilently`](crate::store::StoreErrorKind::RefusedSilently), never an
/// answer.
// Go: pgstore.go NewPGStore has a pool without bounds or deadlines and creates the table itself.
#[derive(Clone)]
pub struct PgStore {
    pub(super) inner: Arc<Inner>,
}

impl PgStore {
    /// How many older rows this store and its clones have removed from keys that had several.
    ///
    /// Go's pgstore leaves them when it saves a new session twice. The newest row is the session.
    /// When a load finds older ones, they are removed in the background.
    ///
    /// ```no_run
    /// # fn example(store: &pgstore::PgStore) {
    /// println!("{} duplicates removed", store.duplicates_removed());
    /// # }
    /// ```
    #[must_use]
    pub fn duplicates_removed(&self) -> u64 {
        self.inner.duplicates_removed()
    }

    /// Ends every session that was begun before a time, whoever owns it, and counts them. A session
    /// whose beginning is not known counts as begun before.
    ///
    /// Use it after a dump of the database was restored: the dump brings back sessions that were
    /// logged out since it was made. It removes 1000 rows at a time, and each batch has the
    /// [`deadline`](super::PgStoreOptions::deadline).
    ///
    /// ```no_run
    /// # async fn example(store: pgstore::PgStore) -> Result<(), pgstore::StoreError> {
    /// use pgstore::{Clock, SystemClock};
    ///
    /// let revoked = store.revoke_issued_before(SystemClock::default().now()).await?;
    /// println!("{revoked} sessions were logged out");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database is unreachable or refuses; sessions that were ended before that stay ended.
    pub async fn revoke_issued_before(&self, time: Timestamp) -> Result<u64, StoreError> {
        self.inner.revoke_issued_before(time).await
    }

    /// Waits for the operations under way, for one deadline at most, and closes the store's own
    /// connections.
    ///
    /// Later calls, also on clones, fail with
    /// [`StoreErrorKind::Closed`](crate::store::StoreErrorKind::Closed). A second call does
    /// nothing.
    ///
    /// ```no_run
    /// # async fn example(store: pgstore::PgStore) {
    /// // When the server has shut down:
    /// store.close().await;
    /// # }
    /// ```
    pub async fn close(&self) {
        self.inner.executor.close().await;
    }
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore")
            .field("server", &self.inner.executor.source().server())
            .field("table", &self.inner.table.to_string())
            .finish_non_exhaustive()
    }
}

impl Store for PgStore {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        Box::pin(async move { self.inner.look_up(id, now).await })
    }

    fn load_all<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Result<Lookup, StoreError>>> {
        Box::pin(async move { self.inner.look_up_all(ids, now).await })
    }

    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.inner.insert(id, row).await })
    }

    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        Box::pin(async move { self.inner.update(id, seen, row).await })
    }

    fn rename<'a>(&'a self, change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        Box::pin(async move { self.inner.rename(change, row).await })
    }

    fn confirm<'a>(
        &'a self,
        id: &'a SessionId,
        until: Timestamp,
        grace_until: Timestamp,
    ) -> StoreFuture<'a, ()> {
        let confirm = Confirm {
            id,
            until,
            grace_until,
        };
        Box::pin(async move { self.inner.run(&confirm).await })
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        Box::pin(async move { self.inner.end(id).await })
    }

    fn delete_version<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
    ) -> StoreFuture<'a, Written> {
        Box::pin(async move {
            let guard = Guard::version(id, seen);
            self.inner.change(&DeleteVersion { id, seen }, guard).await
        })
    }

    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>> {
        Box::pin(async move { self.inner.run(&Find { handle, now }).await })
    }

    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>> {
        Box::pin(async move { self.inner.owned(owner, now).await })
    }

    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked> {
        Box::pin(async move { self.inner.revoke(revocation).await })
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        Box::pin(async move { self.inner.run(&SelectPeerWritten { after, limit }).await })
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        Box::pin(async move { self.inner.sweep(batch).await })
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.inner.probe().await })
    }

    fn collection_name(&self) -> Option<&str> {
        Some(self.inner.executor.collection_name())
    }
}
