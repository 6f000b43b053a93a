//! From a connection string to a connection. The only file that knows how one is made.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client, Config};

use super::clocks;
use super::connect_error::{ConnectError, ConnectErrorKind};
use super::connecting::{Connector, Environment, Host, Mode, Place, Settings, Target, Tls};
use crate::clock::Clock;
use crate::random;

/// Where and as whom to connect.
#[derive(Debug)]
pub(super) struct Dial {
    settings: Settings,
    timeout: Duration,
    /// What the servers' clocks are compared with.
    clock: Arc<dyn Clock>,
    /// Hosts (by their place in the list) that turned out to be unable to write.
    demoted: Mutex<Vec<usize>>,
}

/// What drives a connection, and to which of the hosts.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) driver: JoinHandle<()>,
    pub(super) host: usize,
}

impl Dial {
    /// Reads a URL or a keyword string. `timeout` is the program's choice.
    pub(super) fn parse(
        text: &str,
        timeout: Option<Duration>,
        environment: &Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConnectError> {
        let settings = Settings::read(text, environment)?;
        settings.warn_if_unverified();
        Ok(Self {
            timeout: settings.timeout.or(timeout),
            settings,
            clock,
            demoted: Mutex::default(),
        })
    }

    /// Connects to the first host that will do, each attempt within its time, and starts the
    /// task that drives the connection.
    pub(super) async fn connect(&self) -> Result<(Client, Line), ConnectError> {
        let tls = Tls::load(&self.settings.tls)?;
        let mut failures = Vec::new();
        for target in self.settings.target.rounds() {
            failures.clear();
            for index in self.order() {
                let host = &self.settings.hosts[index];
                let error = match self.try_host(host, *target, &tls).await {
                    Ok((client, driver)) => {
                        let host = index;
                        return Ok((client, Line { driver, host }));
                    }
                    Err(error) => error.at(host),
                };
                let is_last = error.ends_the_search();
                failures.push(error);
                if is_last {
                    return Err(ConnectError::of_all(failures));
                }
            }
        }
        Err(ConnectError::of_all(failures))
    }

    /// Warns when the server's clock and ours are far apart.
    pub(super) async fn compare_clocks(&self, client: &Client) {
        let comparing = clocks::compare(client, &*self.clock);
        // Without an answer there is nothing to say.
        let _ = timeout(self.timeout, comparing).await;
    }

    /// Notes that a host cannot write: the next connections try it after all others.
    pub(super) fn demote(&self, host: usize) {
        let mut demoted = self.demoted.lock().unwrap_or_else(PoisonError::into_inner);
        if !demoted.contains(&host) {
            demoted.push(host);
        }
        if demoted.len() == self.settings.hosts.len() {
            // It is somebody's turn to be the primary again.
            *demoted = vec![host];
        }
    }

    /// Asks the server to stop what a connection is doing, over another one.
    pub(super) async fn cancel(&self, token: CancelToken) {
        let cancelling = async {
            let connector = Tls::load(&self.settings.tls).ok()?.connector();
            token.cancel_query(connector).await.ok()
        };
        if !matches!(timeout(self.timeout, cancelling).await, Ok(Some(()))) {
            tracing::debug!("a statement on the session store could not be cancelled");
        }
    }

    /// The server's address, for messages.
    pub(super) fn server(&self) -> String {
        let hosts = self.settings.hosts.iter().map(ToString::to_string);
        hosts.collect::<Vec<_>>().join(", ")
    }

    /// The places of the hosts in the order they are tried.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.settings.hosts.len()).collect();
        if self.settings.shuffle {
            shuffle(&mut order);
        }
        let demoted = self.demoted.lock().unwrap_or_else(PoisonError::into_inner);
        order.sort_by_key(|index| demoted.contains(index));
        order
    }

    /// Tries the host's addresses; of several failures the last is told.
    async fn try_host(
        &self,
        host: &Host,
        target: Target,
        tls: &Tls,
    ) -> Result<(Client, JoinHandle<()>), ConnectError> {
        let mut failed = None;
        for config in self.configs(host).await? {
            let mode = match host.socket_folder() {
                // As libpq: nobody listens in on a socket of this machine.
                Some(_) => Mode::Disable,
                None => self.settings.tls.mode,
            };
            match self.try_modes(config, mode, target, tls).await {
                Ok(connected) => return Ok(connected),
                Err(error) if error.ends_the_search() => return Err(error),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| ConnectError::unknown_host(io::ErrorKind::NotFound.into())))
    }

    /// The driver's settings for each of the host's addresses.
    async fn configs(&self, host: &Host) -> Result<Vec<Config>, ConnectError> {
        let common = self.settings.config_for(host);
        let (name, addresses) = match &host.place {
            Place::Folder(_) | Place::UsualFolder => {
                return Ok(vec![at_socket(common, host)]);
            }
            Place::Address { address, name } => {
                let name = name.clone().unwrap_or_else(|| address.to_string());
                (name, vec![*address])
            }
            Place::Name(name) => (name.clone(), self.look_up(name, host.port).await?),
        };
        let config = |address| {
            let mut config = common.clone();
            config.host(&name).hostaddr(address);
            config
        };
        Ok(addresses.into_iter().map(config).collect())
    }

    async fn look_up(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, ConnectError> {
        let found = timeout(self.timeout, tokio::net::lookup_host((name, port))).await;
        let addresses = found
            .map_err(|_| ConnectError::timeout())?
            .map_err(ConnectError::unknown_host)?;
        Ok(addresses.map(|address: SocketAddr| address.ip()).collect())
    }

    /// Tries with TLS, without, or both.
    async fn try_modes(
        &self,
        mut config: Config,
        mode: Mode,
        target: Target,
        tls: &Tls,
    ) -> Result<(Client, JoinHandle<()>), ConnectError> {
        let mut first: Option<ConnectError> = None;
        for ssl in mode.attempts() {
            config.ssl_mode(*ssl);
            let attempt = timeout(self.timeout, attempt(&config, target, tls.connector()));
            let outcome = attempt
                .await
                .unwrap_or_else(|_| Err(ConnectError::timeout()));
            match outcome {
                Err(error) if first.is_none() && may_do_otherwise(&error) => first = Some(error),
                Err(error) if error.kind() == ConnectErrorKind::NoTls => {
                    return Err(first.unwrap_or(error));
                }
                outcome => return outcome,
            }
        }
        Err(first.unwrap_or_else(ConnectError::abandoned))
    }
}

#[cfg(unix)]
fn at_socket(mut config: Config, host: &Host) -> Config {
    config.host_path(host.socket_folder().unwrap_or_default());
    config
}

/// There are no such places elsewhere.
#[cfg(not(unix))]
fn at_socket(config: Config, _: &Host) -> Config {
    config
}

/// One attempt at one address.
async fn attempt(
    config: &Config,
    target: Target,
    connector: Connector,
) -> Result<(Client, JoinHandle<()>), ConnectError> {
    let connected = config.connect(connector.clone()).await;
    let (client, connection) = connected.map_err(|error| judge(error, config, &connector))?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the session store ended");
        }
    });
    match target.accepts(&client).await {
        Ok(true) => Ok((client, driver)),
        Ok(false) => Err(ConnectError::wrong_target()),
        Err(error) => Err(ConnectError::from_driver(error)),
    }
}

/// What the driver says by its messages alone is found out from what is known besides.
fn judge(error: tokio_postgres::Error, config: &Config, connector: &Connector) -> ConnectError {
    if error.code().is_some() || is_io(&error) {
        return ConnectError::from_driver(error);
    }
    if config.get_ssl_mode() == SslMode::Require && !connector.has_begun() {
        return ConnectError::no_tls();
    }
    match config.get_password() {
        None => ConnectError::without_password(error),
        Some(_) => ConnectError::from_driver(error),
    }
}

fn is_io(error: &(dyn Error + 'static)) -> bool {
    error.is::<io::Error>() || error.source().is_some_and(is_io)
}

/// Whether what failed with TLS may work without, or the other way round.
fn may_do_otherwise(error: &ConnectError) -> bool {
    matches!(
        error.kind(),
        ConnectErrorKind::Authentication
            | ConnectErrorKind::Tls
            | ConnectErrorKind::UntrustedCertificate
            | ConnectErrorKind::MisnamedCertificate
    )
}

fn shuffle(order: &mut [usize]) {
    for last in (1..order.len()).rev() {
        let random = random::bytes().map_or(0, u64::from_le_bytes);
        let chosen = usize::try_from(random % (last as u64 + 1)).unwrap_or(last);
        order.swap(last, chosen);
    }
}
