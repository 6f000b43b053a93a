//! From many callers to a few connections: who gets which, how often it is tried, for how long.
//!
//! The rest of the store knows [`Executor::run`] alone, so that another link, one that gathers
//! several callers' statements into one, can take its place.

use std::time::Duration;

use pgstore_connect::ConnectError;
use tokio::time::{Instant, sleep, timeout_at};

use super::connection_source::ConnectionSource;
use super::failure::{ConnectionState, Failure, Retry};
use super::in_flight::{InFlight, InFlightGuard};
use super::statements::Statements;
use super::verbs::{Effect, Lane, Verb};
use crate::random;
use crate::store::{StoreError, StoreErrorKind};

/// How often a statement that others got in the way of is sent at most, within its deadline.
const ATTEMPTS: u32 = 8;

/// How often a statement is sent at most when that costs a connection each time: as often as may
/// be needed to get past two connections whose loss nobody has noticed yet.
const CONNECTIONS: u32 = 3;

/// Many callers' way to the connections.
#[derive(Debug)]
pub(super) struct Executor {
    source: ConnectionSource,
    statements: Statements,
    deadlines: Deadlines,
    in_flight: InFlight,
}

/// How long an operation may take in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) all: Duration,
    /// Of what requests begin with.
    pub(super) reading: Duration,
}

impl Executor {
    pub(super) fn new(
        source: ConnectionSource,
        statements: Statements,
        deadlines: Deadlines,
    ) -> Self {
        Self {
            source,
            statements,
            deadlines,
            in_flight: InFlight::default(),
        }
    }

    /// Makes sure that there is a connection, so that wrong settings show.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        self.source.open().await
    }

    /// Runs a verb: as often as makes sense, within the deadline.
    pub(super) async fn run<V: Verb>(&self, verb: &V) -> Result<V::Answer, StoreError> {
        let _inside = self.enter()?;
        let deadline = Instant::now() + self.deadline_of::<V>();
        let (mut attempt, mut in_doubt) = (1, false);
        loop {
            let outcome = self.source.attempt(verb, &self.statements, deadline);
            let failure = match outcome.await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            in_doubt |= V::EFFECT != Effect::None && failure.retry == Retry::InDoubt;
            let pause = pause_after(attempt);
            if !may_repeat::<V>(&failure, attempt) || Instant::now() + pause >= deadline {
                return Err(match in_doubt {
                    true => failure.error.in_doubt(),
                    false => failure.error,
                });
            }
            sleep(pause).await;
            attempt += 1;
        }
    }

    /// What requests wait for before they do anything has a time of its own.
    fn deadline_of<V: Verb>(&self) -> Duration {
        match (V::EFFECT, V::LANE) {
            (Effect::None, Lane::NeverWaits) => self.deadlines.reading,
            _ => self.deadlines.all,
        }
    }

    /// Counts the caller among those that [`Executor::close`] waits for.
    pub(super) fn enter(&self) -> Result<InFlightGuard<'_>, StoreError> {
        self.in_flight.enter().ok_or_else(closed)
    }

    /// Lets go of the connection for background work until there is some again.
    pub(super) fn rest(&self) {
        self.source.rest();
    }

    /// Waits for what is under way, for one deadline at most, and ends the connections.
    pub(super) async fn close(&self) {
        self.in_flight.close();
        let deadline = Instant::now() + self.deadlines.all;
        // Whoever is still inside after it has failed with a timeout of its own by then.
        let _ = timeout_at(deadline, self.in_flight.emptied()).await;
        self.source.close(deadline).await;
    }

    pub(super) fn source(&self) -> &ConnectionSource {
        &self.source
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
    let most = match failure.connection {
        ConnectionState::Reusable => ATTEMPTS,
        ConnectionState::Broken | ConnectionState::Hung => CONNECTIONS,
    };
    attempt < most
        && match failure.retry {
            Retry::Safe => true,
            Retry::InDoubt => V::EFFECT != Effect::Once,
            Retry::Never => false,
        }
}

pub(super) fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed)
}
