//! Stores that go without one of their guards, as others do.

use pgstore::store::{
    IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row, StoreFuture,
    SweepBatch, Swept, Written,
};
use pgstore::{PgStore, SessionHandle, SessionId, Store, StoreError, StoreErrorKind, Timestamp};
use tokio_postgres::NoTls;

/// Which guard is missing.
#[derive(Clone, Debug)]
pub(super) enum Missing {
    /// An update of a row that is gone inserts it again, as an upsert does.
    UpdatesNeverInsert,
    /// A new ID is one statement: here a row comes under it, and then the old one goes.
    RenamingIsOneStep,
    /// The store does not remember the IDs that were replaced.
    PreviousIds,
    /// An ID that a login replaced leads to the new one.
    LoginsEndTheOldId,
    /// Who revokes looks once, and does not look again for what a new ID carried past it.
    RevokingIsRepeated,
    /// What is swept is looked up first, and removed whatever has become of it. Over a connection
    /// to this URL.
    SweepingLooksAgain(String),
}

#[derive(Debug)]
pub(super) struct Careless {
    store: PgStore,
    missing: Missing,
}

impl Careless {
    pub(super) fn new(store: PgStore, missing: Missing) -> Self {
        Self { store, missing }
    }

    async fn upsert(
        &self,
        id: &SessionId,
        seen: Timestamp,
        row: &Row,
    ) -> Result<Written, StoreError> {
        let written = self.store.update(id, seen, row).await?;
        if written == Written::Missed
            && self.store.load(id, row.modified_on).await? == Lookup::Absent
        {
            self.store.insert(id, row).await?;
            return Ok(Written::Saved);
        }
        Ok(written)
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
}

async fn sweep_without_looking(url: &str, batch: &SweepBatch) -> Result<Swept, StoreError> {
    let sweep = async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let seconds = batch.expired_before.unix_seconds();
        let expired =
            format!("SELECT id FROM http_sessions WHERE expires_on < to_timestamp({seconds})");
        let mut removed = 0;
        for row in client.query(&expired, &[]).await? {
            let id: i64 = row.get(0);
            let delete = "DELETE FROM http_sessions WHERE id = $1";
            removed += client.execute(delete, &[&id]).await?;
        }
        Ok::<_, tokio_postgres::Error>(Swept::new(removed, None))
    };
    sweep
        .await
        .map_err(|error| StoreError::caused_by(StoreErrorKind::Other, error))
}

impl Store for Careless {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        match self.missing {
            Missing::PreviousIds => Box::pin(async move {
                Ok(match self.store.load(id, now).await? {
                    Lookup::Row(found, row) if found == *id => Lookup::Row(found, row),
                    _ => Lookup::Absent,
                })
            }),
            _ => self.store.load(id, now),
        }
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
        match self.missing {
            Missing::UpdatesNeverInsert => Box::pin(self.upsert(id, seen, row)),
            _ => self.store.update(id, seen, row),
        }
    }

    fn rename<'a>(&'a self, mut change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        match self.missing {
            Missing::RenamingIsOneStep => Box::pin(self.rename_in_two_steps(change, row)),
            Missing::LoginsEndTheOldId => {
                change.previous.grace_until = Some(change.previous.until);
                self.store.rename(change, row)
            }
            _ => self.store.rename(change, row),
        }
    }

    fn confirm<'a>(
        &'a self,
        id: &'a SessionId,
        until: Timestamp,
        grace_until: Timestamp,
    ) -> StoreFuture<'a, ()> {
        self.store.confirm(id, until, grace_until)
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        self.store.delete(id)
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
        match self.missing {
            Missing::RevokingIsRepeated => Box::pin(async move {
                let revoked = self.store.revoke(revocation).await?;
                Ok(Revoked::new(0, revoked.removed))
            }),
            _ => self.store.revoke(revocation),
        }
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        self.store.peer_written(after, limit)
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        match &self.missing {
            Missing::SweepingLooksAgain(url) => Box::pin(sweep_without_looking(url, batch)),
            _ => self.store.sweep(batch),
        }
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        self.store.probe()
    }
}
