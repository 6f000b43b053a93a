//! Sweeping once, in batches.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::options::SweepOptions;
use super::pace::Pace;
use crate::clock::{Clock, Timestamp};
use crate::store::{Store, StoreError, SweepBatch, Swept};

/// Removes expired rows from a [`Store`], in bounded batches, oldest first.
///
/// An expired session does not load, whether or not its row was removed. Sweeping keeps the table
/// small. Any number of processes may sweep one table: in PostgreSQL each skips the rows that
/// another one has locked. A row that cannot be removed, because a foreign key refers to it, is skipped
/// and counted.
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
/// until they have been idle for [long enough](SweepOptions::browser_sessions).
///
/// The batches begin with 100 rows and grow or shrink so that each takes 10 ms at most. After each,
/// the sweep pauses for nine times as long, one second at most, so that others hardly notice it. When it
/// has taken as long as the [interval](SweepOptions::interval), it pauses only for as long as a batch takes.
/// PostgreSQL takes about 10 ms for 1000 rows, so a million rows take a minute or two.
// Go: cleanup.go Cleanup deletes all expired rows in one unbounded statement, including those of
// browser sessions.
#[derive(Clone, Debug)]
pub struct Sweeper {
    pub(super) store: Arc<dyn Store>,
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
        self.sweep_with_progress(|_| ()).await
    }

    /// Does the same, and tells after each batch how many rows were removed so far.
    ///
    /// # Errors
    /// As [`sweep`](Sweeper::sweep).
    pub async fn sweep_with_progress(&self, tell: impl Fn(u64)) -> Result<u64, StoreError> {
        let mut done = SweepTally::default();
        let tell = |done: &SweepTally| tell(done.removed);
        self.sweep_telling(|| true, tell, &mut done).await?;
        Ok(done.removed)
    }

    /// Sweeps batch by batch while `may_continue` says so, and counts what it does.
    pub(super) async fn sweep_while(
        &self,
        may_continue: impl Fn() -> bool,
        done: &mut SweepTally,
    ) -> Result<(), StoreError> {
        self.sweep_telling(may_continue, |_| (), done).await
    }

    async fn sweep_telling(
        &self,
        may_continue: impl Fn() -> bool,
        tell: impl Fn(&SweepTally),
        done: &mut SweepTally,
    ) -> Result<(), StoreError> {
        let mut batch = self.first_batch();
        let mut pace = Pace::new(self.options.batch, self.options.interval);
        while may_continue() {
            batch.limit = pace.rows();
            let began = Instant::now();
            let swept = self.store.sweep(&batch).await?;
            let took = began.elapsed();
            pace.follow(&swept, took);
            done.add(&swept);
            tell(done);
            match swept.next {
                // A store that repeats a place would keep this loop running.
                Some(next) if next > batch.after => batch = batch.after(next),
                _ => break,
            }
            pause(pace.pause_after(took)).await;
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

/// What the batches of one sweep have done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SweepTally {
    pub(super) removed: u64,
    pub(super) undeletable: u64,
    /// When the first row that had to be removed expired.
    pub(super) oldest: Option<Timestamp>,
}

impl SweepTally {
    fn add(&mut self, swept: &Swept) {
        self.removed += swept.removed;
        self.undeletable += swept.undeletable;
        self.oldest = self.oldest.into_iter().chain(swept.oldest).min();
    }
}

/// Timers are too coarse for a pause that is shorter.
async fn pause(time: Duration) {
    match time < Duration::from_millis(1) {
        true => tokio::task::yield_now().await,
        false => sleep(time).await,
    }
}
