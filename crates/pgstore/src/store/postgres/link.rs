//! From many callers to a few connections: who gets which, how often it is tried, for how long.
//!
//! The rest of the store knows [`Link::run`] alone, so that another link, one that gathers
//! several callers' statements into one, can take its place.

use std::error::Error;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::connect_error::ConnectError;
use super::connection::Connection;
use super::dial::Dial;
use super::failure::{Failure, Fate};
use super::gate::{Gate, Inside};
use super::slot::{Slot, outcome};
use super::statements::Statements;
use super::verbs::Verb;
use crate::random;
use crate::store::{StoreError, StoreErrorKind};

/// How often a statement that others got in the way of is sent at most, within its deadline.
const ATTEMPTS: u32 = 8;

/// How often a statement is sent at most when that costs a connection each time: as often as may
/// be needed to get past two connections whose loss nobody has noticed yet.
const CONNECTIONS: u32 = 3;

/// A few connections that all callers share.
#[derive(Debug)]
pub(super) struct Link {
    dial: Arc<Dial>,
    statements: Statements,
    deadline: Duration,
    slots: Vec<Arc<Slot>>,
    background: Arc<Slot>,
    turn: AtomicUsize,
    gate: Gate,
}

impl Link {
    pub(super) fn new(
        dial: Dial,
        statements: Statements,
        connections: usize,
        deadline: Duration,
    ) -> Self {
        Self {
            dial: Arc::new(dial),
            statements,
            deadline,
            slots: (0..connections.max(1)).map(|_| Arc::default()).collect(),
            background: Arc::default(),
            turn: AtomicUsize::new(0),
            gate: Gate::default(),
        }
    }

    /// Opens the first connection; the others follow when they are first used.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        match self.slots[0].connect(&self.dial) {
            Some(attempt) => outcome(attempt).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Runs a verb: as often as makes sense, within the deadline.
    pub(super) async fn run<V: Verb>(&self, verb: &V) -> Result<V::Answer, StoreError> {
        let _inside = self.enter()?;
        let deadline = Instant::now() + self.deadline;
        let mut attempt = 1;
        loop {
            match self.attempt(verb, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(failure) if may_repeat::<V>(&failure, attempt) => {}
                Err(failure) => return Err(failure.error),
            }
            sleep(pause_after(attempt)).await;
            attempt += 1;
        }
    }

    /// Counts the caller among those that [`Link::close`] waits for.
    pub(super) fn enter(&self) -> Result<Inside<'_>, StoreError> {
        self.gate.enter().ok_or_else(closed)
    }

    /// Lets go of the connection for background work until there is some again.
    pub(super) fn rest(&self) {
        self.background.release();
    }

    /// Waits for what is under way, for one deadline at most, and ends the connections.
    pub(super) async fn close(&self) {
        self.gate.close();
        let deadline = Instant::now() + self.deadline;
        // Whoever is still inside after it has failed with a timeout of its own by then.
        let _ = timeout_at(deadline, self.gate.emptied()).await;
        for slot in self.slots.iter().chain([&self.background]) {
            let _ = timeout_at(deadline, slot.close()).await;
        }
    }

    pub(super) fn dial(&self) -> &Dial {
        &self.dial
    }

    async fn attempt<V: Verb>(&self, verb: &V, deadline: Instant) -> Result<V::Answer, Failure> {
        let slots = match V::BACKGROUND {
            true => slice::from_ref(&self.background),
            false => &self.slots,
        };
        let connection = timeout_at(deadline, self.connection(slots))
            .await
            .map_err(|_| timed_out())??;
        match timeout_at(deadline, connection.run(verb, &self.statements)).await {
            Ok(answer) => answer.inspect_err(|failure| note(&connection, failure)),
            Err(_) => {
                connection.give_up(&self.dial, self.deadline);
                Err(timed_out())
            }
        }
    }

    /// A connection whose turn it is; while that one is away, any that is there.
    async fn connection(&self, slots: &[Arc<Slot>]) -> Result<Arc<Connection>, Failure> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (before, from) = slots.split_at(turn % slots.len());
        if let Some(connection) = from[0].live() {
            return Ok(connection);
        }
        let attempt = from[0]
            .connect(&self.dial)
            .ok_or_else(|| Failure::last(closed()))?;
        match from.iter().chain(before).find_map(|slot| slot.live()) {
            Some(connection) => Ok(connection),
            None => outcome(attempt).await.map_err(unavailable),
        }
    }
}

/// None after the first attempt, then up to a few milliseconds more each time; random, so that
/// those who got into each other's way do not meet again.
fn pause_after(attempt: u32) -> Duration {
    let random = random::bytes().map_or(0, u16::from_le_bytes);
    let most = Duration::from_millis(5) * (attempt - 1);
    most.mul_f64(f64::from(random) / f64::from(u16::MAX))
}

fn may_repeat<V: Verb>(failure: &Failure, attempt: u32) -> bool {
    let most = if failure.retires {
        CONNECTIONS
    } else {
        ATTEMPTS
    };
    attempt < most
        && match failure.fate {
            Fate::Undone => true,
            Fate::Unknown => V::REPEATABLE,
            Fate::Final => false,
        }
}

/// Retires a connection that is of no use any more; many callers may find that out at once.
fn note(connection: &Connection, failure: &Failure) {
    if failure.retires && connection.retire() {
        let cause = failure.error.source();
        tracing::warn!(cause, "a connection to the session store was lost");
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed)
}

fn timed_out() -> Failure {
    Failure::last(StoreError::new(StoreErrorKind::Timeout))
}

fn unavailable(error: ConnectError) -> Failure {
    Failure::last(StoreError::caused_by(StoreErrorKind::Unavailable, error))
}
