//! Where a link's connections come from: its own, or the application's pool.

use std::error::Error;
use std::ops::{Deref, DerefMut};

use pgstore_connect::ConnectError;
use tokio::time::Instant;
use tokio_postgres::Client;

#[cfg(feature = "deadpool")]
use super::application_pool::{ApplicationPool, Checkout, POOL};
use super::failure::Failure;
use super::pool::Pool;
use super::statements::Statements;
use super::verbs::Verb;

/// The source of connections.
#[derive(Debug)]
pub(super) enum ConnectionSource {
    Own(Pool),
    #[cfg(feature = "deadpool")]
    Pool(ApplicationPool),
}

/// A connection for one caller alone, for as long as it likes.
pub(super) enum Dedicated {
    Own(Client),
    #[cfg(feature = "deadpool")]
    Pool(Checkout),
}

impl ConnectionSource {
    /// A connection for one caller alone.
    pub(super) async fn connect(&self) -> Result<Dedicated, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Own(slots) => {
                let (client, _task) = slots.connector().connect().await?;
                Ok(Dedicated::Own(client))
            }
            #[cfg(feature = "deadpool")]
            Self::Pool(pool) => Ok(Dedicated::Pool(pool.take().await?)),
        }
    }

    /// The server's address, for messages.
    pub(super) fn server(&self) -> String {
        match self {
            Self::Own(slots) => {
                let hosts = slots.connector().config().hosts().iter();
                hosts
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            #[cfg(feature = "deadpool")]
            Self::Pool(_) => POOL.to_owned(),
        }
    }

    /// Runs a verb once.
    pub(super) async fn attempt<V: Verb>(
        &self,
        verb: &V,
        statements: &Statements,
        deadline: Instant,
    ) -> Result<V::Answer, Failure> {
        match self {
            Self::Own(slots) => slots.attempt(verb, statements, deadline).await,
            #[cfg(feature = "deadpool")]
            Self::Pool(pool) => pool.attempt(verb, statements, deadline).await,
        }
    }

    /// Makes sure that there is a connection, so that wrong settings show.
    pub(super) async fn open(&self) -> Result<(), ConnectError> {
        match self {
            Self::Own(slots) => slots.open().await,
            #[cfg(feature = "deadpool")]
            Self::Pool(_) => Ok(()),
        }
    }

    /// Lets go of the connection for background work.
    pub(super) fn rest(&self) {
        match self {
            Self::Own(slots) => slots.rest(),
            #[cfg(feature = "deadpool")]
            Self::Pool(_) => {}
        }
    }

    /// Ends the connections, if they are ours.
    pub(super) async fn close(&self, deadline: Instant) {
        match self {
            Self::Own(slots) => slots.close(deadline).await,
            #[cfg(feature = "deadpool")]
            Self::Pool(_) => {}
        }
    }
}

impl Deref for Dedicated {
    type Target = Client;

    fn deref(&self) -> &Client {
        match self {
            Self::Own(client) => client,
            #[cfg(feature = "deadpool")]
            Self::Pool(checkout) => checkout,
        }
    }
}

impl DerefMut for Dedicated {
    fn deref_mut(&mut self) -> &mut Client {
        match self {
            Self::Own(client) => client,
            #[cfg(feature = "deadpool")]
            Self::Pool(checkout) => checkout,
        }
    }
}
