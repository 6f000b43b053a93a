//! Several futures at the same time, in one task.

use std::future::poll_fn;
use std::task::Poll;

/// Waits until all futures are done. Their answers have the order of the futures.
pub(super) async fn together<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut answers: Vec<_> = running.iter().map(|_| None).collect();
    poll_fn(move |context| {
        for (future, answer) in running.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *answer = Some(ready);
            }
        }
        match answers.iter().all(Option::is_some) {
            true => Poll::Ready(answers.drain(..).flatten().collect()),
            false => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn answers_have_the_order_of_their_futures() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let first: std::pin::Pin<Box<dyn Future<Output = u8>>> =
            Box::pin(async { receiver.await.unwrap() });
        let second = Box::pin(async move {
            sender.send(1).unwrap();
            2
        });
        assert_eq!(together(vec![first, second]).await, [1, 2]);
        assert!(
            together(Vec::<std::future::Ready<()>>::new())
                .await
                .is_empty()
        );
        assert_eq!(together(vec![ready(3)]).await, [3]);
    }
}
