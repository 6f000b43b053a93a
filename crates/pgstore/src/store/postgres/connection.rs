//! One connection: many callers' statements, pipelined, each prepared once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{Client, Statement};

use super::connect_error::ConnectError;
use super::dial::{Dial, Line};
use super::failure::Failure;
use super::statements::{Kind, Statements};
use super::verbs::Verb;

/// A connection that any number of callers use at once.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    prepared: [OnceCell<Statement>; Kind::COUNT],
    line: Line,
    retired: AtomicBool,
}

impl Connection {
    pub(super) async fn open(dial: &Dial) -> Result<Self, ConnectError> {
        let (client, line) = dial.connect().await?;
        dial.compare_clocks(&client).await;
        Ok(Self {
            client,
            prepared: Default::default(),
            line,
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
    pub(super) fn host(&self) -> usize {
        self.line.host
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

    /// Retires it and has the server stop what it is stuck in; after `grace` it is cut off.
    pub(super) fn give_up(&self, dial: &Arc<Dial>, grace: Duration) {
        self.retire();
        let (token, dial) = (self.client.cancel_token(), Arc::clone(dial));
        let driver = self.line.driver.abort_handle();
        tokio::spawn(async move {
            dial.cancel(token).await;
            tokio::time::sleep(grace).await;
            driver.abort();
        });
    }

    /// Takes leave of the server and waits for the connection's end.
    pub(super) async fn end(self) {
        drop(self.client);
        // An error means that the driver was cut off or its runtime went away: ended, too.
        let _ = self.line.driver.await;
    }
}
