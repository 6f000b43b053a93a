//! Sweeping once, in batches.

use std::sync::Arc;

use super::options::SweepOptions;
use crate::clock::Clock;
use crate::store::{Store, StoreError, SweepBatch};

/// Removes expired rows from a [`Store`], in bounded batches, oldest first.
///
/// An expired session does not load, whether or not its row was removed. Sweeping keeps the table
/// small. Any number of processes may sweep one table: in PostgreSQL each skips the rows that
/// another one has locked, and no request waits for a sweep.
///
/// ```
/// use std::sync::Arc;
/// use pgstore::SystemClock;
/// use pgstore::{MemoryStore, SweepOptions};
/// use pgstore::store::Sweeper;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let store = Arc::new(MemoryStore::new());
/// let sweeper = Sweeper::new(store, Arc::new(SystemClock::default()), SweepOptions::new());
/// let handle = sweeper.start();
///
/// // … serve … and, to see what it has done:
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
/// Each sweep reads the index of `expires_on` from its beginning to now. That includes the rows of
/// sessions that [end with the browser](crate::store::Row::ends_with_the_browser), which stay there
/// until they have been idle for [long enough](SweepOptions::browser_sessions). PostgreSQL takes
/// about 10 ms for a batch of 1000.
// Go: cleanup.go Cleanup deletes all expired rows in one unbounded statement, including those of
// browser sessions.
#[derive(Clone, Debug)]
pub struct Sweeper {
    store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) options: SweepOptions,
}

impl Sweeper {
    /// A sweeper of this store. It does nothing until [`sweep`](Sweeper::sweep) or
    /// [`start`](Sweeper::start) is called.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, options: SweepOptions) -> Self {
        Self {
            store,
            clock,
            options,
        }
    }

    /// Removes all rows that have expired by now and returns how many there were.
    ///
    /// # Errors
    /// The first batch that fails ends the sweep. Rows that earlier batches removed stay removed.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let mut removed = 0;
        self.sweep_while(|| true, &mut removed).await?;
        Ok(removed)
    }

    /// Sweeps batch by batch while `may_continue` says so, and counts the removed rows.
    pub(super) async fn sweep_while(
        &self,
        may_continue: impl Fn() -> bool,
        removed: &mut u64,
    ) -> Result<(), StoreError> {
        let mut batch = self.first_batch();
        while may_continue() {
            let swept = self.store.sweep(&batch).await?;
            *removed += swept.removed;
            match swept.next {
                // A store that repeats a place would keep this loop running.
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
