//! Removing rows past their time: by hand, or in the background until the handle is dropped.

mod handle;
mod options;
mod worker;

use std::sync::Arc;

pub use handle::{SweepHandle, SweepStats};
pub use options::{FirstSweep, SweepOptions};

use super::{Store, StoreError, SweepBatch};
use crate::clock::Clock;

/// Removes rows past their time from a [`Store`], in bounded batches, oldest first.
///
/// A session past its time is dead whether or not its row has been removed, so sweeping is
/// housekeeping: it keeps the table small. Any number of processes may sweep one table; in
/// PostgreSQL each skips what another has locked, and no request waits for it.
///
/// ```
/// use std::sync::Arc;
/// use pgstore::store::Sweeper;
/// use pgstore::{MemoryStore, SweepOptions, SystemClock};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let store = Arc::new(MemoryStore::new());
/// let sweeper = Sweeper::new(store, Arc::new(SystemClock::default()), SweepOptions::new());
/// let handle = sweeper.start();
///
/// // … serve … and, to see how it goes:
/// assert_eq!(handle.sweep_now().await?, 0);
/// assert_eq!(handle.stats().sweeps, 1);
///
/// handle.stop().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # What does it cost?
///
/// Each sweep reads the index of `expires_on` from its beginning to now, and with it the rows of
/// sessions that [end with the browser](super::Row::ends_with_the_browser), which stand there
/// until they have been idle for [long enough](SweepOptions::browser_sessions). A batch of 1000
/// takes PostgreSQL about 10 ms.
// Go: cleanup.go Cleanup deletes everything in one statement, however much it is, and browser
// sessions with it.
#[derive(Clone, Debug)]
pub struct Sweeper {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    options: SweepOptions,
}

impl Sweeper {
    /// A sweeper of this store. It does nothing yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, options: SweepOptions) -> Self {
        Self {
            store,
            clock,
            options,
        }
    }

    /// Removes all that is past its time now and returns how many rows that was.
    ///
    /// # Errors
    /// The first batch that fails ends it; what the batches before removed stays removed.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let mut removed = 0;
        self.sweep_while(|| true, &mut removed).await?;
        Ok(removed)
    }

    /// Starts a task that sweeps at [intervals](SweepOptions::interval), until its handle is
    /// stopped or dropped. Errors do not end it: it tries again, ever more slowly.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self) -> SweepHandle {
        worker::start(self)
    }

    /// Sweeps batch by batch, asking before each whether to go on and counting as it goes.
    async fn sweep_while(
        &self,
        go_on: impl Fn() -> bool,
        removed: &mut u64,
    ) -> Result<(), StoreError> {
        let mut batch = self.first_batch();
        while go_on() {
            let swept = self.store.sweep(&batch).await?;
            *removed += swept.removed;
            match swept.next {
                // A store that does not get on would be asked for ever.
                Some(next) if next > batch.after => batch = batch.after(next),
                _ => break,
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn first_batch(&self) -> SweepBatch {
        let now = self.clock.now();
        SweepBatch::new(
            now.minus(self.options.clock_skew),
            now.minus(self.options.browser_sessions),
            self.options.batch,
        )
    }
}
