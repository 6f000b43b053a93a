//! The store's own connections, which all callers share.

use std::error::Error;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pgstore_connect::{ConnectError, Connector, DatabaseError, Host};
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::failure::{AttemptFailure, ConnectionState};
use super::pool_slot::{PoolSlot, outcome};
use super::statements::{Lane, Statement};
use super::table_name::TableName;
use crate::clock::Clock;
use crate::store::{StoreError, StoreErrorKind};

/// A few connections for requests, and one for background work.
#[derive(Debug)]
pub(super) struct Pool {
    connector: Arc<Connector>,
    /// The servers' clocks are compared with it.
    clock: Arc<dyn Clock>,
    slots: Vec<Arc<PoolSlot>>,
    background: Arc<PoolSlot>,
    turn: AtomicUsize,
    /// How long a hung connection may take to end its statement before it is aborted.
    grace: Duration,
}

impl Pool {
    pub(super) fn new(
        connector: Connector,
        clock: Arc<dyn Clock>,
        connections: usize,
        grace: Duration,
    ) -> Self {
        Self {
            connector: Arc::new(connector),
            clock,
            slots: (0..connections.max(1)).map(|_| Arc::default()).collect(),
            background: Arc::default(),
            turn: AtomicUsize::new(0),
            grace,
        }
    }

    /// How many connections requests share, in one lane or the other.
    pub(super) fn size(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Opens the first connection; the others follow when they are first used.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        match self.slots[0].connect(&self.connector, &self.clock) {
            Some(attempt) => outcome(attempt).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Sends a statement once.
    pub(super) async fn attempt<S: Statement>(
        &self,
        statement: &S,
        table: &TableName,
        deadline: Instant,
    ) -> Result<S::Output, AttemptFailure> {
        let connection = timeout_at(deadline, self.connection(self.lane(S::LANE)))
            .await
            .map_err(|_| AttemptFailure::too_late())??;
        let answer = connection.run(statement, table, deadline).await;
        answer.inspect_err(|failure| self.retire_if_unusable(&connection, failure))
    }

    /// Closes the connection for background work until it is needed again.
    pub(super) fn close_background(&self) {
        self.background.release();
    }

    pub(super) async fn close(&self, deadline: Instant) {
        for slot in self.slots.iter().chain([&self.background]) {
            let _ = timeout_at(deadline, slot.close()).await;
        }
    }

    /// The connections of a lane: half of them each, or the same one if there is only one.
    fn lane(&self, lane: Lane) -> &[Arc<PoolSlot>] {
        let half = self.slots.len().div_ceil(2);
        match lane {
            Lane::NeverWaits => &self.slots[..half],
            Lane::MayWait => &self.slots[half.min(self.slots.len() - 1)..],
            Lane::Background => slice::from_ref(&self.background),
        }
    }

    /// The next connection in turn, or any live one while that one is being replaced.
    async fn connection(&self, slots: &[Arc<PoolSlot>]) -> Result<Arc<Connection>, AttemptFailure> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (before, from) = slots.split_at(turn % slots.len());
        if let Some(connection) = from[0].live() {
            return Ok(connection);
        }
        let attempt = from[0]
            .connect(&self.connector, &self.clock)
            .ok_or_else(AttemptFailure::closed)?;
        match from.iter().chain(before).find_map(|slot| slot.live()) {
            Some(connection) => Ok(connection),
            None => outcome(attempt).await.map_err(unavailable),
        }
    }

    /// Tries a host last from now on whose server is no longer the primary.
    pub(super) fn demote_if_read_only(&self, host: &Host, failure: &AttemptFailure) {
        if is_read_only(failure) {
            self.connector.demote(host);
        }
    }

    /// Retires a connection that cannot be used further. Many callers may notice that at once.
    fn retire_if_unusable(&self, connection: &Connection, failure: &AttemptFailure) {
        match failure.connection {
            ConnectionState::Reusable => {}
            ConnectionState::Hung => connection.give_up(self.grace),
            ConnectionState::Broken if connection.retire() => {
                self.demote_if_read_only(connection.host(), failure);
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

/// Whether the server is no longer the primary.
fn is_read_only(failure: &AttemptFailure) -> bool {
    let cause = failure.error.source();
    let answer = cause.and_then(|cause| cause.downcast_ref::<DatabaseError>());
    answer.is_some_and(|answer| answer.sqlstate() == "25006")
}

fn unavailable(error: ConnectError) -> AttemptFailure {
    AttemptFailure::last(StoreError::caused_by(StoreErrorKind::Unavailable, error))
}
