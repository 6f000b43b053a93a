//! From many callers to a few connections: who gets which, how often it is tried, for how long.
//!
//! The rest of the store knows [`Link::run`] alone, so that another link, one that gathers
//! several callers' statements into one, can take its place.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::connect_error::ConnectError;
use super::failure::{Failure, Fate};
use super::gate::{Gate, Inside};
use super::lines::Lines;
use super::statements::Statements;
use super::verbs::Verb;
use crate::random;
use crate::store::{StoreError, StoreErrorKind};

/// How often a statement that others got in the way of is sent at most, within its deadline.
const ATTEMPTS: u32 = 8;

/// How often a statement is sent at most when that costs a connection each time: as often as may
/// be needed to get past two connections whose loss nobody has noticed yet.
const CONNECTIONS: u32 = 3;

/// Many callers' way to the connections.
#[derive(Debug)]
pub(super) struct Link {
    lines: Lines,
    statements: Statements,
    deadline: Duration,
    gate: Gate,
}

impl Link {
    pub(super) fn new(lines: Lines, statements: Statements, deadline: Duration) -> Self {
        Self {
            lines,
            statements,
            deadline,
            gate: Gate::default(),
        }
    }

    /// Makes sure that there is a connection, so that wrong settings show.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        self.lines.open().await
    }

    /// Runs a verb: as often as makes sense, within the deadline.
    pub(super) async fn run<V: Verb>(&self, verb: &V) -> Result<V::Answer, StoreError> {
        let _inside = self.enter()?;
        let deadline = Instant::now() + self.deadline;
        let mut attempt = 1;
        loop {
            let outcome = self.lines.attempt(verb, &self.statements, deadline);
            match outcome.await {
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
        self.lines.rest();
    }

    /// Waits for what is under way, for one deadline at most, and ends the connections.
    pub(super) async fn close(&self) {
        self.gate.close();
        let deadline = Instant::now() + self.deadline;
        // Whoever is still inside after it has failed with a timeout of its own by then.
        let _ = timeout_at(deadline, self.gate.emptied()).await;
        self.lines.close(deadline).await;
    }

    pub(super) fn dial(&self) -> &Lines {
        &self.lines
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

pub(super) fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed)
}

pub(super) fn timed_out() -> Failure {
    Failure::last(StoreError::new(StoreErrorKind::Timeout))
}
