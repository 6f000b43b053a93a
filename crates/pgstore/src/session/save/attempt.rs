//! One attempt at one statement.

use std::time::Duration;

use super::resolve::is_in_doubt;
use crate::random;
use crate::session::state::{Attempt, Resolution};
use crate::session::{Session, SessionError};
use crate::store::Written;

/// What became of one statement.
pub(in crate::session) enum Outcome<T = ()> {
    /// It took effect.
    Saved(T),
    /// The stored row is not the one that was read: another request saved or ended the session first.
    Missed,
    /// The answer was lost and the statement had no effect.
    Lost,
}

impl<T> Outcome<T> {
    pub(in crate::session) fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Saved(value) => Outcome::Saved(f(value)),
            Self::Missed => Outcome::Missed,
            Self::Lost => Outcome::Lost,
        }
    }
}

impl Session {
    /// Sends a statement. If its answer is lost, reads the row to find out whether it took effect.
    pub(in crate::session) async fn attempt(
        &self,
        attempt: Attempt,
        statement: impl Future<Output = Result<Written, SessionError>>,
    ) -> Result<Outcome, SessionError> {
        self.state().begin(attempt.clone());
        match statement.await {
            Ok(Written::Saved) => {
                self.record_saved(&attempt);
                Ok(Outcome::Saved(()))
            }
            Ok(Written::Missed) => {
                self.state().record_no_effect();
                Ok(Outcome::Missed)
            }
            Err(error) if is_in_doubt(&error) => match self.resolve(&attempt).await {
                Ok(Resolution::Saved) => Ok(Outcome::Saved(())),
                Ok(Resolution::NoEffect) => Ok(Outcome::Lost),
                Ok(Resolution::Unknowable) | Err(_) => Err(error),
            },
            Err(error) => {
                self.state().record_no_effect();
                Err(error)
            }
        }
    }
}

/// A random pause before the next attempt. It grows with the number of misses to at most 16 ms, so
/// that requests which collided do not collide again.
pub(in crate::session) fn pause(missed: u32) -> Result<Duration, SessionError> {
    let [random] = random::bytes()?;
    let most_micros = 500 << missed.min(5);
    Ok(Duration::from_micros(u64::from(random) * most_micros / 255))
}
