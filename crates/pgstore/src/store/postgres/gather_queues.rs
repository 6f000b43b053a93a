//! The kinds of statements that are gathered.

use super::gather_queue::GatherQueue;
use super::statements::{
    DeleteAll, EarlierAll, Gathered, InsertAll, LoadAll, OverwriteAll, UpdateAll,
};
use crate::telemetry::StoreMeter;

/// A queue for each kind of statement that is gathered.
#[derive(Debug)]
pub(super) struct GatherQueues {
    loads: GatherQueue<LoadAll>,
    earlier_ids: GatherQueue<EarlierAll>,
    inserts: GatherQueue<InsertAll>,
    updates: GatherQueue<UpdateAll>,
    deletes: GatherQueue<DeleteAll>,
    overwrites: GatherQueue<OverwriteAll>,
}

/// How many statements of a kind are under way at once when they are gathered.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWayAtOnce {
    pub(super) reads: usize,
    pub(super) writes: usize,
}

impl GatherQueues {
    /// `bound`: how many callers of a kind wait at most.
    pub(super) fn new(at_once: UnderWayAtOnce, bound: usize, meter: &StoreMeter) -> Self {
        let UnderWayAtOnce { reads, writes } = at_once;
        Self {
            loads: GatherQueue::new(reads, bound, meter),
            earlier_ids: GatherQueue::new(reads, bound, meter),
            inserts: GatherQueue::new(writes, bound, meter),
            updates: GatherQueue::new(writes, bound, meter),
            deletes: GatherQueue::new(writes, bound, meter),
            overwrites: GatherQueue::new(writes, bound, meter),
        }
    }
}

/// A statement that has a queue.
pub(super) trait Queued: Gathered {
    fn queue(queues: &GatherQueues) -> &GatherQueue<Self>;
}

impl Queued for LoadAll {
    fn queue(queues: &GatherQueues) -> &GatherQueue<Self> {
        &queues.loads
    }
}

impl Queued for EarlierAll {
    fn queue(queues: &GatherQueues) -> &GatherQueue<Self> {
        &queues.earlier_ids
    }
}

impl Queued for InsertAll {
    fn queue(queues: &GatherQueues) -> &GatherQueue<Self> {
        &queues.inserts
    }
}

impl Queued for UpdateAll {
    fn queue(queues: &GatherQueues) -> &GatherQueue<Self> {
        &queues.updates
    }
}

impl Queued for DeleteAll {
    fn queue(queues: &GatherQueues) -> &GatherQueue<Self> {
        &queues.deletes
    }
}

impl Queued for OverwriteAll {
    fn queue(queues: &GatherQueues) -> &GatherQueue<Self> {
        &queues.overwrites
    }
}
