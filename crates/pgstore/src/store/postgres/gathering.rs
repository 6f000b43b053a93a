//! Gathers the requests of the callers that wait into one statement.
//!
//! A caller that finds few statements of its kind under way sends its own, in its own task. When
//! that ends, or when it leaves, a task takes over as long as others wait. So a caller that leaves
//! takes only its own request with it, and one that is not polled for a while holds up nobody for long.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::busy::BusyPauses;
use super::executor::Executor;
use super::failure::is_unsupported;
use super::gather_queue::{GatherQueue, NoReply, Reply, SLOW, Turn, Waiting};
use super::gather_queues::Queued;
use super::sender_places::SenderPlace;
use super::statements::{Effect, GatheredAnswer};
use crate::id::SessionId;
use crate::store::{StoreError, StoreErrorKind};

impl Executor {
    /// Runs a request by itself, or in one statement with those of other callers. If another writer has
    /// its row, it tries again after a pause, so that it keeps no other caller waiting.
    ///
    /// `request` makes it, perhaps several times.
    pub(super) async fn run_gathered<G: Queued>(
        self: &Arc<Self>,
        request: impl Fn() -> G::Request + Send + Sync,
        deadline: Instant,
    ) -> Result<G::Answer, StoreError> {
        let _guard = self.enter()?;
        let queue = self.queues().filter(|_| self.gathers()).map(G::queue);
        let Some(queue) = queue else {
            return Ok(self.run_entered(&request(), deadline).await?.into());
        };
        let (mut busy, mut in_doubt) = (BusyPauses::new(), false);
        loop {
            match self.gather(queue, &request, deadline, &mut in_doubt).await {
                Ok(answer) if answer.is_busy() => {}
                // A rule of the table forbids it, or the server distributes the table.
                Err(error) if is_unsupported(&error) => {
                    let answer = self.run_entered(&request(), deadline).await?;
                    if !self.finds_distribution(deadline).await {
                        self.stop_gathering(&error);
                    }
                    return Ok(answer.into());
                }
                answer => return answer,
            }
            let paused = busy.pause(deadline).await;
            // An attempt whose answer was lost may be what keeps the row busy, or have done its work.
            paused.map_err(|error| match in_doubt {
                true => error.in_doubt(),
                false => error,
            })?;
        }
    }

    async fn gather<G: Queued>(
        self: &Arc<Self>,
        queue: &GatherQueue<G>,
        request: &(impl Fn() -> G::Request + Send + Sync),
        deadline: Instant,
        in_doubt: &mut bool,
    ) -> Result<G::Answer, StoreError> {
        let ticket = match queue.join(request(), deadline) {
            Turn::Send(request, place) => {
                return self
                    .send_alone(queue, request, place, deadline, in_doubt)
                    .await;
            }
            Turn::Wait(ticket) => ticket,
            Turn::Start(ticket, place) => {
                SenderTask::<G>::start(self, place);
                ticket
            }
            Turn::Full => return Err(StoreError::new(StoreErrorKind::Unavailable)),
        };
        let still_waits = || {
            if let Some(place) = queue.still_waits() {
                SenderTask::<G>::start(self, place);
            }
        };
        match ticket.reply(deadline, still_waits).await {
            Ok(Reply::Answer(answer, was_in_doubt)) => {
                *in_doubt |= was_in_doubt;
                answer
            }
            Err(NoReply { is_sent }) if is_sent && G::EFFECT != Effect::None => {
                Err(without_reply(deadline).in_doubt())
            }
            Err(_) if Instant::now() >= deadline => Err(without_reply(deadline)),
            // It may be another request that made the statement fail; or the runtime of the task that
            // sends has shut down.
            Ok(Reply::SendAlone) | Err(_) => {
                self.run_alone(&G::alone(request()), deadline, in_doubt)
                    .await
            }
        }
    }

    async fn send_alone<G: Queued>(
        self: &Arc<Self>,
        queue: &GatherQueue<G>,
        request: G::Request,
        place: SenderPlace,
        deadline: Instant,
        in_doubt: &mut bool,
    ) -> Result<G::Answer, StoreError> {
        let _sender = Sender {
            executor: self,
            queue,
            place,
            id: G::id(&request).cloned(),
        };
        let alone = G::alone(request);
        queue.note_size(1);
        let sent = self.run_alone(&alone, deadline, in_doubt);
        self.watched(queue, place, sent).await
    }

    /// Runs a statement of a queue. If it takes long, others are sent beside it meanwhile.
    async fn watched<G: Queued, T>(
        self: &Arc<Self>,
        queue: &GatherQueue<G>,
        place: SenderPlace,
        sent: impl Future<Output = T>,
    ) -> T {
        let mut sent = pin!(sent);
        loop {
            if let Ok(outcome) = timeout(SLOW, &mut sent).await {
                return outcome;
            }
            if let Some(place) = queue.nudge(place) {
                SenderTask::<G>::start(self, place);
            }
        }
    }

    async fn send_together<G: Queued>(
        self: &Arc<Self>,
        queue: &GatherQueue<G>,
        place: SenderPlace,
        waiting: Vec<Waiting<G>>,
    ) {
        let latest = waiting.iter().map(|waiting| waiting.deadline).max();
        let deadline = latest.unwrap_or_else(Instant::now);
        let ids = waiting.iter().filter_map(|waiting| G::id(&waiting.request));
        let ids: Vec<_> = ids.cloned().collect();
        let split = waiting
            .into_iter()
            .map(|waiting| (waiting.request, (waiting.caller, waiting.span)));
        let (requests, callers): (Vec<_>, Vec<_>) = split.unzip();
        let (callers, spans): (Vec<_>, Vec<_>) = callers.into_iter().unzip();
        let sent = requests.len();
        queue.note_size(sent);
        let (all, mut in_doubt) = (G::of(requests), false);
        let outcome = self.run_noting(&all, deadline, &mut in_doubt, &spans);
        let outcome = self.watched(queue, place, outcome).await;
        queue.release(sent, &ids);
        tell(callers, outcome, in_doubt);
    }
}

/// The error of a caller that got no reply: its deadline passed, or the runtime of the task that
/// sends has shut down.
fn without_reply(deadline: Instant) -> StoreError {
    StoreError::new(match Instant::now() >= deadline {
        true => StoreErrorKind::Timeout,
        false => StoreErrorKind::Unavailable,
    })
}

/// Tells the callers what became of their requests, and whether an earlier attempt was in doubt. A caller
/// that has left is not told.
fn tell<A>(
    callers: Vec<oneshot::Sender<Reply<A>>>,
    outcome: Result<Vec<Result<A, StoreError>>, StoreError>,
    in_doubt: bool,
) {
    match outcome {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                let _ = caller.send(Reply::Answer(answer, in_doubt));
            }
        }
        Err(error) => {
            for caller in callers {
                let _ = caller.send(match error.is_unavailable() || error.is_in_doubt() {
                    true => Reply::Answer(Err(error.clone()), in_doubt),
                    false => Reply::SendAlone,
                });
            }
        }
    }
}

/// A caller that sends its own statement. When it is dropped, the callers that wait get a task.
struct Sender<'a, G: Queued> {
    executor: &'a Arc<Executor>,
    queue: &'a GatherQueue<G>,
    place: SenderPlace,
    id: Option<SessionId>,
}

impl<G: Queued> Drop for Sender<'_, G> {
    fn drop(&mut self) {
        if self.queue.has_sent(self.place, self.id.as_ref()) {
            SenderTask::<G>::start(self.executor, self.place);
        }
    }
}

/// A task that sends for the callers that wait until there are none.
struct SenderTask<G: Queued> {
    executor: Arc<Executor>,
    place: SenderPlace,
    has_ended: bool,
    kind: PhantomData<fn() -> G>,
}

impl<G: Queued> SenderTask<G> {
    fn start(executor: &Arc<Executor>, place: SenderPlace) {
        let task = Self {
            executor: Arc::clone(executor),
            place,
            has_ended: false,
            kind: PhantomData,
        };
        // Without a runtime, the task is dropped here.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(task.run());
        }
    }

    async fn run(mut self) {
        if let Some(queue) = self.executor.queues().map(G::queue) {
            while let Some(waiting) = queue.next(self.place) {
                self.executor
                    .send_together(queue, self.place, waiting)
                    .await;
            }
        }
        self.has_ended = true;
    }
}

impl<G: Queued> Drop for SenderTask<G> {
    /// If its runtime has shut down, no other task can take over.
    fn drop(&mut self) {
        if !self.has_ended
            && let Some(queue) = self.executor.queues().map(G::queue)
        {
            queue.abandon(self.place);
        }
    }
}
