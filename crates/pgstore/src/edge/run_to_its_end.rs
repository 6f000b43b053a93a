//! A future that runs to its end although its caller is dropped.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// Runs in its caller's task, which costs no task of its own. If the caller is dropped before it has ended,
/// it continues in a task.
pub(super) struct RunToItsEnd<T: Send + 'static> {
    /// `None` once it has ended or panicked.
    running: Option<Running<T>>,
    runtime: Handle,
}

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<T: Send + 'static> RunToItsEnd<T> {
    /// # Panics
    /// Outside a tokio runtime.
    pub(super) fn new(future: Running<T>) -> Self {
        Self {
            running: Some(future),
            runtime: Handle::current(),
        }
    }
}

impl<T: Send + 'static> Future for RunToItsEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // A future that panics is dropped, not continued.
        let mut running = self
            .running
            .take()
            .expect("it is not polled after its end, as the trait demands");
        let polled = running.as_mut().poll(context);
        if polled.is_pending() {
            self.running = Some(running);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for RunToItsEnd<T> {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.spawn(running);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};

    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn it_runs_in_its_callers_task_and_answers() {
        let caller = tokio::task::try_id();
        let task = RunToItsEnd::new(Box::pin(async {
            yield_now().await;
            tokio::task::try_id()
        }));
        assert_eq!(task.await, caller);
    }

    #[tokio::test]
    async fn it_continues_when_its_caller_is_dropped() {
        let (go_on, waits) = oneshot::channel::<()>();
        let (ended, end) = oneshot::channel();
        let mut running = Box::pin(RunToItsEnd::new(Box::pin(async move {
            waits.await.unwrap();
            ended.send(()).unwrap();
        })));
        let once = poll_fn(|context| Poll::Ready(running.as_mut().poll(context)));
        assert!(once.await.is_pending());
        drop(running);
        go_on.send(()).unwrap();
        end.await.unwrap();
    }

    #[tokio::test]
    async fn it_begins_although_its_caller_is_dropped_before_the_first_poll() {
        let (ended, end) = oneshot::channel();
        drop(RunToItsEnd::new(Box::pin(async move {
            ended.send(()).unwrap();
        })));
        end.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_reaches_the_caller_and_ends_it() {
        let (alive, ended) = oneshot::channel::<()>();
        let panics = RunToItsEnd::new(Box::pin(async move {
            let _alive = alive;
            yield_now().await;
            if true {
                panic!("in the save");
            }
            pending::<()>().await;
        }));
        let error = tokio::spawn(panics).await.unwrap_err();
        assert!(error.is_panic());
        assert!(ended.await.is_err(), "what it held is dropped");
    }
}
