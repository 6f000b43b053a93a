//! The application's own pool, in place of the store's.

use std::error::Error;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool, PoolError};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::{Client, NoTls};

use super::deadlines::Deadlines;
use super::distribution::Distribution;
use super::failure::{AttemptFailure, ConnectionState, without_details};
use super::statements::{Execution, SendForm, Statement};
use super::table_name::TableName;
use crate::store::{StoreError, StoreErrorKind};

/// A pool of the application. Each statement takes a connection of its own.
pub(super) struct ApplicationPool {
    pool: Pool,
    deadlines: Deadlines,
    /// Whether statements get names.
    are_named: bool,
    distribution: Arc<Distribution>,
    /// Whether the server has said whether the table is distributed.
    has_asked: AtomicBool,
}

impl ApplicationPool {
    pub(super) fn new(
        pool: Pool,
        deadlines: Deadlines,
        are_named: bool,
        distribution: Arc<Distribution>,
    ) -> Self {
        Self {
            pool,
            deadlines,
            are_named,
            distribution,
            has_asked: AtomicBool::new(false),
        }
    }

    /// How many connections the pool may hold.
    pub(super) fn size(&self) -> u32 {
        u32::try_from(self.pool.status().max_size).unwrap_or(u32::MAX)
    }

    /// Takes a connection that is free within the time of an operation.
    pub(super) async fn take_soon(&self) -> Result<Checkout, NoConnection> {
        self.take_within(self.deadlines.all).await
    }

    /// Takes a connection that is free within this time.
    pub(super) async fn take_within(&self, limit: Duration) -> Result<Checkout, NoConnection> {
        let taken = timeout(limit, self.take()).await;
        taken.unwrap_or_else(|_| Err(NoConnection(format!("none was free for {limit:?}").into())))
    }

    /// Takes a connection from the pool.
    async fn take(&self) -> Result<Checkout, NoConnection> {
        match self.pool.get().await {
            Ok(object) => Ok(Checkout(Some(object))),
            Err(PoolError::Backend(error)) => Err(NoConnection(without_details(error))),
            Err(other) => Err(NoConnection(other.into())),
        }
    }

    /// Has the server plan each statement anew.
    pub(super) fn forget_plans(&self) {
        self.pool.manager().statement_caches.clear();
    }

    /// Sends a statement once.
    pub(super) async fn attempt<S: Statement>(
        &self,
        statement: &S,
        table: &TableName,
        deadline: Instant,
    ) -> Result<S::Output, AttemptFailure> {
        let checkout = timeout_at(deadline, self.take())
            .await
            .map_err(|_| AttemptFailure::too_late())?
            .map_err(unavailable)?;
        let asked = timeout_at(deadline, self.ask_once(&checkout, table));
        asked
            .await
            .unwrap_or_else(|_| Err(AttemptFailure::no_answer().before_execution()))?;
        let (taken, token) = (Instant::now(), checkout.cancel_token());
        let form = checkout.form::<S>(table, self.are_named);
        let form = timeout_at(deadline, form)
            .await
            .unwrap_or_else(|_| Err(AttemptFailure::no_answer()));
        let answer = match form.map_err(AttemptFailure::before_execution) {
            Ok(form) => checkout.run(statement, &form, deadline).await,
            Err(failure) => Err(failure),
        };
        match answer.as_ref().err().map(|failure| failure.connection) {
            None | Some(ConnectionState::Reusable) => checkout.give_back(),
            Some(ConnectionState::Broken) => {}
            Some(ConnectionState::Hung | ConnectionState::Late) => {
                let patience = self.deadlines.patience::<S>();
                let is_late = taken.elapsed() < patience;
                let limit = self.deadlines.all;
                // The pool's TLS settings are not known here. If the server demands TLS, it ends the
                // statement when it notices that the connection is closed.
                tokio::spawn(async move {
                    // A server that is gone may not even refuse the connection.
                    let _ = timeout(limit, token.cancel_query(NoTls)).await;
                    if is_late {
                        checkout.give_back_within(patience).await;
                    }
                });
            }
        }
        answer
    }

    /// Asks, before the first statement, whether the table is distributed.
    async fn ask_once(&self, checkout: &Checkout, table: &TableName) -> Result<(), AttemptFailure> {
        if self.has_asked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let found = self.distribution.ask(&**checkout, table).await;
        let found = found.map_err(|error| AttemptFailure::from(error).before_execution())?;
        if let Some(settings) = found {
            let refused = |error| StoreError::caused_by(StoreErrorKind::Unavailable, error);
            settings.refuse_if_unfit().map_err(refused)?;
        }
        self.has_asked.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// The pool's settings contain a password.
impl fmt::Debug for ApplicationPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(POOL)
    }
}

/// The server's address in messages.
pub(super) const POOL: &str = "the application's pool";

/// Why the pool gave no connection.
#[derive(Debug, thiserror::Error)]
#[error("{POOL} gave no connection")]
pub(super) struct NoConnection(#[source] Box<dyn Error + Send + Sync>);

/// A connection from the pool. It is closed unless it is given back: a caller that dropped it may
/// have left a statement on it, which the next caller would have to wait for.
pub(super) struct Checkout(Option<Object>);

impl Checkout {
    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }

    async fn form<S: Statement>(
        &self,
        table: &TableName,
        is_named: bool,
    ) -> Result<SendForm, AttemptFailure> {
        let text = table.put_into(S::SQL);
        if !is_named {
            return Ok(SendForm::Unnamed(text.into()));
        }
        let prepare = self.wrapper().prepare_typed_cached(&text, S::PARAMETERS);
        Ok(SendForm::Named(prepare.await?))
    }

    /// Gives it back once its statement has ended, if that is soon. Its caller got it too late for an
    /// answer, so the connection is not to blame.
    async fn give_back_within(self, patience: Duration) {
        if let Ok(Ok(())) = timeout(patience, self.check_connection()).await {
            self.give_back();
        }
    }

    async fn run<S: Statement>(
        &self,
        statement: &S,
        form: &SendForm,
        deadline: Instant,
    ) -> Result<S::Output, AttemptFailure> {
        if self.is_closed() {
            return Err(AttemptFailure::not_sent());
        }
        let execution = Execution::new(self, form, S::PARAMETERS);
        let answer = timeout_at(deadline, statement.run(&execution)).await;
        answer.unwrap_or_else(|_| Err(AttemptFailure::no_answer()))
    }

    fn wrapper(&self) -> &ClientWrapper {
        // Only `give_back` and `drop` take it out, and both end the checkout.
        self.0.as_ref().expect("a checkout has its connection")
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

impl Deref for Checkout {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.wrapper()
    }
}

impl DerefMut for Checkout {
    fn deref_mut(&mut self) -> &mut Client {
        // As above.
        self.0.as_mut().expect("a checkout has its connection")
    }
}

fn unavailable(error: NoConnection) -> AttemptFailure {
    AttemptFailure::last(StoreError::caused_by(StoreErrorKind::Unavailable, error))
}
