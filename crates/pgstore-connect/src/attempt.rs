//! One host: its addresses, its modes, and what its failures mean.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres::tls::MakeTlsConnect;

use crate::error::{Attempted, broken, classify, in_another_mode, stops_the_search};
use crate::host::{Host, Place};
use crate::peer::{Endpoint, Peer};
use crate::race::race;
use crate::socket;
use crate::task::{CancelHandle, ConnectionTask};
use crate::tls::{LoadedTls, SslMode, TlsAttempt};
use crate::{Config, ConnectError, TargetSessionAttrs};

pub(crate) type Connected = (Client, ConnectionTask);

/// One host, to be tried at its addresses and in its modes.
#[derive(Clone)]
pub(crate) struct HostAttempt {
    pub(crate) config: Arc<Config>,
    pub(crate) host: Host,
    pub(crate) target: TargetSessionAttrs,
    pub(crate) tls: LoadedTls,
}

impl HostAttempt {
    /// Tries the host's addresses. If all fail, the error is the one that ended the search, or the
    /// last one's.
    pub(crate) async fn connect(&self) -> Result<Connected, ConnectError> {
        let attempts = self.addresses().await?.into_iter().map(|address| {
            let attempt = self.clone();
            move || {
                let (attempt, address) = (attempt.clone(), address.clone());
                async move { attempt.connect_to(address).await }
            }
        });
        race(attempts).await.map_err(|mut failures| {
            let decisive = failures.iter().position(stops_the_search);
            let told = match decisive {
                Some(place) => Some(failures.swap_remove(place)),
                None => failures.pop(),
            };
            told.unwrap_or_else(|| self.unknown_host(io::ErrorKind::NotFound.into()))
        })
    }

    /// The driver's configuration for each of the host's addresses.
    async fn addresses(&self) -> Result<Vec<tokio_postgres::Config>, ConnectError> {
        let common = self.config.driver_config(&self.host);
        let (name, addresses) = match &self.host.place {
            Place::Folder(_) | Place::UsualFolder => {
                return Ok(vec![at_socket(common, &self.host)]);
            }
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
            Ok(connected) => {
                self.warn_of_plain_text(second, &error);
                Ok(connected)
            }
            Err(ConnectError::NoTls { .. }) => Err(error),
            Err(other) => Err(ConnectError::in_both_modes(&self.host, mode, error, other)),
        }
    }

    fn warn_of_plain_text(&self, mode: DriverSslMode, cause: &ConnectError) {
        if mode == DriverSslMode::Disable {
            tracing::warn!(
                host = %self.host,
                ?cause,
                "connected without TLS, which failed and `sslmode=prefer` does not insist on"
            );
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
        let peer = Peer::of(address, self.host.port());
        match &peer.endpoint {
            Endpoint::Address(at) => {
                let stream = socket::open(*at, address)
                    .await
                    .map_err(|error| self.broken(error))?;
                let port = stream.local_addr().ok().map(|local| local.port());
                self.begin(stream, port, address, peer).await
            }
            #[cfg(unix)]
            Endpoint::Socket(path) => {
                let stream = UnixStream::connect(path)
                    .await
                    .map_err(|error| self.broken(error))?;
                self.begin(stream, None, address, peer).await
            }
            Endpoint::Unknown => Err(self.broken(io::ErrorKind::NotFound.into())),
        }
    }

    /// Begins a session over a stream, whose port at this end is `local_port`.
    async fn begin<S>(
        &self,
        stream: S,
        local_port: Option<u16>,
        address: &tokio_postgres::Config,
        peer: Peer,
    ) -> Result<Connected, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let tls = self.tls.attempt();
        let named = MakeTlsConnect::<S>::make_tls_connect(&mut tls.clone(), &peer.name);
        let named = named.map_err(|error| self.broken(io::Error::other(error)))?;
        let connected = address.connect_raw(stream, named).await;
        let failed = |error| self.classify(error, address, &tls);
        let (client, connection) = connected.map_err(failed)?;
        if address.get_ssl_mode() == DriverSslMode::Prefer && !tls.has_begun() {
            self.note_that_no_tls_is_offered();
        }
        let cancel = CancelHandle::new(&client, peer, &self.host, &self.config);
        let task = ConnectionTask::spawn(connection, cancel, local_port);
        match self.target.accepts(&client).await.map_err(failed)? {
            true => Ok((client, task)),
            false => Err(ConnectError::WrongTarget {
                host: self.host.clone(),
                wanted: self.target,
            }),
        }
    }

    fn broken(&self, error: io::Error) -> ConnectError {
        broken(self.host.clone(), Arc::new(error))
    }

    fn note_that_no_tls_is_offered(&self) {
        if !self.host.is_local() {
            tracing::warn!(
                host = %self.host,
                "connected without TLS, which this server does not offer and `sslmode=prefer` does \
                 not insist on"
            );
        }
    }

    fn classify(
        &self,
        error: tokio_postgres::Error,
        config: &tokio_postgres::Config,
        tls: &TlsAttempt,
    ) -> ConnectError {
        let values = self.config.values();
        let attempted = Attempted {
            host: &self.host,
            mode: self.config.tls.mode,
            demands_tls: config.get_ssl_mode() == DriverSslMode::Require,
            began_tls: tls.has_begun(),
            has_password: config.get_password().is_some(),
            channel_binding: config.get_channel_binding(),
            values: &values,
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
