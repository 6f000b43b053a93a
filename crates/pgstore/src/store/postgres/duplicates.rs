//! Rows of one key beside the newest, which Go leaves: removed when a load has seen them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::verbs::{Load, Tidy};
use super::{Inner, PgStore};
use crate::id::SessionId;
use crate::store::{Row, StoreError};

/// How many older duplicates a store has removed.
#[derive(Debug, Default)]
pub(super) struct Duplicates(AtomicU64);

impl PgStore {
    /// How many older rows of a key with several this store (and its clones) has removed.
    ///
    /// Go's pgstore leaves them when it saves a new session twice. The newest is the session;
    /// whenever loading finds others, they are removed behind the caller's back.
    // Go: pgstore.go Save inserts again as long as IsNew is set, which it never clears.
    #[must_use]
    pub fn duplicates_removed(&self) -> u64 {
        self.inner.duplicates.0.load(Ordering::Relaxed)
    }

    pub(super) async fn load_newest(&self, load: &Load<'_>) -> Result<Option<Row>, StoreError> {
        let loaded = self.inner.run(load).await?;
        if loaded.has_older {
            let (inner, id) = (Arc::clone(&self.inner), load.id.clone());
            // Nobody waits for it: the session is read, and another load would try again.
            tokio::spawn(async move { tidy(&inner, &id).await });
        }
        Ok(loaded.row)
    }
}

async fn tidy(inner: &Inner, id: &SessionId) {
    match inner.run(&Tidy { id }).await {
        Ok(removed) => {
            inner.duplicates.0.fetch_add(removed, Ordering::Relaxed);
            tracing::debug!(removed, "older duplicates of a session were removed");
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "older duplicates of a session could not be removed");
        }
    }
}
