//! One connection, on which the statements of many callers are pipelined.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use pgstore_connect::{ConnectionTask, Host};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Client;

use super::failure::AttemptFailure;
use super::send_forms::SendForms;
use super::statements::{Execution, Statement};
use super::table_name::TableName;

/// A connection that any number of callers use at once.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    forms: SendForms,
    task: ConnectionTask,
    retired: AtomicBool,
    given_up: AtomicBool,
    under_way: AtomicUsize,
}

/// Counts one statement of a connection for as long as it is under way.
struct StatementGuard<'a>(&'a AtomicUsize);

impl Connection {
    pub(super) fn new(client: Client, task: ConnectionTask, forms: SendForms) -> Self {
        Self {
            client,
            forms,
            task,
            retired: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
        }
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
        let form = self.forms.get::<S>(&self.client, table);
        let form = timeout_at(deadline, form)
            .await
            .unwrap_or_else(|_| Err(AttemptFailure::no_answer()))
            .map_err(AttemptFailure::before_execution)?;
        if self.client.is_closed() {
            return Err(AttemptFailure::not_sent());
        }
        let execution = Execution::new(&self.client, &form, S::PARAMETERS);
        let answer = timeout_at(deadline, statement.run(&execution)).await;
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
