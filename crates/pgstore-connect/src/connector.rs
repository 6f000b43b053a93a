//! From a configuration to a connection: which host is taken.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use crate::attempt::{Connected, HostAttempt};
use crate::error::stops_the_search;
use crate::host::Host;
use crate::host_order::HostOrder;
use crate::race::race;
use crate::task::ConnectionTask;
use crate::tls::LoadedTls;
use crate::{Config, ConnectError, TargetSessionAttrs};

/// The first pause before another try; it doubles each time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Makes connections with one [`Config`], and remembers which host was taken last and which ones
/// turned out to be unfit.
///
/// ```no_run
/// use pgstore_connect::{Config, Connector};
///
/// # async fn example() -> Result<(), pgstore_connect::ConnectError> {
/// let connector = Connector::new(Config::parse("postgres://app@db1,db2/web")?);
/// let (first, _task) = connector.connect().await?;
/// let (second, _task) = connector.connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Connector {
    config: Arc<Config>,
    order: Mutex<HostOrder>,
}

impl Connector {
    /// Keeps the configuration. It logs a warning if `sslmode` is allow or prefer and a host is
    /// another machine.
    ///
    /// ```
    /// use pgstore_connect::{Config, Connector};
    ///
    /// let connector = Connector::new(Config::parse("host=localhost user=app")?);
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    #[must_use]
    pub fn new(config: Config) -> Self {
        config.warn_if_unverified();
        Self {
            config: Arc::new(config),
            order: Mutex::default(),
        }
    }

    /// The configuration.
    ///
    /// ```
    /// use pgstore_connect::{Config, Connector};
    ///
    /// let connector = Connector::new(Config::parse("host=localhost")?);
    /// assert_eq!(connector.config().hosts().len(), 1);
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Connects to the first host that is what `target_session_attrs` asks for, and spawns the
    /// task that drives the connection.
    ///
    /// Each address of each host has [`connect_timeout`](Config::connect_timeout). The next one is
    /// tried when the last one has failed, or beside it after 250 ms, so that a silent host delays
    /// little. While a host is silent, the others are tried again and again. The host that was taken last is tried first, except with `load_balance_hosts=random`.
    /// A host that refuses the user or the password ends the search, as in libpq. Files of
    /// certificates and passwords are read at each call.
    ///
    /// ```no_run
    /// # async fn example(connector: pgstore_connect::Connector)
    /// #     -> Result<(), Box<dyn std::error::Error>> {
    /// let (client, task) = connector.connect().await?;
    /// client.batch_execute("SELECT 1").await?;
    /// println!("{} answers", task.host());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When no host can be connected to, or a file cannot be used.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(&self) -> Result<(Client, ConnectionTask), ConnectError> {
        self.connect_as(&self.config).await
    }

    /// Connects with run-time parameters of its own, such as `statement_timeout`, for one
    /// connection.
    ///
    /// They go with the first message, so they leave nothing behind on a pooler's connection. A
    /// pooler may refuse them: PgBouncer answers SQLSTATE 08P01.
    ///
    /// ```no_run
    /// # async fn example(connector: pgstore_connect::Connector)
    /// #     -> Result<(), pgstore_connect::ConnectError> {
    /// let (client, task) = connector.connect_with(&[("statement_timeout", "0")]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Connector::connect).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect_with(
        &self,
        parameters: &[(&str, &str)],
    ) -> Result<(Client, ConnectionTask), ConnectError> {
        self.connect_as(&Arc::new(self.config.with_parameters(parameters)))
            .await
    }

    async fn connect_as(&self, config: &Arc<Config>) -> Result<Connected, ConnectError> {
        let tls = self.load_tls()?;
        let (wanted, otherwise) = self.config.target.rounds();
        let error = match self.round(config, wanted, &tls).await {
            Ok(connected) => return Ok(connected),
            Err(error) => error,
        };
        match otherwise {
            Some(target) if !error.attempts().iter().any(stops_the_search) => {
                self.round(config, target, &tls).await
            }
            _ => Err(error),
        }
    }

    /// Connects, and waits for a server that starts later: for `wait` in all, with growing pauses
    /// from 100 ms to one second.
    ///
    /// Use it where the program may start before its database. A failure that time does not mend,
    /// such as a refused password, is returned at once. With a `wait` of zero it is
    /// [`connect`](Connector::connect).
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// # async fn example(connector: pgstore_connect::Connector)
    /// #     -> Result<(), pgstore_connect::ConnectError> {
    /// let (client, task) = connector.connect_within(Duration::from_secs(30)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The last failure, when the time is over; or one that [may not pass](ConnectError::may_pass).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect_within(
        &self,
        wait: Duration,
    ) -> Result<(Client, ConnectionTask), ConnectError> {
        let (begun, mut pause) = (Instant::now(), SHORTEST_PAUSE);
        loop {
            let error = match self.connect().await {
                Ok(connected) => return Ok(connected),
                Err(error) => error,
            };
            if !error.may_pass() || begun.elapsed().saturating_add(pause) > wait {
                return Err(error);
            }
            tracing::info!(%error, "no PostgreSQL server answers yet; it is tried again after a pause");
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(2 * pause);
        }
    }

    /// Notes that a host turned out to be unfit, such as a former primary that is read-only now:
    /// the next connections try it after all others.
    ///
    /// Once all hosts were demoted, only the last one is: one of the others is primary again.
    ///
    /// ```
    /// use pgstore_connect::{Config, Connector};
    ///
    /// let connector = Connector::new(Config::parse("postgres://app@db1,db2/web")?);
    /// connector.demote(&connector.config().hosts()[0]);
    /// // From now on, `connect` tries db2 first.
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    pub fn demote(&self, host: &Host) {
        let Some(index) = self.config.hosts.iter().position(|other| other == host) else {
            return;
        };
        self.host_order().demote(index, self.config.hosts.len());
    }

    /// Tries each host once.
    async fn round(
        &self,
        config: &Arc<Config>,
        target: TargetSessionAttrs,
        tls: &LoadedTls,
    ) -> Result<Connected, ConnectError> {
        let attempts = self.order().into_iter().map(|place| {
            let attempt = HostAttempt {
                config: Arc::clone(config),
                host: self.config.hosts[place].clone(),
                target,
                tls: tls.clone(),
            };
            move || {
                let attempt = attempt.clone();
                async move { Ok((place, attempt.connect().await?)) }
            }
        });
        let (place, connected) = race(attempts).await.map_err(ConnectError::of_hosts)?;
        self.host_order().take(place);
        Ok(connected)
    }

    /// Sockets need no TLS, and so none of its files.
    fn load_tls(&self) -> Result<LoadedTls, ConnectError> {
        let mut hosts = self.config.hosts.iter();
        match hosts.all(|host| host.socket_folder().is_some()) {
            true => Ok(LoadedTls::none()),
            false => LoadedTls::load(&self.config.tls),
        }
    }

    /// The places of the hosts in the order in which they are tried.
    fn order(&self) -> Vec<usize> {
        let (order, count) = (self.host_order(), self.config.hosts.len());
        match self.config.shuffles {
            true => order.shuffled(count),
            false => order.places(count),
        }
    }

    fn host_order(&self) -> MutexGuard<'_, HostOrder> {
        // No code panics while it holds the lock.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
