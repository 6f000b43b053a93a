//! The operations on opaque sessions: of any version, and with one row for each key.

use tokio::time::Instant;

use super::inner::Inner;
use super::pg_store::PgStore;
use super::refusal::{Guard, TRIES};
use super::statements::{Extend, InsertNew, Load, LoadAll, Overwrite, OverwriteAll, Replaced};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{Row, StoreError, StoreFuture, Written};

// The futures are boxed, as those of `Store` are: unboxed, they nest deeper than the compiler follows in a
// crate that uses them.
impl PgStore {
    /// Reads a row that has not expired: one statement.
    pub(crate) fn load_opaque<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<Row>> {
        Box::pin(self.inner.load_opaque(id, now))
    }

    /// Writes a first row with this number, unless the key has a row: one statement, and a second one
    /// if it has.
    pub(crate) fn insert_new<'a>(
        &'a self,
        id: &'a SessionId,
        number: i64,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        let insert = InsertNew { id, number, row };
        Box::pin(async move { self.inner.insert_new(&insert).await })
    }

    /// Replaces a row that has not expired at its new `modified_on`, whatever its version: one
    /// statement, and a second one if there is none.
    pub(crate) fn overwrite<'a>(
        &'a self,
        id: &'a SessionId,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        Box::pin(self.inner.overwrite(id, row))
    }

    /// Lets a session that has not expired end at another time: one statement, and a second one if
    /// there is none.
    pub(crate) fn extend<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
        expires_on: Timestamp,
        max_age: Option<i64>,
    ) -> StoreFuture<'a, Written> {
        let extend = Extend {
            id,
            now,
            expires_on,
            max_age,
        };
        Box::pin(async move { self.inner.extend(&extend).await })
    }

    /// Removes the row of the key: one statement, and a second one if there was none.
    pub(crate) fn delete_opaque<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        Box::pin(self.inner.delete(id))
    }
}

impl Inner {
    async fn load_opaque(&self, id: &SessionId, now: Timestamp) -> Result<Option<Row>, StoreError> {
        let deadline = self.executor.deadline::<Load>();
        self.live_row(id, now, deadline).await
    }

    async fn insert_new(&self, insert: &InsertNew<'_>) -> Result<Written, StoreError> {
        let deadline = self.executor.deadline::<InsertNew<'_>>();
        if self.run_until(insert, deadline).await? == Written::Saved {
            return Ok(Written::Saved);
        }
        let now = insert.row.modified_on;
        if let Some(row) = self.live_row(insert.id, now, deadline).await? {
            // An earlier attempt whose answer was lost has written it.
            let is_ours = row.extras.save_token == insert.row.extras.save_token;
            return Ok(Written::from_count(u64::from(is_ours)));
        }
        match self.is_untouched(&Guard::any(insert.id), deadline).await? {
            true => Ok(Written::Missed), // A row that has expired.
            false => Err(self.refused("an insert wrote no row")),
        }
    }

    async fn overwrite(&self, id: &SessionId, row: &Row) -> Result<Written, StoreError> {
        let (deadline, now) = (self.executor.deadline::<Overwrite>(), row.modified_on);
        let overwrite = || Overwrite {
            id: id.clone(),
            row: row.clone(),
        };
        for _ in 0..TRIES {
            let replaced = self.run_gathered::<OverwriteAll>(overwrite, deadline);
            let is_saved = replaced.await? == Replaced::Done(Written::Saved);
            if is_saved || !self.is_live(id, now, deadline).await? {
                return Ok(Written::from_count(u64::from(is_saved)));
            }
        }
        Err(self.refused("a row was not changed"))
    }

    async fn extend(&self, extend: &Extend<'_>) -> Result<Written, StoreError> {
        let deadline = self.executor.deadline::<Extend<'_>>();
        for _ in 0..TRIES {
            let written = self.run_until(extend, deadline).await?;
            if written == Written::Saved || !self.is_live(extend.id, extend.now, deadline).await? {
                return Ok(written);
            }
        }
        Err(self.refused("a row was not changed"))
    }

    /// Whether the key has a row that has not expired. That it has none is believed only if rows are
    /// not hidden from this role.
    async fn is_live(
        &self,
        id: &SessionId,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        let is_there = self.is_untouched(&Guard::any(id), deadline).await?;
        Ok(is_there && self.live_row(id, now, deadline).await?.is_some())
    }

    async fn live_row(
        &self,
        id: &SessionId,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Option<Row>, StoreError> {
        let load = || Load {
            id: id.clone(),
            now,
        };
        let row = self.run_gathered::<LoadAll>(load, deadline).await?.row;
        // An opaque session never ends with the browser: its end is always meant.
        Ok(row.filter(|row| row.expires_on > now))
    }
}
