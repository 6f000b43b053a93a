//! Attempts one after the other, each with a short head start before the next one.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::ConnectError;
use crate::error::stops_the_search;

/// How long an attempt is the only one. A server that is well answers sooner; one that is silent
/// costs no more than this.
const HEAD_START: Duration = Duration::from_millis(250);

/// The first success. The next attempt begins when the last one has failed, or after its head start.
/// The others end when one succeeds or a failure ends the search.
///
/// The failures are in the order in which the attempts began.
pub(crate) async fn race<T, F>(
    attempts: impl IntoIterator<Item = F>,
) -> Result<T, Vec<ConnectError>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ConnectError>> + Send + 'static,
{
    let mut waiting = attempts.into_iter().enumerate().peekable();
    let mut running = JoinSet::new();
    let mut failures = Vec::new();
    loop {
        if let Some((place, attempt)) = waiting.next() {
            running.spawn(async move { (place, attempt.await) });
        }
        let ending = running.join_next();
        let ended = match waiting.peek() {
            Some(_) => timeout(HEAD_START, ending).await,
            None => Ok(ending.await),
        };
        let (place, error) = match ended {
            Ok(Some(Ok((_, Ok(success))))) => return Ok(success),
            Ok(Some(Ok((place, Err(error))))) => (place, error),
            Ok(Some(Err(error))) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => (usize::MAX, ConnectError::RuntimeShutDown),
            },
            Ok(None) => break,
            Err(_) => continue,
        };
        let is_last = stops_the_search(&error);
        failures.push((place, error));
        if is_last {
            break;
        }
    }
    failures.sort_by_key(|(place, _)| *place);
    Err(failures.into_iter().map(|(_, error)| error).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::{Instant, sleep};

    use super::*;

    type Outcome = Result<usize, ConnectError>;

    async fn after(millis: u64, outcome: Outcome) -> Outcome {
        sleep(Duration::from_millis(millis)).await;
        outcome
    }

    fn failure() -> Outcome {
        Err(ConnectError::NoSystemCertificates)
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_attempt_costs_its_head_start_and_a_failed_one_nothing() {
        let begun = Instant::now();
        let won = race([
            after(0, failure()),
            after(60_000, Ok(1)),
            after(60_000, Ok(2)),
            after(10, Ok(3)),
        ]);
        assert_eq!(won.await.unwrap(), 3);
        assert_eq!(begun.elapsed(), 2 * HEAD_START + Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_one_wins_if_it_is_quick_and_the_others_are_not_begun() {
        let begun = Arc::new(AtomicUsize::new(0));
        let attempts = (0..3).map(|place| {
            let begun = Arc::clone(&begun);
            async move {
                begun.fetch_add(1, Ordering::Relaxed);
                after(200, Ok(place)).await
            }
        });
        assert_eq!(race(attempts).await.unwrap(), 0);
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn all_failures_are_told_in_the_order_of_the_attempts() {
        let error = ConnectError::NoCryptoProvider;
        let failures = race::<usize, _>([after(900, failure()), after(1, Err(error))]).await;
        let told = failures.unwrap_err();
        assert!(matches!(told[0], ConnectError::NoSystemCertificates));
        assert!(matches!(told[1], ConnectError::NoCryptoProvider));
    }
}
