//! A place for one connection, which comes back by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pgstore_connect::{ConnectError, Connector};
use tokio::sync::watch;
use tokio::time::Instant;

use super::connection::Connection;
use crate::clock::Clock;

/// A place for one connection. At most one attempt to fill it is under way at a time.
#[derive(Debug, Default)]
pub(super) struct PoolSlot {
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Nothing is there; after failures nobody knocks before the back-off is over.
    Empty {
        failures: u32,
        not_before: Instant,
    },
    /// A task is connecting; everybody who needs the connection waits for its outcome.
    Connecting(Attempt),
    Filled(Arc<Connection>),
    Closed,
}

/// How an attempt to connect ends, once it has ended.
pub(super) type Attempt = watch::Receiver<Option<Result<Arc<Connection>, ConnectError>>>;

impl PoolSlot {
    /// The connection, when there is one that works as far as anybody knows.
    pub(super) fn live(&self) -> Option<Arc<Connection>> {
        match &*self.state() {
            State::Filled(connection) if connection.is_live() => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// Starts an attempt to connect, or joins the one under way. `None` when closed.
    pub(super) fn connect(
        self: &Arc<Self>,
        connector: &Arc<Connector>,
        clock: &Arc<dyn Clock>,
    ) -> Option<Attempt> {
        let mut state = self.state();
        let (failures, not_before) = match &*state {
            State::Closed => return None,
            State::Connecting(attempt) if !is_abandoned(attempt) => return Some(attempt.clone()),
            State::Filled(connection) if connection.is_live() => {
                return Some(watch::channel(Some(Ok(Arc::clone(connection)))).1);
            }
            State::Empty {
                failures,
                not_before,
            } => (*failures, *not_before),
            State::Connecting(_) | State::Filled(_) => (0, Instant::now()),
        };
        let (outcome, attempt) = watch::channel(None);
        *state = State::Connecting(attempt.clone());
        let (slot, connector) = (Arc::clone(self), Arc::clone(connector));
        let clock = Arc::clone(clock);
        // In a task of its own, so that a caller that gives up does not end it for the others.
        tokio::spawn(async move {
            tokio::time::sleep_until(not_before).await;
            let result = Connection::open(&connector, &*clock).await.map(Arc::new);
            slot.settle(&result, failures);
            // It fails when nobody waits any more.
            let _ = outcome.send(Some(result));
        });
        Some(attempt)
    }

    /// Lets go of the connection; it ends when its work is done.
    pub(super) fn release(&self) {
        let mut state = self.state();
        if matches!(*state, State::Filled(_)) {
            *state = State::default();
        }
    }

    /// Ends the connection and takes no other.
    pub(super) async fn close(&self) {
        let last = std::mem::replace(&mut *self.state(), State::Closed);
        if let State::Filled(connection) = last
            && let Some(connection) = Arc::into_inner(connection)
        {
            connection.end().await;
        }
    }

    fn settle(&self, result: &Result<Arc<Connection>, ConnectError>, failures: u32) {
        let mut state = self.state();
        if matches!(*state, State::Closed) {
            return;
        }
        *state = match result {
            Ok(connection) => State::Filled(Arc::clone(connection)),
            Err(error) => {
                tracing::warn!(%error, failures, "no connection to the session store came about");
                State::Empty {
                    failures: failures.saturating_add(1),
                    not_before: Instant::now() + back_off(failures),
                }
            }
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> Self {
        Self::Empty {
            failures: 0,
            not_before: Instant::now(),
        }
    }
}

/// Waits for the end of an attempt.
pub(super) async fn outcome(mut attempt: Attempt) -> Result<Arc<Connection>, ConnectError> {
    match attempt.wait_for(Option::is_some).await {
        Ok(outcome) => outcome
            .clone()
            .unwrap_or(Err(ConnectError::RuntimeShutDown)),
        Err(_) => Err(ConnectError::RuntimeShutDown),
    }
}

/// Whether the task of an attempt is gone without an outcome, with its runtime.
fn is_abandoned(attempt: &Attempt) -> bool {
    attempt.has_changed().is_err() && attempt.borrow().is_none()
}

/// 50 ms after the first failure, doubling to one second.
fn back_off(failures: u32) -> Duration {
    Duration::from_millis(50 << failures.min(5)).min(Duration::from_secs(1))
}
