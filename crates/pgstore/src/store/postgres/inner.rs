//! What the clones of a store share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::executor::Executor;
use super::gather_queues::Queued;
use super::needs_migration::NeedsMigration;
use super::statements::Statement;
use super::table_name::TableName;
use super::table_placement::TablePlacement;
use crate::clock::Clock;
use crate::id::SessionId;
use crate::store::{StoreError, StoreErrorKind};

/// What the clones of a [`PgStore`](super::PgStore) share.
pub(super) struct Inner {
    pub(super) executor: Arc<Executor>,
    pub(super) table: TableName,
    pub(super) clock: Arc<dyn Clock>,
    /// When the last probe began that proved that no rows are hidden from this role.
    pub(super) proved: Mutex<Option<Instant>>,
    /// The turn of a list that has more than one batch.
    pub(super) long_lists: Mutex<()>,
    duplicates_removed: AtomicU64,
    /// Whether a sweep has found a row that cannot be removed.
    has_undeletable: AtomicBool,
    /// Where `migrate()` places the table.
    pub(super) placement: TablePlacement,
}

impl Inner {
    pub(super) fn new(
        executor: Executor,
        table: TableName,
        placement: TablePlacement,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            executor: Arc::new(executor),
            table,
            clock,
            proved: Mutex::default(),
            long_lists: Mutex::default(),
            duplicates_removed: AtomicU64::new(0),
            has_undeletable: AtomicBool::new(false),
            placement,
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
        outcome.map_err(told_what_to_migrate::<S>)
    }

    /// Runs a request by itself, or in one statement with those of other callers. `request` makes it,
    /// perhaps several times.
    pub(super) async fn run_gathered<G: Queued>(
        &self,
        request: impl Fn() -> G::Request + Send + Sync,
        deadline: Instant,
    ) -> Result<G::Answer, StoreError> {
        let gathered = self.executor.run_gathered::<G>(request, deadline);
        gathered.await.map_err(told_what_to_migrate::<G>)
    }

    /// How many older rows were removed from keys that had several.
    pub(super) fn duplicates_removed(&self) -> u64 {
        self.duplicates_removed.load(Ordering::Relaxed)
    }

    /// Notes a row that cannot be removed. Returns whether it is the first.
    pub(super) fn first_undeletable(&self) -> bool {
        !self.has_undeletable.swap(true, Ordering::Relaxed)
    }

    /// Removes the older rows of a key in the background. The caller does not wait: the newest row is
    /// the session, and the next load tries again.
    // Go: pgstore.go Save inserts again as long as IsNew is set, which it never clears.
    pub(super) fn spawn_remove_older(self: &Arc<Self>, id: &SessionId) {
        let (inner, id) = (Arc::clone(self), id.clone());
        tokio::spawn(async move { inner.remove_duplicates(&id).await });
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

/// Adds to the error of an incomplete table which migration the statement needs.
fn told_what_to_migrate<S: Statement>(error: StoreError) -> StoreError {
    match error.kind() {
        StoreErrorKind::NotMigrated => NeedsMigration::of(S::MIGRATION, error),
        _ => error,
    }
}
