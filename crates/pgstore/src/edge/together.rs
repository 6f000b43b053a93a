//! Several futures at the same time, in one task.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

/// Waits until all futures are done. Their answers have the order of the futures. If some panic, the
/// panic of the first of them goes on when the others are done.
pub(super) async fn together<F: Future>(mut running: Vec<Pin<Box<F>>>) -> Vec<F::Output> {
    if running.len() <= 1 {
        return match running.pop() {
            Some(only) => vec![only.await],
            None => Vec::new(),
        };
    }
    let mut answers: Vec<_> = running.iter().map(|_| None).collect();
    let answers: Vec<thread::Result<_>> = poll_fn(move |context| {
        for (future, answer) in running.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(ready) = poll_or_panic(future.as_mut(), context)
            {
                *answer = Some(ready);
            }
        }
        match answers.iter().all(Option::is_some) {
            true => Poll::Ready(answers.drain(..).flatten().collect()),
            false => Poll::Pending,
        }
    })
    .await;
    let unwound = |answer: thread::Result<_>| answer.unwrap_or_else(|panic| resume_unwind(panic));
    answers.into_iter().map(unwound).collect()
}

/// A future that has panicked is done. It is not polled again, so that nobody sees what it has left.
fn poll_or_panic<F: Future>(
    future: Pin<&mut F>,
    context: &mut Context<'_>,
) -> Poll<thread::Result<F::Output>> {
    match catch_unwind(AssertUnwindSafe(|| future.poll(context))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn answers_have_the_order_of_their_futures() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let first: Pin<Box<dyn Future<Output = u8>>> = Box::pin(async { receiver.await.unwrap() });
        let second: Pin<Box<dyn Future<Output = u8>>> = Box::pin(async move {
            sender.send(1).unwrap();
            2
        });
        assert_eq!(
            together(vec![Box::pin(first), Box::pin(second)]).await,
            [1, 2]
        );
        let none = Vec::<Pin<Box<std::future::Ready<()>>>>::new();
        assert!(together(none).await.is_empty());
        assert_eq!(together(vec![Box::pin(ready(3))]).await, [3]);
    }

    #[tokio::test]
    async fn a_panic_of_one_lets_the_others_end() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let panics: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(async { panic!("the first") });
        let other: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            tokio::task::yield_now().await;
            sender.send(()).unwrap();
        });
        let error = tokio::spawn(together(vec![Box::pin(panics), Box::pin(other)]))
            .await
            .unwrap_err();
        assert!(error.is_panic());
        receiver.await.unwrap();
    }
}
