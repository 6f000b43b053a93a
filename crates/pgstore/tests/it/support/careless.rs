//! The store in PostgreSQL without one of its guards, as other stores are or this one was. Races and the
//! model must find each.

use std::fmt;
use std::time::Duration;

use pgstore::store::{
    IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row, StoreFuture,
    SweepBatch, Swept, Written,
};
use pgstore::{PgStore, SessionHandle, SessionId, Store, StoreError, StoreErrorKind, Timestamp};

use super::database::{self, Key};

/// What the library adds to every time that nodes share.
const MARGIN: Duration = Duration::from_secs(60);

/// One guard taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreDefect {
    /// An update of a row that is gone inserts it again, as an upsert does.
    AnUpdateInserts,
    /// The last save wins, whatever was saved in between.
    TheLastSaveWins,
    /// A new ID is two statements: a row comes under it, and then the old one goes.
    ANewIdIsTwoStatements,
    /// A new ID is a new row.
    ANewIdIsANewRow,
    /// Nothing remembers which IDs were replaced.
    NoIdIsRemembered,
    /// A session remembers one earlier ID, not all.
    OneIdIsRemembered,
    /// The old ID of a login leads to the session for a while.
    ALoginKeepsTheOldId,
    /// The grace time counts from the rotation, even if its response was lost.
    TheGraceCountsFromTheRotation,
    /// The times that nodes share have no margin for the difference of their clocks.
    ClocksMayNotDiffer,
    /// A logout ends the row under the cookie's ID, and does not look where the session is now.
    ALogoutFollowsNothing,
    /// A revocation looks once, and does not look again for what a new ID carried past it.
    ARevocationLooksOnce,
    /// A sweep looks expired rows up first, and removes them whatever has become of them.
    ASweepLooksOnce,
}

/// The real store, with a defect or none.
#[derive(Clone)]
pub(crate) struct Careless {
    store: PgStore,
    /// Where its own statements go, past the library.
    url: String,
    defect: Option<StoreDefect>,
}

impl fmt::Debug for Careless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Careless({:?})", self.defect)
    }
}

impl Careless {
    pub(crate) fn new(store: PgStore, url: String, defect: Option<StoreDefect>) -> Self {
        Self { store, url, defect }
    }

    fn has(&self, defect: StoreDefect) -> bool {
        self.defect == Some(defect)
    }

    async fn execute(&self, sql: &str, id: &SessionId) -> Result<u64, StoreError> {
        let client = database::client(&self.url).await;
        client.execute(sql, &[&Key(id)]).await.map_err(other)
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

    async fn rename_in_two_steps(
        &self,
        change: IdChange<'_>,
        row: &Row,
    ) -> Result<Written, StoreError> {
        let found = self.store.load(change.old, row.modified_on).await?;
        if found.into_row().map(|row| row.modified_on) != change.seen {
            return Ok(Written::Missed);
        }
        self.store.insert(change.new, row).await?;
        self.store.delete(change.old).await?;
        Ok(Written::Saved)
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

    async fn sweep_without_looking(&self, batch: &SweepBatch) -> Result<Swept, StoreError> {
        let client = database::client(&self.url).await;
        let seconds = batch.expired_before.unix_seconds();
        let expired =
            format!("SELECT id FROM http_sessions WHERE expires_on < to_timestamp({seconds})");
        let mut removed = 0;
        for row in client.query(&expired, &[]).await.map_err(other)? {
            let id: i64 = row.get(0);
            let delete = "DELETE FROM http_sessions WHERE id = $1";
            removed += client.execute(delete, &[&id]).await.map_err(other)?;
        }
        Ok(Swept::new(removed, None))
    }
}

fn other(error: tokio_postgres::Error) -> StoreError {
    StoreError::caused_by(StoreErrorKind::Other, error)
}

impl Store for Careless {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        if !self.has(StoreDefect::NoIdIsRemembered) {
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
            Some(StoreDefect::AnUpdateInserts) => Box::pin(self.upsert(id, seen, row)),
            Some(StoreDefect::TheLastSaveWins) => Box::pin(self.overwrite(id, row)),
            _ => self.store.update(id, seen, row),
        }
    }

    fn rename<'a>(&'a self, mut change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        let grace = Duration::from_secs(90);
        if self.has(StoreDefect::ClocksMayNotDiffer) {
            change.previous.until = change.previous.until.minus(MARGIN);
        }
        match (self.defect, &mut change.previous.grace_until) {
            (Some(StoreDefect::ALoginKeepsTheOldId), end @ None)
            | (Some(StoreDefect::TheGraceCountsFromTheRotation), end @ Some(_)) => {
                *end = Some(row.modified_on.plus(grace));
            }
            _ => {}
        }
        Box::pin(async move {
            if self.has(StoreDefect::ANewIdIsTwoStatements) {
                return self.rename_in_two_steps(change, row).await;
            }
            if self.has(StoreDefect::ANewIdIsANewRow) {
                return self.rename_anew(change, row).await;
            }
            let written = self.store.rename(change, row).await?;
            if self.has(StoreDefect::OneIdIsRemembered) && written == Written::Saved {
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
        let margin = match self.has(StoreDefect::ClocksMayNotDiffer) {
            true => MARGIN,
            false => Duration::ZERO,
        };
        let (until, grace_until) = (until.minus(margin), grace_until.minus(margin));
        self.store.confirm(id, until, grace_until)
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        match self.defect {
            Some(StoreDefect::ALogoutFollowsNothing) => {
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
        if !self.has(StoreDefect::ARevocationLooksOnce) {
            return self.store.revoke(revocation);
        }
        Box::pin(async move {
            let revoked = self.store.revoke(revocation).await?;
            Ok(Revoked::new(0, revoked.removed))
        })
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        self.store.peer_written(after, limit)
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        match self.has(StoreDefect::ASweepLooksOnce) {
            true => Box::pin(self.sweep_without_looking(batch)),
            false => self.store.sweep(batch),
        }
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        self.store.probe()
    }
}
