//! What was wrong once, brought back: the model must find each.

use std::time::Duration;

use pgstore::store::{
    IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row, StoreFuture,
    SweepBatch, Swept, Written,
};
use pgstore::{PgStore, SessionHandle, SessionId, Store, StoreError, StoreErrorKind, Timestamp};
use tokio_postgres::Client;

use crate::support::database::{self, Key};

/// What the library adds to every time that nodes share.
const MARGIN: Duration = Duration::from_secs(60);

/// One fix taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    /// A request that read the session gives a cookie with the ID that it read, whatever has become of
    /// that ID since.
    ACookieOfWhatWasRead,
    /// A session remembers one earlier ID, not all.
    OneIdIsRemembered,
    /// The grace time counts from the rotation, even if its response was lost.
    TheGraceCountsFromTheRotation,
    /// A logout ends the row under the cookie's ID, and does not look where the session is now.
    ALogoutFollowsNothing,
    /// The old ID of a login leads to the session for a while.
    ALoginKeepsTheOldId,
    /// A save of a row that is gone inserts it.
    AnUpdateInserts,
    /// The times that nodes share have no margin for the difference of their clocks.
    ClocksMayNotDiffer,
    /// Of several cookies of the name the first counts.
    TheFirstCookieCounts,
    /// A new ID is a new row.
    ANewIdIsANewRow,
    /// Nothing remembers which IDs were replaced.
    NoIdIsRemembered,
    /// The last save wins, whatever was saved in between.
    TheLastSaveWins,
}

impl Defect {
    pub(super) const ALL: [Self; 11] = [
        Self::ACookieOfWhatWasRead,
        Self::OneIdIsRemembered,
        Self::TheGraceCountsFromTheRotation,
        Self::ALogoutFollowsNothing,
        Self::ALoginKeepsTheOldId,
        Self::AnUpdateInserts,
        Self::ClocksMayNotDiffer,
        Self::TheFirstCookieCounts,
        Self::ANewIdIsANewRow,
        Self::NoIdIsRemembered,
        Self::TheLastSaveWins,
    ];
}

/// The real store, with a defect or none.
#[derive(Clone)]
pub(super) struct Broken {
    store: PgStore,
    client: std::sync::Arc<Client>,
    defect: Option<Defect>,
}

impl std::fmt::Debug for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Broken({:?})", self.defect)
    }
}

impl Broken {
    pub(super) async fn new(store: PgStore, url: &str, defect: Option<Defect>) -> Self {
        let client = std::sync::Arc::new(database::client(url).await);
        Self {
            store,
            client,
            defect,
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    async fn execute(&self, sql: &str, id: &SessionId) -> Result<u64, StoreError> {
        let done = self.client.execute(sql, &[&Key(id)]).await;
        done.map_err(|error| StoreError::caused_by(StoreErrorKind::Other, error))
    }

    /// Forgets the IDs before this one.
    async fn forget_older_than(&self, id: &SessionId) -> Result<u64, StoreError> {
        let forget = "DELETE FROM http_sessions_ids AS older USING http_sessions_ids AS last
                       WHERE last.key = $1 AND older.session_id = last.session_id
                         AND older.key <> last.key";
        self.execute(forget, id).await
    }

    async fn upsert(
        &self,
        id: &SessionId,
        seen: Timestamp,
        row: &Row,
    ) -> Result<Written, StoreError> {
        let written = self.store.update(id, seen, row).await?;
        if written == Written::Missed && self.load(id, row.modified_on).await? == Lookup::Absent {
            self.store.insert(id, row).await?;
            return Ok(Written::Saved);
        }
        Ok(written)
    }

    async fn overwrite(&self, id: &SessionId, row: &Row) -> Result<Written, StoreError> {
        let found = self.store.load(id, row.modified_on).await?;
        match found.into_row_of(id) {
            Some(current) => self.store.update(id, current.modified_on, row).await,
            None => Ok(Written::Missed),
        }
    }

    async fn rename_anew(&self, change: IdChange<'_>, row: &Row) -> Result<Written, StoreError> {
        let written = self.store.rename(change, row).await?;
        if written == Written::Saved {
            let renumber = "WITH row AS (UPDATE http_sessions SET id = DEFAULT WHERE key = $1
                                         RETURNING id)
                            SELECT FROM row";
            self.execute(renumber, change.new).await?;
        }
        Ok(written)
    }
}

impl Store for Broken {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        if !self.has(Defect::NoIdIsRemembered) {
            return self.store.load(id, now);
        }
        Box::pin(async move {
            Ok(match self.store.load(id, now).await? {
                Lookup::Row(found, row) if found == *id => Lookup::Row(found, row),
                _ => Lookup::Absent,
            })
        })
    }

    fn load_all<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Result<Lookup, StoreError>>> {
        self.store.load_all(ids, now)
    }

    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()> {
        self.store.insert(id, row)
    }

    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        match self.defect {
            Some(Defect::AnUpdateInserts) => Box::pin(self.upsert(id, seen, row)),
            Some(Defect::TheLastSaveWins) => Box::pin(self.overwrite(id, row)),
            _ => self.store.update(id, seen, row),
        }
    }

    fn rename<'a>(&'a self, mut change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        let grace = Duration::from_secs(90);
        if self.has(Defect::ClocksMayNotDiffer) {
            change.previous.until = change.previous.until.minus(MARGIN);
        }
        match (self.defect, &mut change.previous.grace_until) {
            (Some(Defect::ALoginKeepsTheOldId), end @ None)
            | (Some(Defect::TheGraceCountsFromTheRotation), end @ Some(_)) => {
                *end = Some(row.modified_on.plus(grace));
            }
            _ => {}
        }
        Box::pin(async move {
            if self.has(Defect::ANewIdIsANewRow) {
                return self.rename_anew(change, row).await;
            }
            let written = self.store.rename(change, row).await?;
            if self.has(Defect::OneIdIsRemembered) && written == Written::Saved {
                self.forget_older_than(change.old).await?;
            }
            Ok(written)
        })
    }

    fn confirm<'a>(
        &'a self,
        id: &'a SessionId,
        until: Timestamp,
        grace_until: Timestamp,
    ) -> StoreFuture<'a, ()> {
        let margin = match self.has(Defect::ClocksMayNotDiffer) {
            true => MARGIN,
            false => Duration::ZERO,
        };
        let (until, grace_until) = (until.minus(margin), grace_until.minus(margin));
        self.store.confirm(id, until, grace_until)
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        match self.defect {
            Some(Defect::ALogoutFollowsNothing) => {
                Box::pin(self.execute("DELETE FROM http_sessions WHERE key = $1", id))
            }
            _ => self.store.delete(id),
        }
    }

    fn delete_version<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
    ) -> StoreFuture<'a, Written> {
        self.store.delete_version(id, seen)
    }

    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>> {
        self.store.find(handle, now)
    }

    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>> {
        self.store.owned(owner, now)
    }

    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked> {
        self.store.revoke(revocation)
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        self.store.peer_written(after, limit)
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        self.store.sweep(batch)
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        self.store.probe()
    }
}
