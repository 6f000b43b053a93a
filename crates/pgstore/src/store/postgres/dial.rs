//! From a connection string to a connection. The only file that knows how one is made.

use std::fmt;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::{CancelToken, Client, Config, NoTls};

use super::connect_error::ConnectError;

/// Where and as whom to connect.
pub(super) struct Dial {
    config: Config,
    timeout: Duration,
}

impl Dial {
    /// Reads a URL or a keyword string.
    pub(super) fn parse(url: &str, timeout: Duration) -> Result<Self, ConnectError> {
        let mut config: Config = url.parse().map_err(ConnectError::settings)?;
        if config.get_application_name().is_none() {
            config.application_name("pgstore");
        }
        Ok(Self { config, timeout })
    }

    /// Connects, within the time for it, and starts the task that drives the connection.
    pub(super) async fn connect(&self) -> Result<(Client, JoinHandle<()>), ConnectError> {
        let connecting = tokio::time::timeout(self.timeout, self.config.connect(NoTls));
        let (client, connection) = connecting
            .await
            .map_err(|_| ConnectError::timeout(self.server()))?
            .map_err(|error| ConnectError::from_driver(error, self.server()))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the session store ended");
            }
        });
        Ok((client, driver))
    }

    /// Asks the server to stop what a connection is doing, over another one.
    pub(super) async fn cancel(&self, token: CancelToken) {
        let cancelling = tokio::time::timeout(self.timeout, token.cancel_query(NoTls));
        if !matches!(cancelling.await, Ok(Ok(()))) {
            tracing::debug!("a statement on the session store could not be cancelled");
        }
    }

    /// The server's address, for messages.
    pub(super) fn server(&self) -> String {
        let ports = self.config.get_ports();
        let port_of = |index: usize| ports.get(index).or(ports.first()).copied();
        let hosts = self.config.get_hosts().iter().enumerate();
        let addresses: Vec<_> = hosts
            .map(|(index, host)| address(host, port_of(index).unwrap_or(5432)))
            .collect();
        addresses.join(", ")
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("server", &self.server())
            .finish_non_exhaustive()
    }
}

fn address(host: &Host, port: u16) -> String {
    match host {
        Host::Tcp(name) => format!("{name}:{port}"),
        #[cfg(unix)]
        Host::Unix(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
    }
}
