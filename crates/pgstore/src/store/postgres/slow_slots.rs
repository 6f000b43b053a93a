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
            tokio::spawn(close_when_idle(Arc::downgrade(self)));
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

async fn close_when_idle(slots: Weak<SlowSlots>) {
    let mut seen = None;
    loop {
        sleep(IDLE).await;
        let Some(slots) = slots.upgrade() else {
            return;
        };
        let uses = slots.uses();
        if seen == Some(uses) && !slots.are_in_use() {
            // A use from now on is watched anew.
            slots.is_watched.store(false, Ordering::Relaxed);
            slots.slots.iter().for_each(|slot| slot.release());
            return;
        }
        seen = Some(uses);
    }
}
