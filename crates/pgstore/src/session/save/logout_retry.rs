//! Ends sessions in the store: at once or, while the store is unavailable, in the background.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::id::SessionId;
use crate::session::background::{Background, BackgroundWork, WorkGuard};
use crate::session::stats::Counters;
use crate::store::{Store, StoreError, StoreErrorKind};
use crate::telemetry;

/// How many logouts may be pending on one node.
const MAX_PENDING: usize = 10_000;

/// How often each is tried: with the pauses below, for about two hours.
const MAX_TRIES: u32 = 250;

/// The logouts that a node could not store yet. Clones share them.
#[derive(Clone)]
pub(crate) struct LogoutRetry(Arc<PendingLogouts>);

struct PendingLogouts {
    store: Arc<dyn Store>,
    counters: Arc<Counters>,
    background: Background,
    ids: Mutex<HashSet<SessionId>>,
    /// How many there are. Requests need no lock to see that there are none.
    count: AtomicUsize,
}

impl LogoutRetry {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        counters: Arc<Counters>,
        background: Background,
    ) -> Self {
        Self(Arc::new(PendingLogouts {
            store,
            counters,
            background,
            ids: Mutex::default(),
            count: AtomicUsize::new(0),
        }))
    }

    #[cfg(feature = "middleware")]
    pub(in crate::session) fn background(&self) -> &Background {
        &self.0.background
    }

    /// Whether this node has still to end the session of this ID in the store.
    pub(crate) fn is_pending(&self, id: &SessionId) -> bool {
        self.0.count.load(Ordering::Acquire) > 0 && self.ids().contains(id)
    }

    /// Ends the session that has or had this ID.
    pub(super) async fn end(&self, id: &SessionId) -> Result<(), StoreError> {
        self.0.store.delete(id).await?;
        Ok(())
    }

    /// Continues to end the session in the background for a bounded time. Until then no request on
    /// this node sees the session.
    pub(in crate::session) fn take_over(&self, id: SessionId) {
        let Some(work) = self.0.background.continue_as(BackgroundWork::Logout) else {
            self.0.counters.note_logout_given_up();
            tracing::error!(
                "gave up a logout because the sessions are closed: its session lives until it expires"
            );
            return;
        };
        let mut ids = self.ids();
        if ids.len() >= MAX_PENDING {
            self.0.counters.note_logout_given_up();
            tracing::error!(
                pending = MAX_PENDING,
                "gave up a logout because too many are pending: its session lives until it expires"
            );
            return;
        }
        if !ids.insert(id.clone()) {
            return;
        }
        self.0.count.store(ids.len(), Ordering::Release);
        drop(ids);
        self.0.counters.logouts_taken_over.add(1);
        tracing::warn!("the session store did not take a logout: it continues in the background");
        let (logouts, pending) = (self.clone(), telemetry::pending_logout());
        tokio::spawn(async move {
            let _pending = pending;
            logouts.retry(&id, work).await;
        });
    }

    async fn retry(&self, id: &SessionId, _work: WorkGuard) {
        for tries in 0..MAX_TRIES {
            self.0.background.pause(pause_before(tries)).await;
            match self.end(id).await {
                Ok(()) => {
                    self.forget(id);
                    self.0.counters.logouts_made_up_for.add(1);
                    return;
                }
                // The application closed the store and does not open it again.
                Err(error) if error.kind() == StoreErrorKind::Closed => break,
                // The operator may correct other errors, such as a missing right or migration.
                Err(_) => {}
            }
        }
        self.forget(id);
        self.0.counters.note_logout_given_up();
        tracing::error!("gave up a logout: its session lives until it expires");
    }

    fn forget(&self, id: &SessionId) {
        let mut ids = self.ids();
        ids.remove(id);
        self.0.count.store(ids.len(), Ordering::Release);
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        // No code panics while it holds the lock.
        self.0.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LogoutRetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutRetry")
            .field("pending", &self.0.count.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

/// 50 ms before the second try, doubling to 30 seconds.
pub(in crate::session) fn pause_before(tries: u32) -> Duration {
    Duration::from_millis(50 << tries.min(10)).min(Duration::from_secs(30))
}
