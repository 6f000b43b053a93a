//! From many callers to a few connections: which connection, how many attempts, how long.
//!
//! `gathering.rs` adds how the requests of several callers go out in one statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgstore_connect::ConnectError;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument, Span};

use super::busy::BusyPauses;
use super::connection_source::ConnectionSource;
use super::deadlines::Deadlines;
use super::distribution::Distribution;
use super::failure::{AttemptFailure, ConnectionState, Retry, is_untranslatable};
use super::gather_queues::GatherQueues;
use super::in_flight::{InFlight, InFlightGuard};
use super::statement_watch::StatementWatch;
use super::statements::{Effect, Escaped, Statement};
use super::table_name::TableName;
use super::text::Texts;
use crate::random;
use crate::store::{StoreError, StoreErrorKind};

/// How often a statement is sent at most when concurrent statements make it fail.
const ATTEMPTS: u32 = 16;

/// Runs the statements of many callers.
#[derive(Debug)]
pub(super) struct Executor {
    source: ConnectionSource,
    table: TableName,
    watch: StatementWatch,
    deadlines: Deadlines,
    in_flight: InFlight,
    /// `None` if each caller's statement is sent by itself.
    queues: Option<GatherQueues>,
    /// Whether the server does not support the statements that are gathered.
    must_not_gather: AtomicBool,
    distribution: Arc<Distribution>,
}

impl Executor {
    pub(super) fn new(
        source: ConnectionSource,
        table: TableName,
        watch: StatementWatch,
        deadlines: Deadlines,
        queues: Option<GatherQueues>,
        distribution: Arc<Distribution>,
    ) -> Self {
        Self {
            source,
            table,
            watch,
            deadlines,
            in_flight: InFlight::default(),
            queues,
            must_not_gather: AtomicBool::new(false),
            distribution,
        }
    }

    /// Opens a connection, so that wrong settings are reported at the start.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        self.source.open().await
    }

    /// Runs a statement until `deadline` at most, and repeats it where that is safe.
    pub(super) async fn run<S: Statement>(
        &self,
        statement: &S,
        deadline: Instant,
    ) -> Result<S::Output, StoreError> {
        let _guard = self.enter()?;
        self.run_entered(statement, deadline).await
    }

    /// The same for a caller that is counted as in flight already.
    pub(super) async fn run_entered<S: Statement>(
        &self,
        statement: &S,
        deadline: Instant,
    ) -> Result<S::Output, StoreError> {
        self.run_alone(statement, deadline, &mut false).await
    }

    /// Runs the statement of one caller. If the database's encoding lacks a character, the statement is sent
    /// again with its label escaped; if it lacks one still, with its owner escaped, too.
    pub(super) async fn run_alone<S: Statement>(
        &self,
        statement: &S,
        deadline: Instant,
        in_doubt: &mut bool,
    ) -> Result<S::Output, StoreError> {
        let mut outcome = self.run_noting(statement, deadline, in_doubt, &[]).await;
        for texts in [Texts::LabelsInAscii, Texts::AllInAscii] {
            match &outcome {
                Err(error) if is_untranslatable(error) => {}
                _ => break,
            }
            let statement = Escaped { statement, texts };
            outcome = Box::pin(self.run_noting(&statement, deadline, in_doubt, &[])).await;
        }
        outcome
    }

    /// Runs a statement, and notes whether the outcome of an attempt is in doubt. `callers`: the spans of those
    /// whose requests the statement carries, if it runs in none of them.
    pub(super) async fn run_noting<S: Statement>(
        &self,
        statement: &S,
        deadline: Instant,
        in_doubt: &mut bool,
        callers: &[Span],
    ) -> Result<S::Output, StoreError> {
        let mut attempt = 1;
        let mut busy = BusyPauses::new();
        loop {
            // In a box, so that the many callers who wait for a turn need no room for it.
            let outcome = Box::pin(self.attempt(statement, deadline, callers));
            let failure = match outcome.await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if failure.retry == Retry::Busy {
                busy.pause(deadline).await?;
                continue;
            }
            *in_doubt |= S::EFFECT != Effect::None && failure.retry == Retry::InDoubt;
            let pause = pause_after(attempt);
            if !may_repeat::<S>(&failure, attempt, self.source.size())
                || Instant::now() + pause >= deadline
            {
                return Err(match *in_doubt {
                    true => failure.error.in_doubt(),
                    false => failure.error,
                });
            }
            sleep(pause).await;
            attempt += 1;
        }
    }

    /// Sends a statement once, and watches it.
    async fn attempt<S: Statement>(
        &self,
        statement: &S,
        deadline: Instant,
        callers: &[Span],
    ) -> Result<S::Output, AttemptFailure> {
        let watched = self.watch.begin(statement, callers);
        let outcome = self
            .source
            .attempt(statement, &self.table, deadline, &watched);
        let outcome = outcome.instrument(watched.span().clone()).await;
        watched.end(outcome.as_ref().err());
        outcome
    }

    /// When an operation that begins now with this statement has to end.
    pub(super) fn deadline<S: Statement>(&self) -> Instant {
        Instant::now() + self.deadlines.of::<S>()
    }

    /// When a lookup that begins now has to end.
    pub(super) fn reading_deadline(&self) -> Instant {
        Instant::now() + self.deadlines.reading
    }

    /// Counts the caller among those that [`Executor::close`] waits for.
    pub(super) fn enter(&self) -> Result<InFlightGuard<'_>, StoreError> {
        let guard = self.in_flight.enter();
        guard.ok_or_else(|| StoreError::new(StoreErrorKind::Closed))
    }

    /// Waits for the operations in flight, for one deadline at most, and closes the connections.
    pub(super) async fn close(&self) {
        self.in_flight.close();
        let deadline = Instant::now() + self.deadlines.all;
        // An operation that is still in flight after that has failed with a timeout of its own.
        let _ = timeout_at(deadline, self.in_flight.emptied()).await;
        self.source.close(deadline).await;
    }

    pub(super) fn queues(&self) -> Option<&GatherQueues> {
        self.queues.as_ref()
    }

    /// Whether the requests of callers that ask now are gathered.
    pub(super) fn gathers(&self) -> bool {
        self.queues.is_some()
            && !self.must_not_gather.load(Ordering::Relaxed)
            && !self.distribution.is_distributed()
    }

    pub(super) fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// Asks whether the table is distributed, after the server did not support a statement: others may
    /// have distributed it after the connections were made.
    pub(super) async fn finds_distribution(&self, deadline: Instant) -> bool {
        if self.distribution.is_distributed() {
            return true;
        }
        let asked = timeout_at(deadline, async {
            let connection = self.source.connect().await.ok()?;
            let found = self.distribution.ask(&*connection, &self.table).await;
            self.source.take_back(connection, None);
            found.ok()?
        });
        matches!(asked.await, Ok(Some(_)))
    }

    /// From now on each caller's statement is sent by itself.
    pub(super) fn stop_gathering(&self, cause: &StoreError) {
        if !self.must_not_gather.swap(true, Ordering::Relaxed) {
            let cause = cause as &dyn std::error::Error;
            tracing::warn!(
                cause,
                "the server does not support statements for several callers, perhaps because of a rule on the \
                 sessions table: each caller's statement is sent by itself from now on"
            );
        }
    }

    /// The name of the sessions table, as it is watched.
    pub(super) fn collection_name(&self) -> &str {
        self.watch.sessions()
    }

    /// Has the server plan each statement anew.
    pub(super) fn forget_plans(&self) {
        self.source.forget_plans();
    }

    pub(super) fn source(&self) -> &ConnectionSource {
        &self.source
    }
}

/// No pause after the first attempt, then up to 5 ms more each time. It is random, so that
/// statements which collided do not collide again.
fn pause_after(attempt: u32) -> Duration {
    let random = random::bytes().map_or(0, u16::from_le_bytes);
    let most = Duration::from_millis(5) * (attempt - 1);
    most.mul_f64(f64::from(random) / f64::from(u16::MAX))
}

/// Whether to send the statement again. `connections` is how many a source may hold that are lost
/// without notice: one attempt for each, and one more.
fn may_repeat<S: Statement>(failure: &AttemptFailure, attempt: u32, connections: u32) -> bool {
    let most = match failure.connection {
        ConnectionState::Reusable | ConnectionState::Late => ATTEMPTS,
        ConnectionState::Broken | ConnectionState::Hung => connections.max(2).saturating_add(1),
    };
    attempt < most
        && match failure.retry {
            Retry::Safe => true,
            Retry::InDoubt => S::EFFECT != Effect::Once,
            Retry::Busy | Retry::Never => false,
        }
}
