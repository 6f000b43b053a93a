//! The connections for statements that may take long. They are closed when they are idle.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::sleep;

use super::pool_slot::PoolSlot;

/// How many there are at most.
const CONNECTIONS: usize = 2;

/// After how long without a statement they are closed.
const IDLE: Duration = Duration::from_secs(30);

/// The places for connections that carry slow statements.
#[derive(Debug)]
pub(super) struct SlowSlots {
    slots: [Arc<PoolSlot>; CONNECTIONS],
    /// How many statements have used them.
    uses: AtomicU64,
    is_watched: AtomicBool,
}

impl SlowSlots {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            slots: Default::default(),
            uses: AtomicU64::new(0),
            is_watched: AtomicBool::new(false),
        })
    }

    pub(super) fn slots(&self) -> &[Arc<PoolSlot>] {
        &self.slots
    }

    /// Notes a use, and sees to it that the connections are closed some time after the last one.
    pub(super) fn note_use(self: &Arc<Self>) {
        self.uses.fetch_add(1, Ordering::Relaxed);
        if !self.is_watched.swap(true, Ordering::Relaxed) {
            // Not for a store that is gone: it closes them itself.
            tokio::spawn(close_when_idle(Watch(Arc::downgrade(self))));
        }
    }

    fn uses(&self) -> u64 {
        self.uses.load(Ordering::Relaxed)
    }

    fn are_in_use(&self) -> bool {
        let mut live = self.slots.iter().filter_map(|slot| slot.live());
        live.any(|connection| connection.load() > 0)
    }
}

/// The task that closes the connections. When it has ended, or its runtime has, the next use starts another.
struct Watch(Weak<SlowSlots>);

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(slots) = self.0.upgrade() {
            slots.is_watched.store(false, Ordering::Relaxed);
        }
    }
}

async fn close_when_idle(watch: Watch) {
    let mut seen = None;
    loop {
        sleep(IDLE).await;
        let Some(slots) = watch.0.upgrade() else {
            return;
        };
        let uses = slots.uses();
        if seen == Some(uses) && !slots.are_in_use() {
            drop(watch); // A use from now on is watched anew.
            slots.slots.iter().for_each(|slot| slot.release());
            return;
        }
        seen = Some(uses);
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn they_are_watched_anew_when_the_runtime_that_watched_them_has_shut_down() {
        let slots = SlowSlots::new();
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { slots.note_use() });
        assert!(slots.is_watched.load(Ordering::Relaxed));
        drop(runtime);
        assert!(!slots.is_watched.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_watched_until_nothing_has_used_them_for_a_while() {
        let slots = SlowSlots::new();
        slots.note_use();
        sleep(3 * IDLE).await;
        assert!(!slots.is_watched.load(Ordering::Relaxed));
        slots.note_use();
        assert!(slots.is_watched.load(Ordering::Relaxed));
    }
}
