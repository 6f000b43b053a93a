//! One connection, on which the statements of many callers are pipelined.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use pgstore_connect::{ConnectError, ConnectionTask, Connector, Host};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Client;

use super::clocks;
use super::failure::AttemptFailure;
use super::prepared_statements::PreparedStatements;
use super::statements::Statement;
use super::table_name::TableName;
use crate::clock::Clock;

/// A connection that any number of callers use at once.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    prepared: PreparedStatements,
    task: ConnectionTask,
    retired: AtomicBool,
    given_up: AtomicBool,
    under_way: AtomicUsize,
}

/// Counts one statement of a connection for as long as it is under way.
struct StatementGuard<'a>(&'a AtomicUsize);

impl Connection {
    /// Connects, and warns if the server's clock and this one are far apart.
    pub(super) async fn open(
        connector: &Connector,
        clock: &dyn Clock,
    ) -> Result<Self, ConnectError> {
        let (client, task) = connector.connect().await?;
        clocks::compare(&client, clock, connector.config().connect_timeout()).await;
        Ok(Self {
            client,
            prepared: PreparedStatements::default(),
            task,
            retired: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
        })
    }

    /// Whether it takes new statements.
    pub(super) fn is_live(&self) -> bool {
        !self.retired.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// Gives it no new statements; it closes when the current ones are done. `true` the first time.
    pub(super) fn retire(&self) -> bool {
        !self.retired.swap(true, Ordering::Relaxed)
    }

    /// How many statements are under way on it.
    pub(super) fn load(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// The host that it is connected to.
    pub(super) fn host(&self) -> &Host {
        self.task.host()
    }

    /// Runs one statement until the deadline at most. Dropping the future leaves the connection
    /// usable.
    pub(super) async fn run<S: Statement>(
        &self,
        statement: &S,
        table: &TableName,
        deadline: Instant,
    ) -> Result<S::Output, AttemptFailure> {
        let _guard = StatementGuard::on(&self.under_way);
        let prepared = self.prepared.get::<S>(&self.client, table);
        let prepared = timeout_at(deadline, prepared)
            .await
            .unwrap_or_else(|_| Err(AttemptFailure::no_answer()))
            .map_err(AttemptFailure::before_execution)?;
        if self.client.is_closed() {
            return Err(AttemptFailure::not_sent());
        }
        let answer = timeout_at(deadline, statement.run(&self.client, &prepared)).await;
        answer.unwrap_or_else(|_| Err(AttemptFailure::no_answer()))
    }

    /// Retires it and asks the server to cancel its statement. After `grace` the connection is
    /// aborted. Many callers may give up at once; the server is asked once.
    pub(super) fn give_up(&self, grace: Duration) {
        self.retire();
        if self.given_up.swap(true, Ordering::Relaxed) {
            return;
        }
        let (cancel, task) = (self.task.cancel_handle(), self.task.abort_handle());
        tokio::spawn(async move {
            if let Err(error) = cancel.cancel().await {
                tracing::debug!(%error, "a statement on the session store could not be cancelled");
            }
            tokio::time::sleep(grace).await;
            task.abort();
        });
    }

    /// Closes the connection and waits until it is closed.
    pub(super) async fn close(self) {
        drop(self.client);
        self.task.ended().await;
    }
}

impl<'a> StatementGuard<'a> {
    fn on(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for StatementGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
