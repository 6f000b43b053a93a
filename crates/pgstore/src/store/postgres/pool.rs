//! The store's own connections, which all callers share.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgstore_connect::{ConnectError, Connector, Host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::Client;

use super::connection::Connection;
use super::connection_factory::ConnectionFactory;
use super::deadlines::Deadlines;
use super::failure::{AttemptFailure, ConnectionState, is_read_only};
use super::gather_queues::UnderWayAtOnce;
use super::lanes::Lanes;
use super::pool_slot::{ConnectAttempt, PoolSlot, outcome};
use super::slow_slots::SlowSlots;
use super::statement_watch::WatchedStatement;
use super::statements::{Effect, Lane, Statement};
use super::table_name::TableName;
use crate::store::{StoreError, StoreErrorKind};

/// How long a statement waits for a connection of its lane before it uses one of another lane.
const STAND_IN_AFTER: Duration = Duration::from_millis(250);

/// For how long a connection to a read-only server is kept at least. A proxy or a name stands for several
/// servers, so the next connection may lead to another one.
const READ_ONLY_PAUSE: Duration = Duration::from_millis(250);

/// A few connections for requests, and others for slow statements.
#[derive(Debug)]
pub(super) struct Pool {
    factory: Arc<ConnectionFactory>,
    slots: Vec<Arc<PoolSlot>>,
    lanes: Lanes,
    slow: Arc<SlowSlots>,
    deadlines: Deadlines,
    /// Whether a server was found to be read-only, and no write has succeeded since.
    saw_read_only: AtomicBool,
}

impl Pool {
    pub(super) fn new(
        factory: ConnectionFactory,
        connections: usize,
        deadlines: Deadlines,
    ) -> Self {
        Self {
            factory: Arc::new(factory),
            slots: (0..connections.max(1)).map(|_| Arc::default()).collect(),
            lanes: Lanes::of(connections),
            slow: SlowSlots::new(),
            deadlines,
            saw_read_only: AtomicBool::new(false),
        }
    }

    /// How many connections requests share, in all lanes.
    pub(super) fn size(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// How many statements are under way at once when they are gathered: two reads for each
    /// connection, so that the server has the next one when it has answered one; a write for each, so
    /// that none waits for another one's commit.
    pub(super) fn at_once(&self) -> UnderWayAtOnce {
        UnderWayAtOnce {
            reads: 2 * self.lane(Lane::Reads).len(),
            writes: self.lane(Lane::Writes).len(),
        }
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.factory.connector
    }

    /// Opens the first connection; the others follow when they are first used. It waits for a server
    /// that starts later, if that is wanted; the slot pauses between its attempts.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        let end = Instant::now() + self.deadlines.server_start;
        while let Some(attempt) = self.slots[0].connect(&self.factory) {
            match outcome(attempt).await {
                Ok(_) => break,
                Err(error) if error.may_pass() && Instant::now() < end => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A connection for one caller alone, to a server that may start later. Nothing limits the time
    /// of its statements, unless a pooler between here and the server refuses such settings.
    pub(super) async fn connect_for_migrating(&self) -> Result<(Client, Host), ConnectError> {
        // Before a server has answered, nothing is known of a pooler.
        let connector = self.connector();
        let (client, task) = connector
            .connect_within(self.deadlines.server_start)
            .await?;
        let limits = timeout(connector.config().connect_timeout(), time_limits(&client));
        // Where they cannot be asked for, the server's limits stay.
        let limits = limits.await.ok().and_then(Result::ok).unwrap_or_default();
        drop((client, task));
        // The build of an index has no time limit, and while it waits, it blocks no reader or writer.
        let none: Vec<_> = limits.iter().map(|limit| (limit.as_str(), "0")).collect();
        let connected = match connector.connect_with(&none).await {
            Err(error) if error.attempts().iter().any(refuses_settings) => {
                connector.connect().await
            }
            outcome => outcome,
        };
        let (client, task) = connected?;
        Ok((client, task.host().clone()))
    }

    /// Sends a statement once.
    pub(super) async fn attempt<S: Statement>(
        &self,
        statement: &S,
        table: &TableName,
        deadline: Instant,
        watched: &WatchedStatement<'_>,
    ) -> Result<S::Output, AttemptFailure> {
        if matches!(S::LANE, Lane::Slow | Lane::Lists) {
            self.slow.note_use();
        }
        let connected = timeout_at(deadline, self.connection(S::LANE)).await;
        let connection = connected
            .unwrap_or_else(|_| Err(AttemptFailure::too_late()))
            .map_err(|failure| self.reported(failure))?;
        watched.goes_to(connection.host());
        let answer = connection.run(statement, table, deadline, &self.deadlines);
        match answer.await {
            Ok(answer) => {
                if S::EFFECT != Effect::None {
                    self.note_write(&connection);
                }
                Ok(answer)
            }
            Err(failure) => {
                self.retire_if_unusable::<S>(&connection, &failure);
                Err(self.reported(failure))
            }
        }
    }

    /// Notes on an error that its cause is in the log: the outage, or the loss of its connection.
    fn reported(&self, failure: AttemptFailure) -> AttemptFailure {
        let is_logged =
            self.factory.log.is_lasting() || failure.connection == ConnectionState::Broken;
        match is_logged && failure.error.is_unavailable() {
            true => AttemptFailure {
                error: failure.error.reported(),
                ..failure
            },
            false => failure,
        }
    }

    /// Has the server plan each statement anew.
    pub(super) fn forget_plans(&self) {
        for connection in self.live() {
            connection.forget_plans();
        }
    }

    pub(super) async fn close(&self, deadline: Instant) {
        for slot in self.slots.iter().chain(self.slow.slots()) {
            let _ = timeout_at(deadline, slot.close()).await;
        }
    }

    /// All live connections.
    fn live(&self) -> impl Iterator<Item = Arc<Connection>> {
        let slots = self.slots.iter().chain(self.slow.slots());
        slots.filter_map(|slot| slot.live())
    }

    fn lane(&self, lane: Lane) -> &[Arc<PoolSlot>] {
        match lane {
            Lane::Reads => &self.slots[self.lanes.reads()],
            Lane::Writes => &self.slots[self.lanes.writes()],
            Lane::Slow => self.slow.slots(),
            Lane::Lists => &self.slow.slots()[..1],
        }
    }

    /// A connection of the lane. While the lane has none, another lane's stands in.
    async fn connection(&self, lane: Lane) -> Result<Arc<Connection>, AttemptFailure> {
        let slots = self.lane(lane);
        if let Some(connection) = self.least_busy(slots) {
            return Ok(connection);
        }
        let attempt = slots[0]
            .connect(&self.factory)
            .ok_or_else(AttemptFailure::closed)?;
        if slots[0].has_failed()
            && let Some(connection) = self.stand_in()
        {
            return Ok(connection);
        }
        self.outcome_or_stand_in(attempt).await
    }

    async fn outcome_or_stand_in(
        &self,
        attempt: ConnectAttempt,
    ) -> Result<Arc<Connection>, AttemptFailure> {
        let early = timeout(STAND_IN_AFTER, outcome(attempt.clone())).await;
        if let Ok(Ok(connection)) = early {
            return Ok(connection);
        }
        match self.stand_in() {
            Some(connection) => Ok(connection),
            None => outcome(attempt).await.map_err(unavailable),
        }
    }

    /// The live connection with the fewest statements under way. If all are busy, another one is
    /// opened meanwhile.
    fn least_busy(&self, slots: &[Arc<PoolSlot>]) -> Option<Arc<Connection>> {
        let mut least: Option<Arc<Connection>> = None;
        let mut vacant = None;
        for slot in slots {
            match slot.live() {
                Some(connection) if connection.load() == 0 => return Some(connection),
                Some(connection) if least.as_ref().is_none_or(|l| connection.load() < l.load()) => {
                    least = Some(connection);
                }
                Some(_) => {}
                None => vacant = vacant.or(Some(slot)),
            }
        }
        if least.is_some()
            && let Some(slot) = vacant
        {
            // Its outcome is for later statements.
            let _ = slot.connect(&self.factory);
        }
        least
    }

    /// A live connection of any lane that requests use.
    fn stand_in(&self) -> Option<Arc<Connection>> {
        let live = self.slots.iter().filter_map(|slot| slot.live());
        live.min_by_key(|connection| connection.load())
    }

    /// Leaves a server that turned out to be read-only. Of several hosts, others are tried before this one from
    /// now on. Other connections leave it, too: reads would succeed there, and might not see a logout yet.
    pub(super) fn leave_if_read_only(&self, host: &Host, failure: &AttemptFailure) {
        if !is_read_only(&failure.error) {
            return;
        }
        let is_known = self.saw_read_only.swap(true, Ordering::Relaxed);
        if !is_known {
            tracing::warn!(%host, "the session store's server is read-only; new connections look for another one");
        }
        self.factory.connector.demote(host);
        // Without another host, a new connection would be replaced by one to the same server, over and over.
        let may_stay = is_known && self.connector().config().hosts().len() == 1;
        for connection in self.live().filter(|other| other.host() == host) {
            if !may_stay || connection.age() >= READ_ONLY_PAUSE {
                connection.retire();
            }
        }
    }

    /// After a server was read-only: connections that are older than the first one that writes may still lead
    /// there.
    fn note_write(&self, writes: &Connection) {
        let saw = &self.saw_read_only;
        if saw.load(Ordering::Relaxed) && saw.swap(false, Ordering::Relaxed) {
            let age = writes.age();
            for connection in self.live().filter(|other| other.age() > age) {
                connection.retire();
            }
        }
    }

    /// A connection to this host is silent. Others that may have been lost with it are not tried one by one:
    /// those that owe an answer, and those that were idle for longer than an operation may take.
    fn retire_doubtful(&self, host: &Host) {
        let idle = self.deadlines.all.max(self.deadlines.reading);
        for connection in self.live().filter(|other| other.host() == host) {
            if connection.is_doubtful(idle) {
                connection.retire();
            }
        }
    }

    /// Retires a connection that cannot be used further. Many callers may notice that at once.
    fn retire_if_unusable<S: Statement>(
        &self,
        connection: &Arc<Connection>,
        failure: &AttemptFailure,
    ) {
        match failure.connection {
            ConnectionState::Reusable => {}
            ConnectionState::Late => {
                let patience = self.deadlines.patience::<S>();
                Arc::clone(connection).judge_later(patience, self.deadlines.all);
            }
            ConnectionState::Hung => {
                if connection.give_up(self.deadlines.all) {
                    self.retire_doubtful(connection.host());
                }
            }
            ConnectionState::Broken if is_read_only(&failure.error) => {
                self.leave_if_read_only(connection.host(), failure);
            }
            ConnectionState::Broken if connection.retire() => {
                let cause = failure.error.source();
                tracing::warn!(
                    cause,
                    "a connection to the session store was lost; it is replaced at the next use"
                );
            }
            ConnectionState::Broken => {}
        }
    }
}

/// The names of the server's settings that limit how long statements and transactions take.
async fn time_limits(client: &Client) -> Result<Vec<String>, tokio_postgres::Error> {
    let sql = include_str!("sql/time_limits.sql");
    let rows = client.query_typed(sql, &[]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Whether a pooler takes no settings with the first message (protocol_violation), or another server has no
/// such setting (undefined_object).
fn refuses_settings(error: &ConnectError) -> bool {
    let answer = error.database_error();
    answer.is_some_and(|answer| ["08P01", "42704"].contains(&answer.sqlstate()))
}

fn unavailable(error: ConnectError) -> AttemptFailure {
    AttemptFailure::last(StoreError::caused_by(StoreErrorKind::Unavailable, error))
}
