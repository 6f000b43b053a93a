//! The callers that wait while statements of their kind are under way.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::statements::Gathered;
use crate::id::SessionId;
use crate::store::StoreError;
use crate::telemetry::{Gauged, QueueMeter, StoreMeter};

/// How many requests one statement carries at most.
const MOST: usize = 512;

/// How much data one statement carries at most, beside that of its last request.
const MOST_BYTES: usize = 8 << 20;

/// How long a statement takes at most that others are gathered behind.
pub(super) const SLOW: Duration = Duration::from_millis(10);

/// How long those who send may give no sign of life until others send beside them. A caller that sends its own
/// statement may be alive and not polled, as in a stream whose consumer is busy.
const STALLED: Duration = Duration::from_millis(100);

/// The callers of one kind of statement.
///
/// A caller that finds a place free sends its own statement at once. The others wait, and their
/// requests go out together in the next statement. No timer delays one.
pub(super) struct GatherQueue<G: Gathered> {
    state: Mutex<QueueState<G>>,
    /// How many statements of the kind may be under way at once.
    places: usize,
    bound: usize,
    meter: QueueMeter,
}

struct QueueState<G: Gathered> {
    /// How many statements are under way, and how many requests they carry.
    sending: usize,
    under_way: usize,
    /// When the last one was sent.
    sent_at: Instant,
    /// When one of those who send was seen to run.
    alive_at: Instant,
    /// How many of them were not seen to run for long, and take no place.
    stalled: usize,
    waiting: VecDeque<Waiting<G>>,
    /// The sessions of the requests that are under way together.
    ids: HashSet<SessionId>,
}

/// A caller that waits.
pub(super) struct Waiting<G: Gathered> {
    pub(super) request: G::Request,
    pub(super) deadline: Instant,
    pub(super) caller: oneshot::Sender<Reply<G::Answer>>,
    /// The span in which the caller waits.
    pub(super) span: Span,
    is_sent: Arc<AtomicBool>,
    _waits: Gauged,
}

/// What a caller that waited is told.
pub(super) enum Reply<A> {
    /// With whether an earlier attempt was in doubt.
    Answer(Result<A, StoreError>, bool),
    /// The statement for all failed without an effect. It may be one request that makes it fail.
    SendAlone,
}

/// What a caller does now.
pub(super) enum Turn<G: Gathered> {
    /// It sends a statement of its own.
    Send(G::Request),
    /// It waits for its answer.
    Wait(Ticket<G::Answer>),
    /// It starts a task that sends for those who wait, and waits for its answer.
    Start(Ticket<G::Answer>),
    /// Too many callers wait.
    Full,
}

/// A place in the queue.
pub(super) struct Ticket<A> {
    answer: oneshot::Receiver<Reply<A>>,
    is_sent: Arc<AtomicBool>,
}

/// A caller got no reply: its deadline passed, or the task that sends has ended early.
pub(super) struct NoReply {
    /// Whether its request was sent, so that it may have taken effect.
    pub(super) is_sent: bool,
}

impl<G: Gathered> GatherQueue<G> {
    /// `bound`: how many callers wait at most.
    pub(super) fn new(places: usize, bound: usize, meter: &StoreMeter) -> Self {
        let state = QueueState {
            sending: 0,
            under_way: 0,
            sent_at: Instant::now(),
            alive_at: Instant::now(),
            stalled: 0,
            waiting: VecDeque::new(),
            ids: HashSet::new(),
        };
        Self {
            state: Mutex::new(state),
            places,
            bound,
            meter: meter.queue(G::OPERATION, G::TABLE),
        }
    }

    /// Gives the caller a place of its own, or takes its request until there is a place.
    ///
    /// A request for a session that has another one under way takes its turn after that.
    pub(super) fn join(&self, request: G::Request, deadline: Instant) -> Turn<G> {
        let mut state = self.state();
        let is_free = G::id(&request).is_none_or(|id| !state.ids.contains(id));
        let may_send = is_free && state.has_place(self.places) && state.are_enough(1);
        if may_send && state.waiting.is_empty() {
            state.begins(1);
            state.ids.extend(G::id(&request).cloned());
            return Turn::Send(request);
        }
        if state.waiting.len() >= self.bound {
            // Those that have left need no place.
            state.waiting.retain(|waiting| !waiting.caller.is_closed());
        }
        if state.waiting.len() >= self.bound {
            self.meter.refused();
            return Turn::Full;
        }
        let ticket = state.push(request, deadline, self.meter.waits());
        if !may_send {
            return Turn::Wait(ticket);
        }
        state.sending += 1;
        Turn::Start(ticket)
    }

    /// The callers whose requests go out in the next statement, one for each session. If there are
    /// too few, the task that asked has ended.
    pub(super) fn next(&self) -> Option<Vec<Waiting<G>>> {
        let mut state = self.state();
        state.ends();
        if !state.are_enough(0) {
            return None; // The statement that is under way takes them along when it ends.
        }
        let next = state.take();
        if next.is_empty() {
            return None;
        }
        state.begins(next.len());
        Some(next)
    }

    /// Counts a statement that carries this many requests.
    pub(super) fn note_size(&self, requests: usize) {
        self.meter.sent(requests);
    }

    /// A statement with this many requests, for these sessions, is not under way any more.
    pub(super) fn release(&self, requests: usize, ids: &[SessionId]) {
        let mut state = self.state();
        state.under_way = state.under_way.saturating_sub(requests);
        for id in ids {
            state.ids.remove(id);
        }
    }

    /// A caller's own statement for this session has ended. Whether a task has to send for those who
    /// wait, in its place.
    pub(super) fn has_sent(&self, id: Option<&SessionId>) -> bool {
        let mut state = self.state();
        state.under_way = state.under_way.saturating_sub(1);
        if let Some(id) = id {
            state.ids.remove(id);
        }
        let is_due = !state.waiting.is_empty();
        if !is_due {
            state.ends();
        }
        is_due
    }

    /// A statement takes long. Whether another task has to send for those who came after it.
    pub(super) fn nudge(&self) -> bool {
        let mut state = self.state();
        state.alive_at = Instant::now();
        state.starts(self.places)
    }

    /// A caller has waited for long. Whether a task has to send for those who wait, because nobody else does.
    pub(super) fn has_stalled(&self) -> bool {
        self.state().starts(self.places)
    }

    /// The task that sends has ended early, and those who wait send alone.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.ends();
        // The callers find that nobody will answer.
        state.waiting.clear();
        state.ids.clear();
    }

    fn state(&self) -> MutexGuard<'_, QueueState<G>> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G: Gathered> QueueState<G> {
    /// Whether enough callers wait, with `more` who ask now, for another statement beside those that
    /// are under way: as many as these carry. Otherwise a few callers would take a place, and with it
    /// a commit, that many could share.
    /// A statement that is slow holds up only those that came soon after it.
    fn are_enough(&self, more: usize) -> bool {
        let each = self.under_way / self.sending.max(1);
        self.sending == 0 || self.waiting.len() + more >= each || self.sent_at.elapsed() > SLOW
    }

    /// Whether fewer statements than `places` are under way. Those who send one and have given no sign of life
    /// for long do not count until they end.
    fn has_place(&mut self, places: usize) -> bool {
        if self.sending - self.stalled >= places && self.alive_at.elapsed() > STALLED {
            self.stalled = self.sending;
        }
        self.sending - self.stalled < places
    }

    /// Whether another task has to send.
    fn starts(&mut self, places: usize) -> bool {
        let is_due = !self.waiting.is_empty() && self.has_place(places);
        if is_due {
            self.sending += 1;
        }
        is_due
    }

    /// A statement with this many requests is sent.
    fn begins(&mut self, requests: usize) {
        self.sending += 1;
        self.under_way += requests;
        self.sent_at = Instant::now();
        self.alive_at = self.sent_at;
    }

    /// The sender of a statement has ended.
    fn ends(&mut self) {
        self.sending -= 1;
        self.stalled = self.stalled.min(self.sending);
        if self.sending == 0 {
            self.under_way = 0;
        }
    }

    fn push(&mut self, request: G::Request, deadline: Instant, waits: Gauged) -> Ticket<G::Answer> {
        let (caller, answer) = oneshot::channel();
        let is_sent = Arc::new(AtomicBool::new(false));
        self.waiting.push_back(Waiting {
            request,
            deadline,
            caller,
            span: current_span(),
            is_sent: Arc::clone(&is_sent),
            _waits: waits,
        });
        Ticket { answer, is_sent }
    }

    /// Takes requests in order. Those of a session that has one under way stay.
    fn take(&mut self) -> Vec<Waiting<G>> {
        let (mut next, mut later, now) = (Vec::new(), Vec::new(), Instant::now());
        let mut bytes = 0;
        while next.len() < MOST
            && bytes < MOST_BYTES
            && let Some(waiting) = self.waiting.pop_front()
        {
            let id = G::id(&waiting.request).cloned();
            if waiting.deadline <= now {
                continue; // Its caller is told that it was not sent.
            }
            if id.as_ref().is_some_and(|id| self.ids.contains(id)) {
                later.push(waiting);
            } else if waiting.is_sent_now() {
                self.ids.extend(id);
                bytes += G::bytes(&waiting.request);
                next.push(waiting);
            }
        }
        for waiting in later.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
        next
    }
}

impl<G: Gathered> Waiting<G> {
    /// Notes that the request is sent, unless the caller has left.
    fn is_sent_now(&self) -> bool {
        // In this order, and the other way round in `Ticket`: the caller is not told otherwise.
        self.is_sent.store(true, Ordering::SeqCst);
        !self.caller.is_closed()
    }
}

/// The caller's span, if statements have spans.
fn current_span() -> Span {
    match tracing::span_enabled!(tracing::Level::DEBUG) {
        true => Span::current(),
        false => Span::none(),
    }
}

impl<A> Ticket<A> {
    /// Waits for the reply, until `deadline` at most. Calls `still_waits` after pauses that double.
    pub(super) async fn reply(
        mut self,
        deadline: Instant,
        still_waits: impl Fn(),
    ) -> Result<Reply<A>, NoReply> {
        let mut pause = STALLED;
        loop {
            let until = deadline.min(Instant::now() + pause);
            match timeout_at(until, &mut self.answer).await {
                Ok(Ok(reply)) => return Ok(reply),
                Err(_) if until < deadline => still_waits(),
                Ok(Err(_)) | Err(_) => break,
            }
            pause *= 2;
        }
        self.answer.close();
        if let Ok(reply) = self.answer.try_recv() {
            return Ok(reply);
        }
        let is_sent = self.is_sent.load(Ordering::SeqCst);
        Err(NoReply { is_sent })
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

#[cfg(test)]
mod tests {
    use super::super::statements::{Delete, DeleteAll, Load, LoadAll};
    use super::*;
    use crate::clock::Timestamp;

    fn load() -> Load {
        Load {
            id: SessionId::generate().unwrap(),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn wait(queue: &GatherQueue<LoadAll>, time: Duration) -> (Ticket<impl Sized>, Instant) {
        let deadline = Instant::now() + time;
        match queue.join(load(), deadline) {
            Turn::Wait(ticket) => (ticket, deadline),
            _ => panic!("the place is taken"),
        }
    }

    fn meter() -> StoreMeter {
        StoreMeter::new("http_sessions", "http_sessions_ids")
    }

    fn queue() -> GatherQueue<LoadAll> {
        let queue = GatherQueue::new(1, 10, &meter());
        let first = queue.join(load(), Instant::now());
        assert!(matches!(first, Turn::Send(_)));
        queue
    }

    #[tokio::test]
    async fn a_caller_knows_at_its_deadline_whether_its_request_was_sent() {
        let queue = queue();
        let (late, deadline) = wait(&queue, Duration::ZERO);
        let (sent, other_deadline) = wait(&queue, Duration::from_millis(50));
        let next = queue.next().unwrap();
        assert_eq!(next.len(), 1);
        let no_reply = |reply: Result<_, NoReply>| reply.err().map(|no_reply| no_reply.is_sent);
        assert_eq!(no_reply(late.reply(deadline, || {}).await), Some(false));
        assert_eq!(
            no_reply(sent.reply(other_deadline, || {}).await),
            Some(true)
        );
    }

    #[tokio::test]
    async fn a_caller_that_has_left_is_not_sent() {
        let queue = queue();
        drop(wait(&queue, Duration::from_secs(5)));
        assert!(queue.next().is_none());
    }

    #[tokio::test]
    async fn one_request_of_a_session_is_under_way_at_a_time_and_the_others_keep_their_order() {
        let queue = GatherQueue::<DeleteAll>::new(2, 10, &meter());
        let deadline = Instant::now() + Duration::from_secs(5);
        let [one, other] = [(); 2].map(|()| SessionId::generate().unwrap());
        let delete = |id: &SessionId| Delete { id: id.clone() };
        assert!(matches!(queue.join(delete(&one), deadline), Turn::Send(_)));
        let Turn::Wait(_second) = queue.join(delete(&one), deadline) else {
            panic!("the session has a request under way");
        };
        let Turn::Wait(_third) = queue.join(delete(&one), deadline) else {
            panic!("the session has a request under way");
        };
        // Another session does not wait for it, though others wait before it.
        let Turn::Start(_other) = queue.join(delete(&other), deadline) else {
            panic!("there is a place");
        };
        let sent = queue.next().unwrap();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].request.id, other);
        queue.release(1, &[other]);
        assert!(queue.next().is_none());
        assert!(queue.has_sent(Some(&one)));
        assert_eq!(queue.next().unwrap().len(), 1);
    }
}
