//! The callers that wait while statements of their kind are under way.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::sender_places::{STALLED, SenderPlace, SenderPlaces};
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

/// The callers of one kind of statement.
///
/// A caller that finds a place free sends its own statement at once. The others wait, and their
/// requests go out together in the next statement, as soon as one that is under way has ended.
pub(super) struct GatherQueue<G: Gathered> {
    state: Mutex<QueueState<G>>,
    /// How many statements of the kind may be under way at once.
    places: usize,
    bound: usize,
    meter: QueueMeter,
}

struct QueueState<G: Gathered> {
    /// Those who send a statement.
    senders: SenderPlaces,
    /// How many requests are under way.
    under_way: usize,
    /// When the last statement was sent.
    sent_at: Instant,
    waiting: VecDeque<Waiting<G>>,
    /// The sessions of the requests that are under way, with when they were sent.
    ids: HashMap<SessionId, Instant>,
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
    Send(G::Request, SenderPlace),
    /// It waits for its answer.
    Wait(Ticket<G::Answer>),
    /// It starts a task that sends for those who wait, and waits for its answer.
    Start(Ticket<G::Answer>, SenderPlace),
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
            senders: SenderPlaces::default(),
            under_way: 0,
            sent_at: Instant::now(),
            waiting: VecDeque::new(),
            ids: HashMap::new(),
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
        let is_free = G::id(&request).is_none_or(|id| state.is_free(id));
        let may_send = is_free && state.senders.has_room(self.places) && state.are_enough(1);
        if may_send && state.waiting.is_empty() {
            let place = state.senders.take();
            state.begins(place, 1);
            let id = G::id(&request).cloned();
            let sent_at = state.sent_at;
            state.ids.extend(id.map(|id| (id, sent_at)));
            return Turn::Send(request, place);
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
        Turn::Start(ticket, state.senders.take())
    }

    /// The callers whose requests go out in the next statement, one for each session. If there are
    /// too few, the task that has the place gives it up and ends.
    pub(super) fn next(&self, place: SenderPlace) -> Option<Vec<Waiting<G>>> {
        let mut state = self.state();
        state.ends(place);
        if !state.are_enough(0) {
            return None; // The statement that is under way takes them along when it ends.
        }
        let next = state.take();
        if next.is_empty() {
            return None;
        }
        state.begins(place, next.len());
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
    pub(super) fn has_sent(&self, place: SenderPlace, id: Option<&SessionId>) -> bool {
        let mut state = self.state();
        state.under_way = state.under_way.saturating_sub(1);
        if let Some(id) = id {
            state.ids.remove(id);
        }
        let is_due = !state.waiting.is_empty();
        if !is_due {
            state.ends(place);
        }
        is_due
    }

    /// A statement takes long. The place of another task that has to send for those who came after it.
    pub(super) fn nudge(&self, place: SenderPlace) -> Option<SenderPlace> {
        let mut state = self.state();
        state.senders.saw(place);
        state.place_for_waiting(self.places)
    }

    /// A caller has waited for long. The place of a task that has to send for those who wait, if nobody does.
    pub(super) fn still_waits(&self) -> Option<SenderPlace> {
        self.state().place_for_waiting(self.places)
    }

    /// The task that sends has ended early, and those who wait send alone.
    pub(super) fn abandon(&self, place: SenderPlace) {
        let mut state = self.state();
        state.ends(place);
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
        let sending = self.senders.len();
        let each = self.under_way / sending.max(1);
        sending == 0 || self.waiting.len() + more >= each || self.sent_at.elapsed() > SLOW
    }

    /// Whether no request of the session is under way, or one that may never end.
    fn is_free(&self, id: &SessionId) -> bool {
        let sent_at = self.ids.get(id);
        sent_at.is_none_or(|sent_at| sent_at.elapsed() > STALLED)
    }

    /// A place for a task that sends for those who wait.
    fn place_for_waiting(&mut self, places: usize) -> Option<SenderPlace> {
        let is_due = !self.waiting.is_empty() && self.senders.has_room(places);
        is_due.then(|| self.senders.take())
    }

    /// A statement with this many requests is sent.
    fn begins(&mut self, place: SenderPlace, requests: usize) {
        self.under_way += requests;
        self.sent_at = Instant::now();
        self.senders.saw(place);
    }

    /// The sender of a statement has ended.
    fn ends(&mut self, place: SenderPlace) {
        self.senders.give_back(place);
        if self.senders.len() == 0 {
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
            if id.as_ref().is_some_and(|id| !self.is_free(id)) {
                later.push(waiting);
            } else if waiting.is_sent_now() {
                self.ids.extend(id.map(|id| (id, now)));
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
            .field("sending", &state.senders.len())
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
        assert!(matches!(first, Turn::Send(..)));
        queue
    }

    /// Those who wait get a task.
    fn start<G: Gathered>(queue: &GatherQueue<G>) -> SenderPlace {
        queue.state().senders.take()
    }

    #[tokio::test]
    async fn a_caller_knows_at_its_deadline_whether_its_request_was_sent() {
        let queue = queue();
        let (late, deadline) = wait(&queue, Duration::ZERO);
        let (sent, other_deadline) = wait(&queue, Duration::from_millis(50));
        let next = queue.next(start(&queue)).unwrap();
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
        assert!(queue.next(start(&queue)).is_none());
    }

    #[tokio::test]
    async fn one_request_of_a_session_is_under_way_at_a_time_and_the_others_keep_their_order() {
        let queue = GatherQueue::<DeleteAll>::new(2, 10, &meter());
        let deadline = Instant::now() + Duration::from_secs(5);
        let [one, other] = [(); 2].map(|()| SessionId::generate().unwrap());
        let delete = |id: &SessionId| Delete { id: id.clone() };
        let Turn::Send(_, first) = queue.join(delete(&one), deadline) else {
            panic!("nobody else sends");
        };
        let Turn::Wait(_second) = queue.join(delete(&one), deadline) else {
            panic!("the session has a request under way");
        };
        let Turn::Wait(_third) = queue.join(delete(&one), deadline) else {
            panic!("the session has a request under way");
        };
        // Another session does not wait for it, though others wait before it.
        let Turn::Start(_other, place) = queue.join(delete(&other), deadline) else {
            panic!("there is a place");
        };
        let sent = queue.next(place).unwrap();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].request.id, other);
        queue.release(1, &[other]);
        assert!(queue.next(place).is_none());
        assert!(queue.has_sent(first, Some(&one)));
        assert_eq!(queue.next(first).unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_is_not_seen_to_run_keeps_neither_its_place_nor_its_session() {
        let queue = GatherQueue::<DeleteAll>::new(1, 10, &meter());
        let deadline = Instant::now() + Duration::from_secs(5);
        let id = SessionId::generate().unwrap();
        let delete = || Delete { id: id.clone() };
        let Turn::Send(_, frozen) = queue.join(delete(), deadline) else {
            panic!("nobody else sends");
        };
        let Turn::Wait(_ticket) = queue.join(delete(), deadline) else {
            panic!("the place is taken");
        };
        assert_eq!(queue.still_waits(), None);
        tokio::time::advance(2 * STALLED).await;
        let place = queue.still_waits().unwrap();
        assert_eq!(queue.next(place).unwrap().len(), 1);
        // The task takes the place, whatever becomes of the first one.
        assert_eq!(queue.still_waits(), None);
        queue.release(1, std::slice::from_ref(&id));
        assert!(queue.next(place).is_none());
        assert!(!queue.has_sent(frozen, Some(&id)));
        assert!(queue.state().senders.len() == 0);
    }
}
