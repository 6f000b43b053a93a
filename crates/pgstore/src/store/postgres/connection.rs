//! One connection: many callers' statements, pipelined, each prepared once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgstore_connect::{ConnectError, ConnectionTask, Connector, Host};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{Client, Statement};

use super::clocks;
use super::failure::Failure;
use super::statements::{Kind, Statements};
use super::verbs::Verb;
use crate::clock::Clock;

/// A connection that any number of callers use at once.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    prepared: [OnceCell<Statement>; Kind::COUNT],
    task: ConnectionTask,
    retired: AtomicBool,
}

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
            prepared: Default::default(),
            task,
            retired: AtomicBool::new(false),
        })
    }

    /// Whether new work may be given to it.
    pub(super) fn is_live(&self) -> bool {
        !self.retired.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// Gives it no new work; it ends when the work it has is done. Says whether this is news.
    pub(super) fn retire(&self) -> bool {
        !self.retired.swap(true, Ordering::Relaxed)
    }

    /// Which of the hosts it leads to.
    pub(super) fn host(&self) -> &Host {
        self.task.host()
    }

    /// Runs one statement, to the deadline at most. Dropping the future leaves the connection
    /// usable.
    pub(super) async fn run<V: Verb>(
        &self,
        verb: &V,
        statements: &Statements,
        deadline: Instant,
    ) -> Result<V::Answer, Failure> {
        let statement = timeout_at(deadline, self.statement(V::KIND, statements))
            .await
            .unwrap_or_else(|_| Err(Failure::no_answer()))
            .map_err(Failure::before_execution)?;
        if self.client.is_closed() {
            return Err(Failure::not_sent());
        }
        let answer = timeout_at(deadline, verb.run(&self.client, statement)).await;
        answer.unwrap_or_else(|_| Err(Failure::no_answer()))
    }

    async fn statement(&self, kind: Kind, statements: &Statements) -> Result<&Statement, Failure> {
        let prepare = || async {
            let text = statements.text(kind);
            let prepared = self.client.prepare_typed(text, kind.parameters()).await?;
            Ok(prepared)
        };
        self.prepared[kind as usize].get_or_try_init(prepare).await
    }

    /// Retires it and asks the server to cancel its statement. After `grace` the connection is
    /// aborted.
    pub(super) fn give_up(&self, grace: Duration) {
        self.retire();
        let (cancel, task) = (self.task.cancel_handle(), self.task.abort_handle());
        tokio::spawn(async move {
            if let Err(error) = cancel.cancel().await {
                tracing::debug!(%error, "a statement on the session store could not be cancelled");
            }
            tokio::time::sleep(grace).await;
            task.abort();
        });
    }

    /// Tells the server that the connection is over, and waits for its end.
    pub(super) async fn end(self) {
        drop(self.client);
        self.task.ended().await;
    }
}
