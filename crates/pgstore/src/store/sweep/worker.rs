//! The background task behind a [`SweepHandle`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::handle::{SweepChannels, SweepHandle, SweepReply, SweepStats};
use super::options::FirstSweep;
use super::sweeper::{SweepTally, Sweeper};
use crate::clock::Timestamp;
use crate::random;
use crate::store::{StoreError, StoreErrorKind};
use crate::telemetry::{self, SweepFigures};

/// The wait after a first failure. It doubles with each further one, up to the interval.
const AFTER_ERROR: Duration = Duration::from_secs(1);

impl Sweeper {
    /// Starts a task that sweeps at [intervals](super::SweepOptions::interval) until its handle is
    /// stopped or dropped. After an error it tries again, with growing pauses.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self) -> SweepHandle {
        let (orders_in, orders) = mpsc::channel(1);
        let (stop_in, stop) = watch::channel(false);
        let (stats, stats_out) = watch::channel(SweepStats::default());
        let worker = SweepWorker {
            sweeper: Arc::new(self),
            orders,
            stop,
            stats,
            failures: 0,
        };
        tokio::spawn(worker.run());
        SweepHandle {
            channels: Arc::new(SweepChannels {
                orders: orders_in,
                stop: stop_in,
                stats: stats_out,
            }),
        }
    }
}

struct SweepWorker {
    sweeper: Arc<Sweeper>,
    orders: mpsc::Receiver<SweepReply>,
    stop: watch::Receiver<bool>,
    stats: watch::Sender<SweepStats>,
    /// How many sweeps have failed in a row.
    failures: u32,
}

/// What ends a wait.
enum Wake {
    Time,
    Order(SweepReply),
    Stop,
}

impl SweepWorker {
    async fn run(mut self) {
        let mut wait = match self.sweeper.options.first {
            FirstSweep::AfterInterval => with_jitter(self.sweeper.options.interval),
            FirstSweep::AtOnce => Duration::ZERO,
        };
        loop {
            let reply = match self.wait(wait).await {
                Wake::Time => None,
                Wake::Order(reply) => Some(reply),
                Wake::Stop => return,
            };
            let outcome = self.sweep().await;
            wait = self.next_wait();
            if let Some(reply) = reply {
                // It fails if the caller no longer waits.
                let _ = reply.send(outcome);
            }
        }
    }

    async fn wait(&mut self, wait: Duration) -> Wake {
        tokio::select! {
            biased;
            // An error means that all handles were dropped, which stops the worker as well.
            _ = self.stop.wait_for(|stop| *stop) => Wake::Stop,
            order = self.orders.recv() => order.map_or(Wake::Stop, Wake::Order),
            () = sleep(wait) => Wake::Time,
        }
    }

    /// One sweep, in a task of its own: a store that panics must not end the worker.
    async fn sweep(&mut self) -> Result<u64, StoreError> {
        let (sweeper, stop) = (Arc::clone(&self.sweeper), self.stop.clone());
        let sweep = async move {
            let mut done = SweepTally::default();
            let may_continue = || !*stop.borrow() && stop.has_changed().is_ok();
            let outcome = sweeper.sweep_while(may_continue, &mut done).await;
            (done, outcome)
        };
        let began = self.sweeper.clock.now();
        let (done, outcome) = tokio::spawn(sweep).await.unwrap_or_else(|panic| {
            let error = StoreError::caused_by(StoreErrorKind::Other, panic);
            (SweepTally::default(), Err(error))
        });
        self.record(&done, began, outcome.as_ref().err());
        outcome.map(|()| done.removed)
    }

    fn record(&mut self, done: &SweepTally, began: Timestamp, error: Option<&StoreError>) {
        let SweepTally {
            removed,
            undeletable,
            oldest,
        } = *done;
        if let Some(error) = error {
            tracing::warn!(%error, removed, "the sweep of expired sessions failed; it is repeated after a pause");
            self.failures = self.failures.saturating_add(1);
        } else {
            tracing::debug!(removed, undeletable, "swept expired sessions");
            self.failures = 0;
        }
        let lag = oldest.map_or(Duration::ZERO, |oldest| passed(oldest, began));
        let figures = SweepFigures {
            removed,
            undeletable,
            lag,
            has_failed: error.is_some(),
        };
        telemetry::swept(self.sweeper.store.collection_name(), figures);
        let now = self.sweeper.clock.now();
        self.stats.send_modify(|stats| {
            stats.sweeps += 1;
            stats.removed += removed;
            stats.undeletable = undeletable;
            stats.lag = lag;
            stats.errors += u64::from(error.is_some());
            stats.last_error = error.map(StoreError::kind);
            stats.last_finished = Some(now);
        });
    }

    fn next_wait(&self) -> Duration {
        let interval = self.sweeper.options.interval;
        with_jitter(match self.failures {
            0 => interval,
            failures => interval.min(AFTER_ERROR * (1 << (failures - 1).min(16))),
        })
    }
}

fn passed(then: Timestamp, now: Timestamp) -> Duration {
    let micros = now.unix_micros().saturating_sub(then.unix_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// Lengthens or shortens a wait by up to a tenth.
fn with_jitter(wait: Duration) -> Duration {
    // Without randomness there is no jitter, which does no harm.
    let random = random::bytes().map_or(u32::MAX / 2, u32::from_le_bytes);
    let share = f64::from(random) / f64::from(u32::MAX);
    wait.mul_f64(0.9 + 0.2 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_a_tenth() {
        let wait = Duration::from_secs(100);
        for _ in 0..1000 {
            let jittered = with_jitter(wait);
            assert!((Duration::from_secs(90)..=Duration::from_secs(110)).contains(&jittered));
        }
    }
}
