//! The callers that wait while statements of their kind are under way.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::statements::{EarlierAll, Gathered, LoadAll};
use crate::store::StoreError;

/// How many requests one statement carries at most.
const MOST: usize = 512;

/// The callers of one kind of statement.
///
/// A caller that finds less than `senders` statements of its kind under way sends its own at once.
/// The others wait, and their requests go out together in the next statement. There are no timers.
pub(super) struct GatherQueue<G: Gathered> {
    state: Mutex<QueueState<G>>,
    senders: usize,
    bound: usize,
}

struct QueueState<G: Gathered> {
    /// How many statements are under way.
    sending: usize,
    waiting: VecDeque<Waiting<G>>,
}

/// A caller that waits.
pub(super) struct Waiting<G: Gathered> {
    pub(super) request: G::Request,
    pub(super) deadline: Instant,
    pub(super) caller: oneshot::Sender<Reply<G::Answer>>,
}

/// What a caller that waited is told.
pub(super) enum Reply<A> {
    Answer(Result<A, StoreError>),
    /// The statement for all failed. It may be one request that makes it fail.
    SendAlone,
}

/// What a caller does now.
pub(super) enum Turn<G: Gathered> {
    /// It sends a statement of its own.
    Send,
    /// It waits for its answer.
    Wait(oneshot::Receiver<Reply<G::Answer>>),
    /// Too many callers wait.
    Full,
}

impl<G: Gathered> GatherQueue<G> {
    /// `senders`: how many statements are under way at once. `bound`: how many callers wait at most.
    pub(super) fn new(senders: usize, bound: usize) -> Self {
        Self {
            state: Mutex::new(QueueState {
                sending: 0,
                waiting: VecDeque::new(),
            }),
            senders: senders.max(1),
            bound,
        }
    }

    /// Takes a caller's request if the caller has to wait.
    pub(super) fn join(&self, request: impl FnOnce() -> G::Request, deadline: Instant) -> Turn<G> {
        let mut state = self.state();
        if state.sending < self.senders {
            state.sending += 1;
            return Turn::Send;
        }
        if state.waiting.len() >= self.bound {
            // Those that have left need no place.
            state.waiting.retain(|waiting| !waiting.caller.is_closed());
        }
        if state.waiting.len() >= self.bound {
            return Turn::Full;
        }
        let (caller, answer) = oneshot::channel();
        state.waiting.push_back(Waiting {
            request: request(),
            deadline,
            caller,
        });
        Turn::Wait(answer)
    }

    /// The callers whose requests go out in the next statement. If there are none, the statement
    /// that was under way counts as ended.
    pub(super) fn next(&self) -> Option<Vec<Waiting<G>>> {
        let mut state = self.state();
        let mut next = Vec::new();
        while next.len() < MOST
            && let Some(waiting) = state.waiting.pop_front()
        {
            if !waiting.caller.is_closed() {
                next.push(waiting);
            }
        }
        if next.is_empty() {
            state.sending -= 1;
            return None;
        }
        Some(next)
    }

    /// Whether callers wait. If there are none, the statement that was under way counts as ended.
    pub(super) fn has_next(&self) -> bool {
        let mut state = self.state();
        let has_next = !state.waiting.is_empty();
        if !has_next {
            state.sending -= 1;
        }
        has_next
    }

    /// The statement that was under way counts as ended, and those who wait send alone.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.sending -= 1;
        // The callers find that nobody will answer.
        state.waiting.clear();
    }

    fn state(&self) -> MutexGuard<'_, QueueState<G>> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the requests: they name sessions.
impl<G: Gathered> fmt::Debug for GatherQueue<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("GatherQueue")
            .field("sending", &state.sending)
            .field("waiting", &state.waiting.len())
            .finish_non_exhaustive()
    }
}

/// A queue for each kind of statement that is gathered.
#[derive(Debug)]
pub(super) struct GatherQueues {
    loads: GatherQueue<LoadAll>,
    earlier_ids: GatherQueue<EarlierAll>,
}

impl GatherQueues {
    /// `senders`: how many reads of a kind are under way at once. `bound`: how many callers of a
    /// kind wait at most.
    pub(super) fn new(senders: usize, bound: usize) -> Self {
        Self {
            loads: GatherQueue::new(senders, bound),
            earlier_ids: GatherQueue::new(senders, bound),
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
