//! The handle of a background sweeper.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Timestamp;
use crate::store::{StoreError, StoreErrorKind};

/// Where the worker sends the result of a sweep on demand.
pub(super) type SweepReply = oneshot::Sender<Result<u64, StoreError>>;

/// A running background sweeper. Dropping the last clone stops it after the current batch.
///
/// ```
/// use std::sync::Arc;
/// use pgstore::SystemClock;
/// use pgstore::{FirstSweep, MemoryStore, SweepOptions};
/// use pgstore::store::Sweeper;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(SystemClock::default()));
/// let options = SweepOptions::new().first(FirstSweep::AtOnce);
/// let handle = Sweeper::new(store, clock, options).start();
/// let stats = handle.next_sweep().await.unwrap();
/// assert_eq!((stats.sweeps, stats.errors), (1, 0));
/// handle.stop().await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
// Go: cleanup.go Cleanup starts a goroutine that runs until StopCleanup. A second StopCleanup
// blocks.
#[derive(Clone)]
#[must_use = "dropping the handle stops the sweeper"]
pub struct SweepHandle {
    pub(super) channels: Arc<SweepChannels>,
}

pub(super) struct SweepChannels {
    pub(super) orders: mpsc::Sender<SweepReply>,
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
    /// How many expired rows the last sweep skipped because they cannot be removed: a foreign key of the
    /// application refers to them, say. The first one is logged, with the reason.
    pub undeletable: u64,
    /// For how long the oldest row that the last sweep had to remove had been expired when the sweep
    /// began; zero if there was none. Raise an alarm if it is hours: sweeps do not keep up, or rows
    /// are undeletable.
    pub lag: Duration,
    /// How many of the sweeps failed.
    pub errors: u64,
    /// What the last sweep failed with, or `None` when it did not.
    pub last_error: Option<StoreErrorKind>,
    /// When the last sweep ended.
    pub last_finished: Option<Timestamp>,
}

impl SweepHandle {
    /// What the sweeper has done so far.
    #[must_use]
    pub fn stats(&self) -> SweepStats {
        *self.channels.stats.borrow()
    }

    /// Waits until the next sweep ends. `None` when the sweeper has stopped.
    pub async fn next_sweep(&self) -> Option<SweepStats> {
        let mut stats = self.channels.stats.clone();
        stats.mark_unchanged();
        stats.changed().await.ok()?;
        Some(*stats.borrow())
    }

    /// Sweeps without waiting for the next interval and returns how many rows were removed.
    ///
    /// # Errors
    /// What the sweep failed with; [`StoreErrorKind::Closed`] when the sweeper has stopped.
    pub async fn sweep_now(&self) -> Result<u64, StoreError> {
        let (reply, outcome) = oneshot::channel();
        let stopped = || StoreError::new(StoreErrorKind::Closed);
        let sent = self.channels.orders.send(reply).await;
        sent.map_err(|_| stopped())?;
        outcome.await.map_err(|_| stopped())?
    }

    /// Stops the sweeper and waits for its current batch. A second call, also on a clone, returns at
    /// once.
    pub async fn stop(&self) {
        self.channels.stop.send_replace(true);
        let mut stats = self.channels.stats.clone();
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
