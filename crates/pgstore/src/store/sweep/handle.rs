//! The background sweeper as its owner sees it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Timestamp;
use crate::store::{StoreError, StoreErrorKind};

/// Where the result of a sweep that was asked for goes.
pub(super) type Answer = oneshot::Sender<Result<u64, StoreError>>;

/// A sweeper at work. Dropping the last clone stops it, after the batch it is at.
// Go: cleanup.go Cleanup's goroutine goes on until StopCleanup, which blocks for ever when called
// twice.
#[derive(Clone)]
#[must_use = "dropping the handle stops the sweeper"]
pub struct SweepHandle {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) orders: mpsc::Sender<Answer>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) stats: watch::Receiver<SweepStats>,
}

/// What a sweeper has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepStats {
    /// How many sweeps have ended, failed ones included.
    pub sweeps: u64,
    /// How many rows they removed.
    pub removed: u64,
    /// How many of the sweeps failed.
    pub errors: u64,
    /// What the last sweep failed with, or `None` when it did not.
    pub last_error: Option<StoreErrorKind>,
    /// When the last sweep ended.
    pub last_finished: Option<Timestamp>,
}

impl SweepHandle {
    /// What has been done so far.
    #[must_use]
    pub fn stats(&self) -> SweepStats {
        *self.shared.stats.borrow()
    }

    /// Waits for the end of the next sweep. `None` when the sweeper has stopped.
    pub async fn next_sweep(&self) -> Option<SweepStats> {
        let mut stats = self.shared.stats.clone();
        stats.mark_unchanged();
        stats.changed().await.ok()?;
        Some(*stats.borrow())
    }

    /// Sweeps without waiting for the next interval and returns how many rows were removed.
    ///
    /// # Errors
    /// What the sweep failed with; [`StoreErrorKind::Closed`] when the sweeper has stopped.
    pub async fn sweep_now(&self) -> Result<u64, StoreError> {
        let (answer, outcome) = oneshot::channel();
        let stopped = || StoreError::new(StoreErrorKind::Closed);
        let sent = self.shared.orders.send(answer).await;
        sent.map_err(|_| stopped())?;
        outcome.await.map_err(|_| stopped())?
    }

    /// Stops it and waits until it has: one batch at most. Twice is harmless, also from clones.
    pub async fn stop(&self) {
        self.shared.stop.send_replace(true);
        let mut stats = self.shared.stats.clone();
        while stats.changed().await.is_ok() {}
    }
}

impl fmt::Debug for SweepHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SweepHandle")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
