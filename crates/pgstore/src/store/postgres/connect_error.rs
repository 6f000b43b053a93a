//! Why no connection could be had, in words an operator can act on.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::failure::without_details;

/// Why [`PgStore::connect`](super::PgStore::connect) failed. It never holds the password.
#[derive(Clone, Debug)]
pub struct ConnectError {
    kind: ConnectErrorKind,
    server: Option<String>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`ConnectError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The connection string cannot be read.
    Settings,
    /// There is no server at that address: an unknown host, a refused port, a missing socket.
    Unreachable,
    /// The server refused the user or the password.
    Authentication,
    /// The server has no database of that name.
    NoDatabase,
    /// The server is starting up, shutting down or full.
    NotReady,
    /// No connection came about within the time it is given.
    Timeout,
    /// Anything else.
    Other,
}

impl ConnectError {
    pub(super) fn settings(cause: tokio_postgres::Error) -> Self {
        Self {
            kind: ConnectErrorKind::Settings,
            server: None,
            cause: Some(without_details(cause).into()),
        }
    }

    pub(super) fn timeout(server: String) -> Self {
        Self {
            kind: ConnectErrorKind::Timeout,
            server: Some(server),
            cause: None,
        }
    }

    /// The task that was connecting ended without a word: its runtime was shut down.
    pub(super) fn abandoned() -> Self {
        Self {
            kind: ConnectErrorKind::Other,
            server: None,
            cause: None,
        }
    }

    pub(super) fn from_driver(cause: tokio_postgres::Error, server: String) -> Self {
        Self {
            kind: kind_of(&cause),
            server: Some(server),
            cause: Some(without_details(cause).into()),
        }
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> ConnectErrorKind {
        self.kind
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server.as_deref().unwrap_or("the server");
        match self.kind {
            ConnectErrorKind::Settings => f.write_str("the connection string cannot be read"),
            ConnectErrorKind::Unreachable => write!(f, "no PostgreSQL can be reached at {server}"),
            ConnectErrorKind::Authentication => {
                write!(f, "{server} refused the database user or its password")
            }
            ConnectErrorKind::NoDatabase => write!(f, "{server} has no database of that name"),
            ConnectErrorKind::NotReady => write!(f, "{server} takes no connections at present"),
            ConnectErrorKind::Timeout => write!(f, "{server} did not answer in time"),
            ConnectErrorKind::Other => write!(f, "no connection to {server} came about"),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_ref()
            .map(|cause| &**cause as &(dyn Error + 'static))
    }
}

fn kind_of(error: &tokio_postgres::Error) -> ConnectErrorKind {
    match error.code().map(|state| state.code()) {
        Some("28P01" | "28000") => ConnectErrorKind::Authentication,
        Some("3D000") => ConnectErrorKind::NoDatabase,
        Some("53300" | "57P01" | "57P02" | "57P03") => ConnectErrorKind::NotReady,
        Some(_) => ConnectErrorKind::Other,
        None if is_io(error) => ConnectErrorKind::Unreachable,
        None => ConnectErrorKind::Other,
    }
}

fn is_io(error: &(dyn Error + 'static)) -> bool {
    error.is::<std::io::Error>() || error.source().is_some_and(is_io)
}
