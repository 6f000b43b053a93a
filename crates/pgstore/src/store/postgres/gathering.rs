//! Gathers the requests of the callers that wait into one statement.
//!
//! A caller that finds few statements of its kind under way sends its own, in its own task. When
//! that ends, or when it leaves, a task takes over as long as others wait. So a caller that leaves
//! takes only its own request with it.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::executor::Executor;
use super::gather_queue::{Queued, Reply, Turn, Waiting};
use super::statements::Statement;
use crate::store::{StoreError, StoreErrorKind};

impl Executor {
    /// Runs `alone` by itself, or its `request` in one statement with those of other callers.
    pub(super) async fn run_gathered<G, S>(
        self: &Arc<Self>,
        alone: &S,
        request: impl FnOnce() -> G::Request + Send,
        deadline: Instant,
    ) -> Result<S::Output, StoreError>
    where
        G: Queued<Answer = S::Output>,
        S: Statement,
    {
        let _guard = self.enter()?;
        let Some(queues) = self.queues() else {
            return self.run_entered(alone, deadline).await;
        };
        match G::queue(queues).join(request, deadline) {
            Turn::Send => {
                let _sender = Sender::<G>::new(self);
                self.run_entered(alone, deadline).await
            }
            Turn::Wait(answer) => match timeout_at(deadline, answer).await {
                Ok(Ok(Reply::Answer(answer))) => answer,
                // Without an answer if the runtime of the task that sends has shut down.
                Ok(Ok(Reply::SendAlone) | Err(_)) => self.run_entered(alone, deadline).await,
                Err(_) => Err(StoreError::new(StoreErrorKind::Timeout)),
            },
            Turn::Full => Err(StoreError::new(StoreErrorKind::Unavailable)),
        }
    }

    async fn send_together<G: Queued>(&self, waiting: Vec<Waiting<G>>) {
        let latest = waiting.iter().map(|waiting| waiting.deadline).max();
        let mut callers = Vec::with_capacity(waiting.len());
        let mut requests = Vec::with_capacity(waiting.len());
        for Waiting {
            request, caller, ..
        } in waiting
        {
            requests.push(request);
            callers.push(caller);
        }
        let deadline = latest.unwrap_or_else(Instant::now);
        let outcome = self.run_entered(&G::of(requests), deadline).await;
        // A caller that has left takes no answer.
        match outcome {
            Ok(answers) => {
                for (caller, answer) in callers.into_iter().zip(answers) {
                    let _ = caller.send(Reply::Answer(answer));
                }
            }
            Err(error) if error.is_unavailable() => {
                for caller in callers {
                    let _ = caller.send(Reply::Answer(Err(error.clone())));
                }
            }
            Err(_) => {
                for caller in callers {
                    let _ = caller.send(Reply::SendAlone);
                }
            }
        }
    }
}

/// A caller that sends its own statement. When it is dropped, the callers that wait get a task.
struct Sender<'a, G: Queued> {
    executor: &'a Arc<Executor>,
    _kind: std::marker::PhantomData<fn() -> G>,
}

impl<'a, G: Queued> Sender<'a, G> {
    fn new(executor: &'a Arc<Executor>) -> Self {
        Self {
            executor,
            _kind: std::marker::PhantomData,
        }
    }
}

impl<G: Queued> Drop for Sender<'_, G> {
    fn drop(&mut self) {
        let queue = self.executor.queues().map(G::queue);
        if !queue.is_some_and(|queue| queue.has_next()) {
            return;
        }
        let task = SenderTask::<G> {
            executor: Arc::clone(self.executor),
            has_ended: false,
            _kind: std::marker::PhantomData,
        };
        // Without a runtime, the task is dropped here.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(task.run());
        }
    }
}

/// A task that sends for the callers that wait until there are none.
struct SenderTask<G: Queued> {
    executor: Arc<Executor>,
    has_ended: bool,
    _kind: std::marker::PhantomData<fn() -> G>,
}

impl<G: Queued> SenderTask<G> {
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
