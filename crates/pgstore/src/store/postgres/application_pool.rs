//! The application's own pool in place of connections of the store's.

use std::error::Error;
use std::fmt;
use std::ops::{Deref, DerefMut};

use deadpool_postgres::{ClientWrapper, Object, Pool, PoolError};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{Client, NoTls};

use super::failure::{ConnectionState, Failure, without_details};
use super::statements::Statements;
use super::verbs::Verb;
use crate::store::{StoreError, StoreErrorKind};

/// A pool that belongs to somebody else. One statement for each connection taken.
pub(super) struct ApplicationPool(Pool);

impl ApplicationPool {
    pub(super) fn new(pool: Pool) -> Self {
        Self(pool)
    }

    /// A connection out of the pool.
    pub(super) async fn take(&self) -> Result<Checkout, NoConnection> {
        match self.0.get().await {
            Ok(object) => Ok(Checkout(Some(object))),
            Err(PoolError::Backend(error)) => Err(NoConnection(without_details(error))),
            Err(other) => Err(NoConnection(other.into())),
        }
    }

    /// Runs a verb once.
    pub(super) async fn attempt<V: Verb>(
        &self,
        verb: &V,
        statements: &Statements,
        deadline: Instant,
    ) -> Result<V::Answer, Failure> {
        let checkout = timeout_at(deadline, self.take())
            .await
            .map_err(|_| Failure::too_late())?
            .map_err(unavailable)?;
        let token = checkout.cancel_token();
        let answer = checkout.run(verb, statements, deadline).await;
        match answer.as_ref().err().map(|failure| failure.connection) {
            None | Some(ConnectionState::Reusable) => checkout.give_back(),
            Some(ConnectionState::Broken) => {}
            Some(ConnectionState::Hung) => {
                // How the pool does TLS is its own affair; where it has to be, the server ends
                // the statement when it finds the connection gone.
                tokio::spawn(async move { token.cancel_query(NoTls).await });
            }
        }
        answer
    }
}

/// The pool's settings have a password.
impl fmt::Debug for ApplicationPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(POOL)
    }
}

/// What stands in messages for the server's address.
pub(super) const POOL: &str = "the application's pool";

/// Why the pool gave no connection.
#[derive(Debug, thiserror::Error)]
#[error("{POOL} gave no connection")]
pub(super) struct NoConnection(#[source] Box<dyn Error + Send + Sync>);

/// A connection of the pool's. Unless it is given back, it is closed in the end: whoever dropped
/// it half-way may have left something under way on it, for which the next one would wait.
pub(super) struct Checkout(Option<Object>);

impl Checkout {
    fn give_back(mut self) {
        drop(self.0.take());
    }

    async fn run<V: Verb>(
        &self,
        verb: &V,
        statements: &Statements,
        deadline: Instant,
    ) -> Result<V::Answer, Failure> {
        let (text, types) = (statements.text(V::KIND), V::KIND.parameters());
        let statement = timeout_at(deadline, self.wrapper().prepare_typed_cached(text, types))
            .await
            .map_or_else(|_| Err(Failure::no_answer()), |made| Ok(made?))
            .map_err(Failure::before_execution)?;
        if self.is_closed() {
            return Err(Failure::not_sent());
        }
        let answer = timeout_at(deadline, verb.run(self, &statement)).await;
        answer.unwrap_or_else(|_| Err(Failure::no_answer()))
    }

    fn wrapper(&self) -> &ClientWrapper {
        // It is taken out only by `give_back` and `drop`, which end it.
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

fn unavailable(error: NoConnection) -> Failure {
    Failure::last(StoreError::caused_by(StoreErrorKind::Unavailable, error))
}
