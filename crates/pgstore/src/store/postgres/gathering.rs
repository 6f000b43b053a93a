//! Gathers the requests of the callers that wait into one statement.
//!
//! A caller that finds few statements of its kind under way sends its own, in its own task. When
//! that ends, or when it leaves, a task takes over as long as others wait. So a caller that leaves
//! takes only its own request with it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::executor::Executor;
use super::gather_queue::{NoReply, Reply, Turn, Waiting, Way};
use super::gather_queues::Queued;
use super::statements::{Effect, Replaced, Statement};
use crate::store::{StoreError, StoreErrorKind, Written};

/// After how long a save whose row another writer has tries again. It doubles each time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Executor {
    /// Runs `alone` by itself, or its `request` in one statement with those of other callers.
    pub(super) async fn run_gathered<G, S>(
        self: &Arc<Self>,
        alone: &S,
        request: impl FnOnce() -> G::Request + Send,
        deadline: Instant,
    ) -> Result<G::Answer, StoreError>
    where
        G: Queued<Answer: From<S::Output>>,
        S: Statement,
    {
        let _guard = self.enter()?;
        self.gather::<G, S>(alone, request, Way::Any, deadline)
            .await
    }

    /// Replaces a row, by itself or in one statement with those of other callers. If another writer
    /// has the row, it tries again after a pause, so that it keeps no other caller waiting.
    pub(super) async fn save<G, S>(
        self: &Arc<Self>,
        alone: &S,
        request: impl Fn() -> G::Request + Send + Sync,
        deadline: Instant,
    ) -> Result<Written, StoreError>
    where
        G: Queued<Answer = Replaced>,
        S: Statement<Output = Written>,
    {
        let _guard = self.enter()?;
        let (mut way, mut pause) = (Way::Any, SHORTEST_PAUSE);
        loop {
            let replaced = self.gather::<G, S>(alone, &request, way, deadline);
            if let Replaced::Done(written) = replaced.await? {
                return Ok(written);
            }
            if Instant::now() + pause >= deadline {
                return Err(StoreError::new(StoreErrorKind::Timeout));
            }
            sleep(pause).await;
            // By itself it would wait for the row, and its outcome at the deadline would be in doubt.
            (way, pause) = (Way::Together, LONGEST_PAUSE.min(2 * pause));
        }
    }

    async fn gather<G, S>(
        self: &Arc<Self>,
        alone: &S,
        request: impl FnOnce() -> G::Request + Send,
        way: Way,
        deadline: Instant,
    ) -> Result<G::Answer, StoreError>
    where
        G: Queued<Answer: From<S::Output>>,
        S: Statement,
    {
        let Some(queue) = self.queues().map(G::queue) else {
            return Ok(self.run_entered(alone, deadline).await?.into());
        };
        let ticket = match queue.join(request, way, deadline) {
            Turn::Send => {
                let _sender = Sender::<G>::new(self);
                return Ok(self.run_entered(alone, deadline).await?.into());
            }
            Turn::Wait(ticket) => ticket,
            Turn::Start(ticket) => {
                SenderTask::<G>::start(self);
                ticket
            }
            Turn::Full => return Err(StoreError::new(StoreErrorKind::Unavailable)),
        };
        match ticket.reply(deadline).await {
            Ok(Reply::Answer(answer)) => answer,
            Ok(Reply::SendAlone) => Ok(self.run_entered(alone, deadline).await?.into()),
            Err(NoReply { is_sent }) if is_sent && S::EFFECT != Effect::None => {
                Err(without_reply(deadline).in_doubt())
            }
            Err(_) if Instant::now() >= deadline => Err(without_reply(deadline)),
            // The runtime of the task that sends has shut down.
            Err(_) => Ok(self.run_entered(alone, deadline).await?.into()),
        }
    }

    async fn send_together<G: Queued>(&self, waiting: Vec<Waiting<G>>) {
        let latest = waiting.iter().map(|waiting| waiting.deadline).max();
        let deadline = latest.unwrap_or_else(Instant::now);
        let ids = waiting.iter().filter_map(|waiting| G::id(&waiting.request));
        let ids: Vec<_> = ids.cloned().collect();
        let split = waiting
            .into_iter()
            .map(|waiting| (waiting.request, waiting.caller));
        let (requests, callers): (Vec<_>, Vec<_>) = split.unzip();
        let outcome = self.run_entered(&G::of(requests), deadline).await;
        if let Some(queue) = self.queues().map(G::queue) {
            queue.release(&ids);
        }
        tell(callers, outcome);
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

/// Tells the callers what became of their requests. A caller that has left is not told.
fn tell<A>(
    callers: Vec<oneshot::Sender<Reply<A>>>,
    outcome: Result<Vec<Result<A, StoreError>>, StoreError>,
) {
    match outcome {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                let _ = caller.send(Reply::Answer(answer));
            }
        }
        Err(error) => {
            for caller in callers {
                let _ = caller.send(match error.is_unavailable() || error.is_in_doubt() {
                    true => Reply::Answer(Err(error.clone())),
                    false => Reply::SendAlone,
                });
            }
        }
    }
}

/// A caller that sends its own statement. When it is dropped, the callers that wait get a task.
struct Sender<'a, G: Queued> {
    executor: &'a Arc<Executor>,
    kind: PhantomData<fn() -> G>,
}

impl<'a, G: Queued> Sender<'a, G> {
    fn new(executor: &'a Arc<Executor>) -> Self {
        Self {
            executor,
            kind: PhantomData,
        }
    }
}

impl<G: Queued> Drop for Sender<'_, G> {
    fn drop(&mut self) {
        let queue = self.executor.queues().map(G::queue);
        if queue.is_some_and(|queue| queue.has_sent()) {
            SenderTask::<G>::start(self.executor);
        }
    }
}

/// A task that sends for the callers that wait until there are none.
struct SenderTask<G: Queued> {
    executor: Arc<Executor>,
    has_ended: bool,
    kind: PhantomData<fn() -> G>,
}

impl<G: Queued> SenderTask<G> {
    fn start(executor: &Arc<Executor>) {
        let task = Self {
            executor: Arc::clone(executor),
            has_ended: false,
            kind: PhantomData,
        };
        // Without a runtime, the task is dropped here.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(task.run());
        }
    }

    async fn run(mut self) {
        while let Some(waiting) = self.next() {
            self.executor.send_together(waiting).await;
        }
        self.has_ended = true;
    }

    fn next(&self) -> Option<Vec<Waiting<G>>> {
        self.executor.queues().map(G::queue)?.next()
    }
}

impl<G: Queued> Drop for SenderTask<G> {
    /// If its runtime has shut down, no other task can take over.
    fn drop(&mut self) {
        if !self.has_ended
            && let Some(queue) = self.executor.queues().map(G::queue)
        {
            queue.abandon();
        }
    }
}
