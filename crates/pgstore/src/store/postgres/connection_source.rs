//! Where the executor's connections come from: the store's own pool or the application's.

use std::error::Error;
use std::ops::{Deref, DerefMut};

use pgstore_connect::{ConnectError, Host};
use tokio::time::Instant;
use tokio_postgres::Client;

#[cfg(feature = "deadpool")]
use super::application_pool::{ApplicationPool, Checkout, POOL};
use super::failure::AttemptFailure;
use super::gather_queues::UnderWayAtOnce;
#[cfg(feature = "deadpool")]
use super::migrate_step::TIME_LIMIT;
use super::pool::Pool;
use super::statement_watch::WatchedStatement;
use super::statements::Statement;
use super::table_name::TableName;

/// Where connections come from.
#[derive(Debug)]
pub(super) enum ConnectionSource {
    Own(Pool),
    #[cfg(feature = "deadpool")]
    Application(ApplicationPool),
}

/// A connection that one caller uses alone.
pub(super) enum Dedicated {
    Own(Client, Host),
    #[cfg(feature = "deadpool")]
    Application(Checkout),
}

impl ConnectionSource {
    /// A connection that the caller uses alone.
    pub(super) async fn connect(&self) -> Result<Dedicated, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Own(pool) => {
                let (client, task) = pool.connector().connect().await?;
                Ok(Dedicated::Own(client, task.host().clone()))
            }
            #[cfg(feature = "deadpool")]
            Self::Application(pool) => Ok(Dedicated::Application(pool.take_soon().await?)),
        }
    }

    /// The same for migrating. The caller closes it afterwards.
    pub(super) async fn connect_for_migrating(
        &self,
    ) -> Result<Dedicated, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Own(pool) => {
                let (client, host) = pool.connect_for_migrating().await?;
                Ok(Dedicated::Own(client, host))
            }
            #[cfg(feature = "deadpool")]
            Self::Application(pool) => {
                Ok(Dedicated::Application(pool.take_within(TIME_LIMIT).await?))
            }
        }
    }

    /// Takes back a connection that [`connect`](ConnectionSource::connect) gave and that is in no
    /// transaction. After a failure it is closed.
    pub(super) fn take_back(&self, connection: Dedicated, failure: Option<&AttemptFailure>) {
        match (self, connection, failure) {
            (Self::Own(pool), Dedicated::Own(_, host), Some(failure)) => {
                pool.leave_if_read_only(&host, failure);
            }
            #[cfg(feature = "deadpool")]
            (_, Dedicated::Application(checkout), None) => checkout.give_back(),
            _ => {}
        }
    }

    /// The server's address, for messages.
    pub(super) fn server(&self) -> String {
        match self {
            Self::Own(pool) => {
                let hosts = pool.connector().config().hosts().iter();
                hosts
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            #[cfg(feature = "deadpool")]
            Self::Application(_) => POOL.to_owned(),
        }
    }

    /// How many connections it may hold.
    pub(super) fn size(&self) -> u32 {
        match self {
            Self::Own(pool) => pool.size(),
            #[cfg(feature = "deadpool")]
            Self::Application(pool) => pool.size(),
        }
    }

    /// How many statements are under way at once when they are gathered.
    pub(super) fn at_once(&self) -> UnderWayAtOnce {
        match self {
            Self::Own(pool) => pool.at_once(),
            // A statement has a connection of its own there. The others are left to the application.
            #[cfg(feature = "deadpool")]
            Self::Application(pool) => {
                let half = pool.size().div_ceil(2).min(4) as usize;
                UnderWayAtOnce {
                    reads: half,
                    writes: half,
                }
            }
        }
    }

    /// Sends a statement once.
    pub(super) async fn attempt<S: Statement>(
        &self,
        statement: &S,
        table: &TableName,
        deadline: Instant,
        watched: &WatchedStatement<'_>,
    ) -> Result<S::Output, AttemptFailure> {
        match self {
            Self::Own(pool) => pool.attempt(statement, table, deadline, watched).await,
            // Which server a connection of the application's pool leads to is not known here.
            #[cfg(feature = "deadpool")]
            Self::Application(pool) => pool.attempt(statement, table, deadline).await,
        }
    }

    /// Has the server plan each statement anew.
    pub(super) fn forget_plans(&self) {
        match self {
            Self::Own(pool) => pool.forget_plans(),
            #[cfg(feature = "deadpool")]
            Self::Application(pool) => pool.forget_plans(),
        }
    }

    /// Opens a connection of the store's own, so that wrong settings are reported at the start.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        match self {
            Self::Own(pool) => pool.open().await,
            #[cfg(feature = "deadpool")]
            Self::Application(_) => Ok(()),
        }
    }

    /// Closes the store's own connections.
    pub(super) async fn close(&self, deadline: Instant) {
        match self {
            Self::Own(pool) => pool.close(deadline).await,
            #[cfg(feature = "deadpool")]
            Self::Application(_) => {}
        }
    }
}

impl Deref for Dedicated {
    type Target = Client;

    fn deref(&self) -> &Client {
        match self {
            Self::Own(client, _) => client,
            #[cfg(feature = "deadpool")]
            Self::Application(checkout) => checkout,
        }
    }
}

impl DerefMut for Dedicated {
    fn deref_mut(&mut self) -> &mut Client {
        match self {
            Self::Own(client, _) => client,
            #[cfg(feature = "deadpool")]
            Self::Application(checkout) => checkout,
        }
    }
}
