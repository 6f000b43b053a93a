//! Attempts one after the other, each with a short head start before the next one.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::ConnectError;
use crate::error::stops_the_search;

/// How long an attempt is the only one. A server that is well answers sooner; one that is silent
/// costs no more than this.
const HEAD_START: Duration = Duration::from_millis(250);

/// How long an attempt that failed waits before it is repeated, while another one is still silent.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// The first success. The next attempt begins when the last one has failed, or after its head start.
/// The others end when one succeeds or a failure ends the search.
///
/// While an attempt is silent, those that failed are repeated if time can mend that: a standby becomes
/// the primary while its predecessor, silent, is still waited for. It ends when all have failed once.
///
/// The failures are in the order in which the attempts began.
pub(crate) async fn race<T, A, F>(
    attempts: impl IntoIterator<Item = A>,
) -> Result<T, Vec<ConnectError>>
where
    T: Send + 'static,
    A: Fn() -> F,
    F: Future<Output = Result<T, ConnectError>> + Send + 'static,
{
    let attempts: Vec<A> = attempts.into_iter().collect();
    let mut waiting = 0..attempts.len();
    let mut running = JoinSet::new();
    let mut failures = BTreeMap::new();
    while failures.len() < attempts.len() {
        if let Some(place) = waiting.next() {
            spawn(&mut running, place, Duration::ZERO, attempts[place]());
        }
        let ending = running.join_next();
        let ended = match waiting.is_empty() {
            false => timeout(HEAD_START, ending).await,
            true => Ok(ending.await),
        };
        let (place, error) = match ended {
            Ok(Some(Ok((_, Ok(success))))) => return Ok(success),
            Ok(Some(Ok((place, Err(error))))) => (place, error),
            Ok(Some(Err(error))) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(vec![ConnectError::RuntimeShutDown]),
            },
            Ok(None) => break,
            Err(_) => continue,
        };
        if error.may_pass() {
            spawn(&mut running, place, AGAIN_AFTER, attempts[place]());
        }
        let is_last = stops_the_search(&error);
        failures.insert(place, error);
        if is_last {
            break;
        }
    }
    Err(failures.into_values().collect())
}

fn spawn<T, F>(
    running: &mut JoinSet<(usize, Result<T, ConnectError>)>,
    place: usize,
    pause: Duration,
    attempt: F,
) where
    T: Send + 'static,
    F: Future<Output = Result<T, ConnectError>> + Send + 'static,
{
    running.spawn(async move {
        sleep(pause).await;
        (place, attempt.await)
    });
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::Instant;

    use super::*;

    type Outcome = Result<usize, ConnectError>;
    type Attempt = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Outcome> + Send>>>;

    fn after(millis: u64, outcome: fn() -> Outcome) -> Attempt {
        Box::new(move || {
            Box::pin(async move {
                sleep(Duration::from_millis(millis)).await;
                outcome()
            })
        })
    }

    fn failure() -> Outcome {
        Err(ConnectError::NoSystemCertificates)
    }

    fn timed_out() -> Outcome {
        let config = crate::Config::parse("host=db1 user=u").expect("it is a right string");
        Err(ConnectError::Timeout {
            host: config.hosts()[0].clone(),
            after: HEAD_START,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_attempt_costs_its_head_start_and_a_failed_one_nothing() {
        let begun = Instant::now();
        let won = race([
            after(0, failure),
            after(60_000, || Ok(1)),
            after(60_000, || Ok(2)),
            after(10, || Ok(3)),
        ]);
        assert_eq!(won.await.unwrap(), 3);
        assert_eq!(begun.elapsed(), 2 * HEAD_START + Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_one_wins_if_it_is_quick_and_the_others_are_not_begun() {
        let begun = Arc::new(AtomicUsize::new(0));
        let attempts = (0..3).map(|place| {
            let begun = Arc::clone(&begun);
            move || {
                begun.fetch_add(1, Ordering::Relaxed);
                async move {
                    sleep(Duration::from_millis(200)).await;
                    Ok(place)
                }
            }
        });
        assert_eq!(race(attempts).await.unwrap(), 0);
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn while_one_is_silent_those_that_failed_are_repeated_if_time_can_mend_that() {
        let (begun, tries) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&tries);
        let promoted_later: Attempt = Box::new(move || {
            let tried = counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                match tried {
                    0..3 => timed_out(),
                    _ => Ok(1),
                }
            })
        });
        let won = race([after(5_000, failure), promoted_later]).await;
        assert_eq!(won.unwrap(), 1);
        assert_eq!(begun.elapsed(), HEAD_START + 3 * AGAIN_AFTER);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_all_have_failed_once() {
        let begun = Instant::now();
        let failures = race([after(700, timed_out), after(0, timed_out)]).await;
        assert_eq!(failures.unwrap_err().len(), 2);
        assert_eq!(begun.elapsed(), Duration::from_millis(700));
    }

    #[tokio::test(start_paused = true)]
    async fn all_failures_are_told_in_the_order_of_the_attempts() {
        let failures = race([
            after(900, failure),
            after(1, || Err(ConnectError::NoCryptoProvider)),
        ]);
        let told = failures.await.unwrap_err();
        assert!(matches!(told[0], ConnectError::NoSystemCertificates));
        assert!(matches!(told[1], ConnectError::NoCryptoProvider));
    }
}
