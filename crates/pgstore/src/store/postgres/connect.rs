//! From settings to a store.

use std::sync::Arc;
use std::time::Duration;

use pgstore_connect::{ConfigError, ConnectError, Connector};

#[cfg(feature = "deadpool")]
use super::application_pool::ApplicationPool;
use super::connection_factory::ConnectionFactory;
use super::connection_source::ConnectionSource;
use super::deadlines::Deadlines;
use super::distribution::Distribution;
use super::executor::Executor;
use super::gather_queues::GatherQueues;
use super::inner::Inner;
use super::options::PgStoreOptions;
use super::outage_log::OutageLog;
use super::pg_store::PgStore;
use super::pool::Pool;
use super::statement_strategy::StatementStrategy;
use super::statement_watch::StatementWatch;
use crate::clock::LONGEST_SETTING;

impl PgStore {
    /// Connects with the default [`PgStoreOptions`], to a URL
    /// (`postgres://user:password@host:port/database`) or keywords (`host=/run/postgresql
    /// dbname=web`).
    ///
    /// Both mean what they mean to libpq and `psql`: several hosts, `PG*` variables, `~/.pgpass`,
    /// `sslmode`. The table of options is in [`connection_strings`](super::connection_strings).
    /// This opens one connection and changes nothing in the database; see [`PgStore::migrate`].
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pgstore::ConnectError> {
    /// use pgstore::PgStore;
    ///
    /// let store = PgStore::connect("postgres://app:secret@localhost/web").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the connection string is invalid, a duration cannot work, or no connection can be made.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        PgStoreOptions::new().connect(url).await
    }

    /// Uses the application's own pool for every statement, with the default options.
    ///
    /// Use it if the application has a pool and connections are scarce. The store's own
    /// connections are faster: they carry the statements of many callers at a time, while a pool
    /// lends a connection to one caller at a time. The pool decides how to connect, including TLS.
    /// Waiting for one of its connections counts towards the deadline.
    /// [`close`](PgStore::close) does not close the pool. The pool is not used before the first
    /// operation.
    ///
    /// Each operation takes a connection, sends one statement and returns the connection. Statements
    /// have no names unless you set [`StatementNames::Named`](crate::StatementNames::Named): then they
    /// are prepared once and kept in the pool's cache. [`PgStore::migrate`] takes one and closes it
    /// afterwards. A connection is closed, too, if its caller did not wait for the answer.
    ///
    /// ```no_run
    /// use deadpool_postgres::{Manager, Pool};
    /// use pgstore::PgStore;
    /// use tokio_postgres::NoTls;
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let manager = Manager::new("host=localhost user=app dbname=web".parse()?, NoTls);
    /// let pool = Pool::builder(manager).max_size(8).build()?;
    /// let store = PgStore::from_pool(pool.clone());
    /// # Ok(())
    /// # }
    /// ```
    // Go: pgstore.go NewPGStoreFromPool, whose Close closes the application's pool, too.
    #[cfg(feature = "deadpool")]
    #[must_use]
    pub fn from_pool(pool: deadpool_postgres::Pool) -> Self {
        PgStoreOptions::new().from_pool(pool)
    }
}

impl PgStoreOptions {
    /// Connects at once, so that wrong settings are reported at the start. It changes nothing in
    /// the database.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pgstore::ConnectError> {
    /// use pgstore::PgStoreOptions;
    ///
    /// let store = PgStoreOptions::new().connect("postgres://app@db.internal/web").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the connection string is invalid or no connection can be made.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(self, url: &str) -> Result<PgStore, ConnectError> {
        let store = self.connect_lazily(url)?;
        store.inner.executor.open().await?;
        Ok(store)
    }

    /// Connects at the first use of the store. Use it in a program that must start while its
    /// database is unreachable.
    ///
    /// ```
    /// # fn example() -> Result<(), pgstore::ConnectError> {
    /// use pgstore::PgStoreOptions;
    ///
    /// let store = PgStoreOptions::new().connect_lazily("postgres://app@db.internal/web")?;
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async { example().unwrap() });
    /// ```
    ///
    /// # Errors
    /// When the connection string is invalid, or a duration cannot work.
    pub fn connect_lazily(self, url: &str) -> Result<PgStore, ConnectError> {
        self.check_durations()?;
        let connector = Connector::new(self.config.clone().parse(url)?);
        let distribution = Arc::<Distribution>::default();
        let watch = StatementWatch::new(&self.table);
        let factory = ConnectionFactory {
            connector,
            clock: Arc::clone(&self.clock),
            names: self.names,
            table: self.table.clone(),
            distribution: Arc::clone(&distribution),
            log: OutageLog::default(),
            meter: watch.meter().connections(),
        };
        let pool = Pool::new(factory, self.connections, self.deadlines());
        Ok(self.store(ConnectionSource::Own(pool), watch, distribution))
    }

    /// Uses the application's own pool; see [`PgStore::from_pool`].
    ///
    /// Settings about connections have no effect then. A deadline of more than 100 years counts as 100
    /// years.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use pgstore::PgStoreOptions;
    ///
    /// # fn example(pool: &deadpool_postgres::Pool) {
    /// let options = PgStoreOptions::new().deadline(Duration::from_secs(2));
    /// let store = options.from_pool(pool.clone());
    /// # }
    /// ```
    #[cfg(feature = "deadpool")]
    #[must_use]
    pub fn from_pool(self, pool: deadpool_postgres::Pool) -> PgStore {
        let names = self.names.are_used_in_a_pool();
        let distribution = Arc::<Distribution>::default();
        let for_pool = Arc::clone(&distribution);
        let pool = ApplicationPool::new(pool, self.deadlines(), names, for_pool);
        let watch = StatementWatch::new(&self.table);
        self.store(ConnectionSource::Application(pool), watch, distribution)
    }

    fn check_durations(&self) -> Result<(), ConfigError> {
        check("PgStoreOptions::deadline", self.deadline)?;
        let reading = self.read_deadline.unwrap_or(self.deadline);
        check("PgStoreOptions::read_deadline", reading)
    }

    fn deadlines(&self) -> Deadlines {
        let reading = self.read_deadline.unwrap_or(self.deadline);
        Deadlines {
            all: self.deadline.min(LONGEST_SETTING),
            reading: reading.min(LONGEST_SETTING),
            server_start: self.server_start.min(LONGEST_SETTING),
        }
    }

    fn store(
        self,
        source: ConnectionSource,
        watch: StatementWatch,
        distribution: Arc<Distribution>,
    ) -> PgStore {
        let (deadlines, at_once) = (self.deadlines(), source.at_once());
        let queues = match self.strategy {
            StatementStrategy::Gathered => {
                Some(GatherQueues::new(at_once, self.queue, watch.meter()))
            }
            StatementStrategy::OnePerCaller => None,
        };
        let table = self.table.clone();
        let executor = Executor::new(source, table, watch, deadlines, queues, distribution);
        let inner = Inner::new(executor, self.table, self.placement, self.clock);
        PgStore {
            inner: Arc::new(inner),
        }
    }
}

/// With a deadline of zero every operation would fail.
fn check(name: &'static str, deadline: Duration) -> Result<(), ConfigError> {
    let expected = "more than zero and at most 100 years";
    match deadline.is_zero() || deadline > LONGEST_SETTING {
        true => Err(ConfigError::InvalidValue { name, expected }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_duration_that_cannot_work_is_an_error_that_names_its_setting() {
        let options = PgStoreOptions::new;
        for (options, name) in [
            (
                options().deadline(Duration::MAX),
                "PgStoreOptions::deadline",
            ),
            (
                options().deadline(Duration::ZERO),
                "PgStoreOptions::deadline",
            ),
            (
                options().read_deadline(Duration::MAX),
                "PgStoreOptions::read_deadline",
            ),
            (options().connect_timeout(Duration::MAX), "connect_timeout"),
        ] {
            let options = options.environment([("PGUSER", "app")]);
            let error = options
                .connect_lazily("postgres://localhost/web")
                .unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
