//! What the clones of a store share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::executor::Executor;
use super::needs_migration::NeedsMigration;
use super::statements::{Load, Statement, Successor};
use super::table_name::TableName;
use crate::clock::{Clock, Timestamp};
use crate::id::SessionId;
use crate::store::{Lookup, Row, StoreError, StoreErrorKind};

/// What the clones of a [`PgStore`](super::PgStore) share.
pub(super) struct Inner {
    pub(super) executor: Executor,
    pub(super) table: TableName,
    pub(super) clock: Arc<dyn Clock>,
    /// When the last probe began that proved that no rows are hidden from this role.
    pub(super) proved: Mutex<Option<Instant>>,
    duplicates_removed: AtomicU64,
}

impl Inner {
    pub(super) fn new(executor: Executor, table: TableName, clock: Arc<dyn Clock>) -> Self {
        Self {
            executor,
            table,
            clock,
            proved: Mutex::default(),
            duplicates_removed: AtomicU64::new(0),
        }
    }

    /// Runs a statement within its deadline.
    pub(super) async fn run<S: Statement>(&self, statement: &S) -> Result<S::Output, StoreError> {
        let deadline = self.executor.deadline::<S>();
        self.run_until(statement, deadline).await
    }

    pub(super) async fn run_until<S: Statement>(
        &self,
        statement: &S,
        deadline: Instant,
    ) -> Result<S::Output, StoreError> {
        let outcome = self.executor.run(statement, deadline).await;
        outcome.map_err(|error| match error.kind() {
            StoreErrorKind::NotMigrated => NeedsMigration::of(S::MIGRATION, error),
            _ => error,
        })
    }

    /// Looks an ID up: one statement, and a second one if there is no row.
    pub(super) async fn look_up(
        self: &Arc<Self>,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Lookup, StoreError> {
        let deadline = self.executor.deadline::<Load<'_>>();
        match self.load_newest(&Load { id, now }, deadline).await? {
            Some(row) => Ok(Lookup::Row(id.clone(), row)),
            None => self.run_until(&Successor { id, now }, deadline).await,
        }
    }

    /// How many older rows were removed from keys that had several.
    pub(super) fn duplicates_removed(&self) -> u64 {
        self.duplicates_removed.load(Ordering::Relaxed)
    }

    /// Reads the newest row, and removes older ones in the background.
    // Go: pgstore.go Save inserts again as long as IsNew is set, which it never clears.
    async fn load_newest(
        self: &Arc<Self>,
        load: &Load<'_>,
        deadline: Instant,
    ) -> Result<Option<Row>, StoreError> {
        let loaded = self.run_until(load, deadline).await?;
        if loaded.has_older {
            let (inner, id) = (Arc::clone(self), load.id.clone());
            // The caller does not wait: the newest row is the session, and the next load tries
            // again.
            tokio::spawn(async move { inner.remove_duplicates(&id).await });
        }
        Ok(loaded.row)
    }

    async fn remove_duplicates(&self, id: &SessionId) {
        match self.remove_older(id).await {
            Ok(removed) => {
                self.duplicates_removed
                    .fetch_add(removed, Ordering::Relaxed);
                tracing::debug!(removed, "removed older duplicate rows of a session");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "could not remove older duplicate rows of a session");
            }
        }
    }
}
