//! From a configuration to a connection: hosts, addresses and modes in turn.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::config::SslMode as DriverSslMode;

use crate::error::{Attempted, classify, in_another_mode, stops_the_search};
use crate::host::{Host, Place};
use crate::task::{CancelHandle, ConnectionTask};
use crate::tls::{LoadedTls, SslMode, TlsAttempt};
use crate::{Config, ConnectError, TargetSessionAttrs};

type Connected = (Client, ConnectionTask);

/// Makes connections with one [`Config`], and remembers which hosts turned out to be unfit.
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
    /// Places in the list of hosts.
    demoted: Mutex<Vec<usize>>,
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
            demoted: Mutex::default(),
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
    /// Each address of each host has [`connect_timeout`](Config::connect_timeout). A host that
    /// refuses the user or the password ends the search, as in libpq. Files of certificates and
    /// passwords are read at each call.
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
        let tls = self.load_tls()?;
        let (wanted, otherwise) = self.config.target.rounds();
        let error = match self.round(wanted, &tls).await {
            Ok(connected) => return Ok(connected),
            Err(error) => error,
        };
        match otherwise {
            Some(target) if !error.attempts().iter().any(stops_the_search) => {
                self.round(target, &tls).await
            }
            _ => Err(error),
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
        let mut demoted = self.demoted();
        if !demoted.contains(&index) {
            demoted.push(index);
        }
        if demoted.len() == self.config.hosts.len() {
            *demoted = vec![index];
        }
    }

    /// Tries each host once.
    async fn round(
        &self,
        target: TargetSessionAttrs,
        tls: &LoadedTls,
    ) -> Result<Connected, ConnectError> {
        let mut failures = Vec::new();
        for index in self.order() {
            let host = Attempt {
                config: &self.config,
                host: &self.config.hosts[index],
                target,
                tls,
            };
            let error = match host.connect().await {
                Ok(connected) => return Ok(connected),
                Err(error) => error,
            };
            let is_last = stops_the_search(&error);
            failures.push(error);
            if is_last {
                break;
            }
        }
        Err(ConnectError::of_hosts(failures))
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
        let mut order: Vec<_> = (0..self.config.hosts.len()).collect();
        if self.config.shuffles {
            order.sort_by_cached_key(|_| RandomState::new().build_hasher().finish());
        }
        let demoted = self.demoted();
        order.sort_by_key(|index| demoted.contains(index));
        order
    }

    fn demoted(&self) -> MutexGuard<'_, Vec<usize>> {
        // The list is whole whenever the lock is released, also by a panic.
        self.demoted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One host, to be tried at its addresses and in its modes.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    config: &'a Arc<Config>,
    host: &'a Host,
    target: TargetSessionAttrs,
    tls: &'a LoadedTls,
}

impl Attempt<'_> {
    /// Tries the host's addresses. If all fail, the error is the last one's.
    async fn connect(&self) -> Result<Connected, ConnectError> {
        let mut failure = None;
        for address in self.addresses().await? {
            match self.connect_to(address).await {
                Ok(connected) => return Ok(connected),
                Err(error) if stops_the_search(&error) => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| self.unknown_host(io::ErrorKind::NotFound.into())))
    }

    /// The driver's configuration for each of the host's addresses.
    async fn addresses(&self) -> Result<Vec<tokio_postgres::Config>, ConnectError> {
        let common = self.config.driver_config(self.host);
        let (name, addresses) = match &self.host.place {
            Place::Folder(_) | Place::UsualFolder => return Ok(vec![at_socket(common, self.host)]),
            Place::Address { address, name } => {
                let name = name.clone().unwrap_or_else(|| address.to_string());
                (name, vec![*address])
            }
            Place::Name(name) => (name.clone(), self.look_up(name).await?),
        };
        let at = |address| {
            let mut config = common.clone();
            config.host(&name).hostaddr(address);
            config
        };
        Ok(addresses.into_iter().map(at).collect())
    }

    async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, ConnectError> {
        let looking_up = tokio::net::lookup_host((name, self.host.port()));
        let found = timeout(self.config.timeout, looking_up).await;
        let addresses = found
            .map_err(|_| self.timeout())?
            .map_err(|error| self.unknown_host(error))?;
        Ok(addresses.map(|address| address.ip()).collect())
    }

    /// Connects with TLS, without, or first the one and then the other.
    async fn connect_to(
        &self,
        mut address: tokio_postgres::Config,
    ) -> Result<Connected, ConnectError> {
        let mode = match self.host.socket_folder() {
            // As in libpq: what passes a socket does not leave this machine.
            Some(_) => SslMode::Disable,
            None => self.config.tls.mode,
        };
        let (first, second) = mode.attempts();
        let error = match self.in_time(address.ssl_mode(first)).await {
            Ok(connected) => return Ok(connected),
            Err(error) => error,
        };
        let Some(second) = second.filter(|_| in_another_mode(&error)) else {
            return Err(error);
        };
        match self.in_time(address.ssl_mode(second)).await {
            Err(ConnectError::NoTls { .. }) => Err(error),
            outcome => outcome,
        }
    }

    async fn in_time(&self, address: &tokio_postgres::Config) -> Result<Connected, ConnectError> {
        let connecting = timeout(self.config.timeout, self.connect_once(address));
        let outcome = connecting.await;
        outcome.unwrap_or_else(|_| Err(self.timeout()))
    }

    async fn connect_once(
        &self,
        address: &tokio_postgres::Config,
    ) -> Result<Connected, ConnectError> {
        let tls = self.tls.attempt();
        let connected = address.connect(tls.clone()).await;
        let failed = |error| self.classify(error, address, &tls);
        let (client, connection) = connected.map_err(failed)?;
        let cancel = CancelHandle::new(&client, self.host, self.config);
        let task = ConnectionTask::spawn(connection, cancel);
        match self.target.accepts(&client).await.map_err(failed)? {
            true => Ok((client, task)),
            false => Err(ConnectError::WrongTarget {
                host: self.host.clone(),
                wanted: self.target,
            }),
        }
    }

    fn classify(
        &self,
        error: tokio_postgres::Error,
        config: &tokio_postgres::Config,
        tls: &TlsAttempt,
    ) -> ConnectError {
        let attempted = Attempted {
            host: self.host,
            mode: self.config.tls.mode,
            demands_tls: config.get_ssl_mode() == DriverSslMode::Require,
            began_tls: tls.has_begun(),
            has_password: config.get_password().is_some(),
            channel_binding: config.get_channel_binding(),
        };
        classify(error, &attempted)
    }

    fn timeout(&self) -> ConnectError {
        ConnectError::Timeout {
            host: self.host.clone(),
            after: self.config.timeout,
        }
    }

    fn unknown_host(&self, error: io::Error) -> ConnectError {
        ConnectError::UnknownHost {
            host: self.host.clone(),
            source: Arc::new(error),
        }
    }
}

#[cfg(unix)]
fn at_socket(mut config: tokio_postgres::Config, host: &Host) -> tokio_postgres::Config {
    config.host_path(host.socket_folder().unwrap_or_default());
    config
}

/// Hosts are never sockets elsewhere.
#[cfg(not(unix))]
fn at_socket(config: tokio_postgres::Config, _: &Host) -> tokio_postgres::Config {
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demoted_host_is_tried_last_until_all_are() {
        let text = "host=/a,/b,/c user=app";
        let connector = Connector::new(Config::builder().parse(text).unwrap());
        let hosts = connector.config().hosts();
        assert_eq!(connector.order(), [0, 1, 2]);
        connector.demote(&hosts[0]);
        connector.demote(&hosts[0]);
        assert_eq!(connector.order(), [1, 2, 0]);
        connector.demote(&hosts[1]);
        assert_eq!(connector.order(), [2, 0, 1]);
        connector.demote(&hosts[2]);
        assert_eq!(connector.order(), [0, 1, 2]);
        let stranger = Config::builder().parse("host=/d").unwrap();
        connector.demote(&stranger.hosts()[0]);
        assert_eq!(connector.order(), [0, 1, 2]);
    }

    #[test]
    fn load_balancing_makes_every_host_the_first_at_times() {
        let text = "host=/a,/b,/c load_balance_hosts=random";
        let connector = Connector::new(Config::builder().parse(text).unwrap());
        let mut first = [0; 3];
        for _ in 0..3000 {
            first[connector.order()[0]] += 1;
        }
        assert!(first.iter().all(|&times| times > 800), "{first:?}");
    }
}
