//! Ending a session in the store, now or, while the store is away, as soon as it is back.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::rows::SealedRows;
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{Retired, Store, StoreError, StoreErrorKind};

/// How many logouts wait for the store at most.
const MOST_WAITING: usize = 10_000;

/// How often each is tried: with the waits below, for about two hours.
const MOST_TRIES: u32 = 250;

/// How many rotations a logout follows that come between.
const MOST_ROTATIONS: u32 = 8;

/// The logouts that a node still owes. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Logouts(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    ids: Mutex<HashSet<SessionId>>,
    /// How many there are, so that requests need no lock to see that there are none.
    count: AtomicUsize,
}

/// What ending a session came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    /// There was none, and what replaced it is not for the holder of this ID to end.
    Retired,
}

impl Ended {
    pub(super) fn is_retired(self) -> bool {
        self == Self::Retired
    }
}

impl Logouts {
    /// Whether this node still owes the end of a session.
    pub(super) fn has(&self, id: &SessionId) -> bool {
        self.0.count.load(Ordering::Acquire) > 0 && self.ids().contains(id)
    }

    /// Removes the session's row, also when its ID is replaced in passing at the same moment.
    pub(super) async fn end(
        &self,
        store: &dyn Store,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Ended, StoreError> {
        let mut id = id.clone();
        for _ in 0..MOST_ROTATIONS {
            if store.delete(&id).await? > 0 {
                return Ok(Ended::Done);
            }
            match store.retired(&id, now).await? {
                Some(Retired::Honoured(successor, _)) => id = successor,
                Some(Retired::Dead) => return Ok(Ended::Retired),
                None => return Ok(Ended::Done),
            }
        }
        Err(StoreError::new(StoreErrorKind::Timeout))
    }

    /// Goes on ending a session in the background, for a bounded time. Until then no request of
    /// this node sees it alive.
    pub(super) fn take_over(&self, rows: &SealedRows, id: SessionId) {
        let mut ids = self.ids();
        if ids.len() >= MOST_WAITING {
            rows.counters.logouts_given_up.add(1);
            tracing::error!("a logout was given up: {MOST_WAITING} others wait for the store");
            return;
        }
        if !ids.insert(id.clone()) {
            return;
        }
        self.0.count.store(ids.len(), Ordering::Release);
        drop(ids);
        rows.counters.logouts_taken_over.add(1);
        tracing::warn!("a logout goes on in the background: the store could not take it");
        let (logouts, rows) = (self.clone(), rows.clone());
        tokio::spawn(async move { logouts.go_on(&rows, &id).await });
    }

    async fn go_on(&self, rows: &SealedRows, id: &SessionId) {
        for tries in 0..MOST_TRIES {
            sleep(wait_before(tries)).await;
            let now = rows.clock.now();
            match self.end(&*rows.store, id, now).await {
                Ok(_) => {
                    self.forget(id);
                    rows.counters.logouts_made_up_for.add(1);
                    return;
                }
                // Nobody opens it again.
                Err(error) if error.kind() == StoreErrorKind::Closed => break,
                // Also what a right or a migration mends that is missing.
                Err(_) => {}
            }
        }
        self.forget(id);
        rows.counters.logouts_given_up.add(1);
        tracing::error!("a logout was given up: the session lives until it expires");
    }

    fn forget(&self, id: &SessionId) {
        let mut ids = self.ids();
        ids.remove(id);
        self.0.count.store(ids.len(), Ordering::Release);
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        // Nothing panics while it is held.
        self.0.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Logouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.0.count.load(Ordering::Relaxed);
        f.debug_struct("Logouts")
            .field("waiting", &waiting)
            .finish()
    }
}

/// 50 ms at first, doubling to half a minute.
fn wait_before(tries: u32) -> Duration {
    Duration::from_millis(50 << tries.min(10)).min(Duration::from_secs(30))
}
