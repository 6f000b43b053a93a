//! A place for one connection, which is replaced when it is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pgstore_connect::ConnectError;
use tokio::sync::watch;
use tokio::time::Instant;

use super::connection::Connection;
use super::connection_factory::ConnectionFactory;

/// A place for one connection. It makes at most one attempt to connect at a time.
#[derive(Debug, Default)]
pub(super) struct PoolSlot {
    state: Mutex<SlotState>,
}

#[derive(Debug)]
enum SlotState {
    /// There is no connection. After failures the next attempt waits until `not_before`.
    Empty {
        failures: u32,
        not_before: Instant,
    },
    /// A task is connecting. All callers wait for its outcome.
    Connecting {
        attempt: ConnectAttempt,
        /// How many attempts in a row have failed before it.
        failures: u32,
    },
    Filled(Arc<Connection>),
    Closed,
}

/// The outcome of an attempt to connect, once it has ended.
pub(super) type ConnectAttempt = watch::Receiver<Option<Result<Arc<Connection>, ConnectError>>>;

impl PoolSlot {
    /// The connection, if there is one that is not known to be lost.
    pub(super) fn live(&self) -> Option<Arc<Connection>> {
        match &*self.state() {
            SlotState::Filled(connection) if connection.is_live() => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// Whether the last attempt to connect failed.
    pub(super) fn has_failed(&self) -> bool {
        match *self.state() {
            SlotState::Empty { failures, .. } | SlotState::Connecting { failures, .. } => {
                failures > 0
            }
            SlotState::Filled(_) | SlotState::Closed => false,
        }
    }

    /// Starts an attempt to connect, or joins the one under way. `None` when closed.
    pub(super) fn connect(
        self: &Arc<Self>,
        factory: &Arc<ConnectionFactory>,
    ) -> Option<ConnectAttempt> {
        let mut state = self.state();
        let (failures, not_before) = match &*state {
            SlotState::Closed => return None,
            SlotState::Connecting { attempt, .. } if !is_abandoned(attempt) => {
                return Some(attempt.clone());
            }
            SlotState::Filled(connection) if connection.is_live() => {
                return Some(watch::channel(Some(Ok(Arc::clone(connection)))).1);
            }
            SlotState::Empty {
                failures,
                not_before,
            } => (*failures, *not_before),
            SlotState::Connecting { .. } => (0, Instant::now()),
            SlotState::Filled(_) => {
                factory.meter.lost();
                (0, Instant::now())
            }
        };
        let (outcome, attempt) = watch::channel(None);
        *state = SlotState::Connecting {
            attempt: attempt.clone(),
            failures,
        };
        let (slot, factory) = (Arc::clone(self), Arc::clone(factory));
        // In a task of its own: a caller that gives up must not end the attempt for the others.
        tokio::spawn(async move {
            tokio::time::sleep_until(not_before).await;
            let result = factory.open().await.map(Arc::new);
            slot.finish(&result, failures);
            // It fails if no caller waits any longer.
            let _ = outcome.send(Some(result));
        });
        Some(attempt)
    }

    /// Drops the connection. It closes when its statements are done.
    pub(super) fn release(&self) {
        let mut state = self.state();
        if matches!(*state, SlotState::Filled(_)) {
            *state = SlotState::default();
        }
    }

    /// Closes the connection for good.
    pub(super) async fn close(&self) {
        let last = std::mem::replace(&mut *self.state(), SlotState::Closed);
        if let SlotState::Filled(connection) = last
            && let Some(connection) = Arc::into_inner(connection)
        {
            connection.close().await;
        }
    }

    fn finish(&self, result: &Result<Arc<Connection>, ConnectError>, failures: u32) {
        let mut state = self.state();
        if matches!(*state, SlotState::Closed) {
            return;
        }
        *state = match result {
            Ok(connection) => SlotState::Filled(Arc::clone(connection)),
            Err(_) => SlotState::Empty {
                failures: failures.saturating_add(1),
                not_before: Instant::now() + back_off(failures),
            },
        };
    }

    fn state(&self) -> MutexGuard<'_, SlotState> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SlotState {
    fn default() -> Self {
        Self::Empty {
            failures: 0,
            not_before: Instant::now(),
        }
    }
}

/// Waits for the outcome of an attempt.
pub(super) async fn outcome(mut attempt: ConnectAttempt) -> Result<Arc<Connection>, ConnectError> {
    match attempt.wait_for(Option::is_some).await {
        Ok(outcome) => outcome
            .clone()
            .unwrap_or(Err(ConnectError::RuntimeShutDown)),
        Err(_) => Err(ConnectError::RuntimeShutDown),
    }
}

/// Whether the task of an attempt ended without an outcome because its runtime shut down.
fn is_abandoned(attempt: &ConnectAttempt) -> bool {
    attempt.has_changed().is_err() && attempt.borrow().is_none()
}

/// The longest pause between two attempts, and so what the pool adds to the time of a fail-over.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// 50 ms after the first failure, doubling to half a second.
fn back_off(failures: u32) -> Duration {
    Duration::from_millis(50 << failures.min(5)).min(LONGEST_PAUSE)
}
