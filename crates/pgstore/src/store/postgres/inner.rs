//! What the clones of a store share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use super::executor::Executor;
use super::needs_migration::NeedsMigration;
use super::statements::{Load, RemoveOlder, Statement, Successor};
use super::table_name::TableName;
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{Lookup, Row, StoreError, StoreErrorKind};

/// What the clones of a [`PgStore`](super::PgStore) share.
pub(super) struct Inner {
    pub(super) executor: Executor,
    pub(super) table: TableName,
    duplicates_removed: AtomicU64,
}

impl Inner {
    pub(super) fn new(executor: Executor, table: TableName) -> Self {
        Self {
            executor,
            table,
            duplicates_removed: AtomicU64::new(0),
        }
    }

    /// Runs a statement within its deadline.
    pub(super) async fn run<S: Statement>(&self, statement: &S) -> Result<S::Output, StoreError> {
        let deadline = self.executor.deadline::<S>();
        self.run_until(statement, deadline).await
    }

    async fn run_until<S: Statement>(
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
            tokio::spawn(async move { inner.remove_older(&id).await });
        }
        Ok(loaded.row)
    }

    async fn remove_older(&self, id: &SessionId) {
        match self.run(&RemoveOlder { id }).await {
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
