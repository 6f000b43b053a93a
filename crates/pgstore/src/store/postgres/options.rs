//! How many connections a store has, how long an operation may take, and which table it uses.

use std::sync::Arc;
use std::time::Duration;

use pgstore_connect::{Config, ConfigBuilder, TargetSessionAttrs};

use super::statement_names::StatementNames;
use super::statement_strategy::StatementStrategy;
use super::table_name::TableName;
use super::table_placement::TablePlacement;
use crate::clock::{Clock, SystemClock};

/// Settings of a [`PgStore`](super::PgStore), each with a default.
///
/// ```no_run
/// use std::time::Duration;
/// use pgstore::PgStoreOptions;
///
/// # async fn example() -> Result<(), pgstore::ConnectError> {
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
    pub(super) connections: usize,
    pub(super) deadline: Duration,
    pub(super) read_deadline: Option<Duration>,
    pub(super) server_start: Duration,
    pub(super) queue: usize,
    pub(super) strategy: StatementStrategy,
    pub(super) names: StatementNames,
    pub(super) config: ConfigBuilder,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) table: TableName,
    pub(super) placement: TablePlacement,
}

impl PgStoreOptions {
    /// The defaults: up to 4 connections, 5 seconds for an operation and for connecting, the table
    /// `http_sessions`.
    ///
    /// ```
    /// use pgstore::PgStoreOptions;
    ///
    /// let options = PgStoreOptions::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            connections: 4,
            deadline: Duration::from_secs(5),
            read_deadline: None,
            server_start: Duration::ZERO,
            queue: 10_240,
            strategy: StatementStrategy::Gathered,
            names: StatementNames::Auto,
            // A standby may not have replayed a logout yet.
            config: Config::builder()
                .fallback_application_name("pgstore")
                .fallback_target_session_attrs(TargetSessionAttrs::ReadWrite),
            clock: Arc::new(SystemClock),
            table: TableName::default(),
            placement: TablePlacement::AsItIs,
        }
    }

    /// How many connections requests share at most (default 4, at least 1). They are opened as needed.
    ///
    /// Any number of requests use a connection at the same time, so this is not a limit on
    /// concurrent requests. Reads and writes use different connections, half of them each, so that no
    /// read waits for a commit; with 1 they share it. If one kind has no connection and can make
    /// none, it uses the other kind's.
    ///
    /// Work that may take long (sweeps, device lists, revocations) uses up to two more. They are closed
    /// when it has had no use for them for 30 seconds.
    ///
    /// ```
    /// use pgstore::PgStoreOptions;
    ///
    /// let options = PgStoreOptions::new().connections(8);
    /// ```
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        Self {
            connections,
            ..self
        }
    }

    /// How long one operation may take in all, including the wait for a connection and repeated
    /// attempts (default 5 seconds).
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::PgStoreOptions;
    ///
    /// let options = PgStoreOptions::new().deadline(Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// How long a lookup may take in all: by ID, by a previous ID, by handle, or of an owner's
    /// sessions (default: [`deadline`](Self::deadline)).
    ///
    /// A lookup that is given up loses nothing. Set a short time if your pages can be served without
    /// a session rather than late.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::PgStoreOptions;
    ///
    /// let options = PgStoreOptions::new().read_deadline(Duration::from_millis(500));
    /// ```
    #[must_use]
    pub fn read_deadline(self, deadline: Duration) -> Self {
        Self {
            read_deadline: Some(deadline),
            ..self
        }
    }

    /// How long [`connect`](Self::connect) and [`PgStore::migrate`](super::PgStore::migrate) wait for
    /// a server that starts later than this program (default: not at all).
    ///
    /// Use it where the program and its database start together. Only failures that time can mend
    /// are waited for, such as a closed port, a name that is not known yet, or a server that is
    /// starting up; a wrong password is reported at once. It has no effect with
    /// [`from_pool`](super::PgStore::from_pool).
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::PgStoreOptions;
    ///
    /// let options = PgStoreOptions::new().wait_for_server(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn wait_for_server(self, wait: Duration) -> Self {
        Self {
            server_start: wait,
            ..self
        }
    }

    /// How many callers of each kind of statement may wait while others are under way (default 10,240).
    ///
    /// Beyond that a caller gets
    /// [`StoreErrorKind::Unavailable`](crate::StoreErrorKind::Unavailable) at once. It has no effect
    /// with [`StatementStrategy::OnePerCaller`].
    ///
    /// ```
    /// use pgstore::PgStoreOptions;
    ///
    /// let options = PgStoreOptions::new().queue(1_000);
    /// ```
    #[must_use]
    pub fn queue(self, queue: usize) -> Self {
        Self { queue, ..self }
    }

    /// Whether several callers' requests go out in one statement (default
    /// [`StatementStrategy::Gathered`]).
    ///
    /// ```
    /// use pgstore::{PgStoreOptions, StatementStrategy};
    ///
    /// let options = PgStoreOptions::new().strategy(StatementStrategy::OnePerCaller);
    /// ```
    #[must_use]
    pub fn strategy(self, strategy: StatementStrategy) -> Self {
        Self { strategy, ..self }
    }

    /// Whether the server keeps statements under names (default [`StatementNames::Auto`]: where the
    /// store talks to the server itself).
    ///
    /// ```
    /// use pgstore::{PgStoreOptions, StatementNames};
    ///
    /// let options = PgStoreOptions::new().statement_names(StatementNames::Unnamed);
    /// ```
    #[must_use]
    pub fn statement_names(self, names: StatementNames) -> Self {
        Self { names, ..self }
    }

    /// How long one attempt to connect may take (default 5 seconds).
    ///
    /// Each address of each host has this time. `connect_timeout` in the connection string
    /// overrides it; it overrides `PGCONNECT_TIMEOUT`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::PgStoreOptions;
    ///
    /// let options = PgStoreOptions::new().connect_timeout(Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            config: self.config.connect_timeout(connect_timeout),
            ..self
        }
    }

    /// The environment variables that complete the connection string (default: the process's own).
    ///
    /// They are `PGHOST`, `PGPASSWORD` and the others in the [table](super::connection_strings), and
    /// `HOME` for files in the home folder. Set them in tests, and in programs that must not depend
    /// on the environment:
    ///
    /// ```
    /// use pgstore::PgStoreOptions;
    ///
    /// # fn example() -> Result<(), pgstore::ConnectError> {
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

    /// The clock that is compared with the server's when a connection is made (default
    /// [`SystemClock`]).
    ///
    /// A difference of more than a minute is logged as a warning. If the session manager has a clock
    /// of its own, set the same one here. Statements take their times from the manager's clock, not
    /// from this one.
    ///
    /// ```
    /// use pgstore::SystemClock;
    /// use pgstore::PgStoreOptions;
    ///
    /// let options = PgStoreOptions::new().clock(SystemClock::default());
    /// ```
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self {
            clock: Arc::new(clock),
            ..self
        }
    }

    /// The sessions table (default `http_sessions`, which Go's pgstore uses).
    ///
    /// ```
    /// use pgstore::{PgStoreOptions, TableName};
    ///
    /// let options = PgStoreOptions::new().table(TableName::parse("web.sessions")?);
    /// # Ok::<(), pgstore::InvalidTableName>(())
    /// ```
    #[must_use]
    pub fn table(self, table: TableName) -> Self {
        Self { table, ..self }
    }

    /// On how many servers [`PgStore::migrate`](super::PgStore::migrate) places the table (default
    /// [`TablePlacement::AsItIs`]).
    ///
    /// ```
    /// use pgstore::{PgStoreOptions, TablePlacement};
    ///
    /// let options = PgStoreOptions::new().placement(TablePlacement::Distributed);
    /// ```
    #[must_use]
    pub fn placement(self, placement: TablePlacement) -> Self {
        Self { placement, ..self }
    }
}

impl Default for PgStoreOptions {
    fn default() -> Self {
        Self::new()
    }
}
