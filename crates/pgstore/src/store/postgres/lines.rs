//! Where a link's connections come from: its own, or the application's pool.

use std::ops::{Deref, DerefMut};

use tokio::time::Instant;
use tokio_postgres::Client;

use super::connect_error::ConnectError;
use super::dial::Line;
use super::failure::Failure;
#[cfg(feature = "deadpool")]
use super::pooled::{Checkout, POOL, Pooled};
use super::slots::Slots;
use super::statements::Statements;
use super::verbs::Verb;

/// The source of connections.
#[derive(Debug)]
pub(super) enum Lines {
    Own(Slots),
    #[cfg(feature = "deadpool")]
    Pool(Pooled),
}

/// A connection for one caller alone, for as long as it likes.
pub(super) enum Alone {
    Own(Client),
    #[cfg(feature = "deadpool")]
    Pool(Checkout),
}

impl Lines {
    /// A connection for one caller alone. What is returned beside it is to be kept as long.
    pub(super) async fn connect(&self) -> Result<(Alone, Option<Line>), ConnectError> {
        match self {
            Self::Own(slots) => {
                let (client, line) = slots.dial().connect().await?;
                Ok((Alone::Own(client), Some(line)))
            }
            #[cfg(feature = "deadpool")]
            Self::Pool(pool) => Ok((Alone::Pool(pool.take().await?), None)),
        }
    }

    /// The server's address, for messages.
    pub(super) fn server(&self) -> String {
        match self {
            Self::Own(slots) => slots.dial().server(),
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

impl Deref for Alone {
    type Target = Client;

    fn deref(&self) -> &Client {
        match self {
            Self::Own(client) => client,
            #[cfg(feature = "deadpool")]
            Self::Pool(checkout) => checkout,
        }
    }
}

impl DerefMut for Alone {
    fn deref_mut(&mut self) -> &mut Client {
        match self {
            Self::Own(client) => client,
            #[cfg(feature = "deadpool")]
            Self::Pool(checkout) => checkout,
        }
    }
}
