//! How many connections, how long, which table.

use std::sync::Arc;
use std::time::Duration;

use pgstore_connect::{Config, ConfigBuilder, ConnectError, Connector};

use super::connection_source::ConnectionSource;
use super::duplicates::Duplicates;
use super::executor::{Deadlines, Executor};
use super::pool::Pool;
use super::statements::Statements;
use super::table::TableName;
use super::{Inner, PgStore};
use crate::clock::{Clock, SystemClock};

/// Settings of a [`PgStore`], each with a default.
///
/// ```no_run
/// use std::time::Duration;
/// use pgstore::store::PgStoreOptions;
///
/// # async fn example() -> Result<(), pgstore::store::ConnectError> {
/// let store = PgStoreOptions::new()
///     .connections(4)
///     .deadline(Duration::from_secs(2))
///     .connect("postgres://app@db.internal/web")
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PgStoreOptions {
    connections: usize,
    deadline: Duration,
    read_deadline: Option<Duration>,
    config: ConfigBuilder,
    clock: Arc<dyn Clock>,
    table: TableName,
}

impl PgStoreOptions {
    /// The defaults: 2 connections, 5 seconds for an operation and for connecting,
    /// `http_sessions`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            connections: 2,
            deadline: Duration::from_secs(5),
            read_deadline: None,
            config: Config::builder().fallback_application_name("pgstore"),
            clock: Arc::new(SystemClock),
            table: TableName::default(),
        }
    }

    /// How many connections requests share (default 2, at least 1).
    ///
    /// Any number of requests use one at the same time, so this is not how many can be served at
    /// once; two keep working while one is being replaced. Sweeping opens one more while it
    /// lasts.
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        Self {
            connections,
            ..self
        }
    }

    /// How long one operation may take in all, waiting for a connection and repeated attempts
    /// included (default 5 seconds).
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same for what only looks sessions up: loading one, whether by its ID, a retired ID or its
    /// handle, and listing an owner's (default: the same as [`deadline`](Self::deadline)).
    ///
    /// Nothing is lost when a lookup is given up, so it may be short where pages are served without a
    /// session rather than late.
    #[must_use]
    pub fn read_deadline(self, deadline: Duration) -> Self {
        Self {
            read_deadline: Some(deadline),
            ..self
        }
    }

    /// How long one attempt to connect may take (default 5 seconds).
    ///
    /// Each address of each host has this time. A `connect_timeout` in the connection string comes
    /// before it, `PGCONNECT_TIMEOUT` after it.
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            config: self.config.connect_timeout(connect_timeout),
            ..self
        }
    }

    /// The variables that the connection string is completed from (default: the process's own).
    ///
    /// `PGHOST`, `PGPASSWORD` and the like, as the [table](super::connection_strings) has them, and `HOME`
    /// for the files in the home folder. For tests, and for programs that are not to depend on
    /// them:
    ///
    /// ```
    /// use pgstore::store::PgStoreOptions;
    ///
    /// # fn example() -> Result<(), pgstore::store::ConnectError> {
    /// let store = PgStoreOptions::new()
    ///     .environment([("PGUSER", "app"), ("PGSSLMODE", "verify-full")])
    ///     .connect_lazily("postgres://db.internal/web")?;
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async { example().unwrap() });
    /// ```
    #[must_use]
    pub fn environment<K, V>(self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        Self {
            config: self.config.environment(variables),
            ..self
        }
    }

    /// What the server's clock is compared with whenever a connection is made (default
    /// [`SystemClock`]).
    ///
    /// More than a minute apart is a warning in the log. Give it the clock of the
    /// [`SessionManager`](crate::SessionManagerBuilder::clock) where that is another one. Statements get
    /// their times from there, not from here.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self {
            clock: Arc::new(clock),
            ..self
        }
    }

    /// The sessions table (default `http_sessions`, the one a peer in Go uses).
    #[must_use]
    pub fn table(self, table: TableName) -> Self {
        Self { table, ..self }
    }

    /// Connects, so that wrong settings show at once. It changes nothing in the database.
    ///
    /// # Errors
    /// When the connection string cannot be read or no connection comes about.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(self, url: &str) -> Result<PgStore, ConnectError> {
        let store = self.connect_lazily(url)?;
        store.inner.executor.open().await?;
        Ok(store)
    }

    /// Connects when the store is first used: for a program that must start while its database
    /// is away.
    ///
    /// # Errors
    /// When the connection string cannot be read.
    pub fn connect_lazily(self, url: &str) -> Result<PgStore, ConnectError> {
        let connector = Connector::new(self.config.parse(url)?);
        let clock = Arc::clone(&self.clock);
        let slots = Pool::new(connector, clock, self.connections, self.deadline);
        Ok(self.store(ConnectionSource::Own(slots)))
    }

    /// Uses the application's own pool; see [`PgStore::from_pool`].
    ///
    /// Of the settings, those about connecting have no meaning then.
    #[cfg(feature = "deadpool")]
    #[must_use]
    pub fn from_pool(self, pool: deadpool_postgres::Pool) -> PgStore {
        self.store(ConnectionSource::Pool(
            super::application_pool::ApplicationPool::new(pool),
        ))
    }

    fn store(self, source: ConnectionSource) -> PgStore {
        let statements = Statements::about(&self.table);
        let deadlines = Deadlines {
            all: self.deadline,
            reading: self.read_deadline.unwrap_or(self.deadline),
        };
        PgStore {
            inner: Arc::new(Inner {
                executor: Executor::new(source, statements, deadlines),
                table: self.table,
                duplicates: Duplicates::default(),
            }),
        }
    }
}

impl Default for PgStoreOptions {
    fn default() -> Self {
        Self::new()
    }
}
