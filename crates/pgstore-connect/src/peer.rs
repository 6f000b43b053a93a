//! The other end of a connection.

use std::net::{IpAddr, SocketAddr};

use tokio_postgres::Config;

/// Where a server is and what its certificate is for.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) endpoint: Endpoint,
    pub(crate) name: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    Address(SocketAddr),
    #[cfg(unix)]
    Socket(std::path::PathBuf),
    Unknown,
}

impl Peer {
    /// The only one in a driver's configuration.
    pub(crate) fn of(config: &Config, port: u16) -> Self {
        use tokio_postgres::config::Host;
        let address: Option<&IpAddr> = config.get_hostaddrs().first();
        let (endpoint, name) = match (config.get_hosts().first(), address) {
            (Some(Host::Tcp(name)), Some(address)) => {
                (Endpoint::Address((*address, port).into()), name.clone())
            }
            #[cfg(unix)]
            (Some(Host::Unix(folder)), _) => {
                let socket = folder.join(format!(".s.PGSQL.{port}"));
                (Endpoint::Socket(socket), String::new())
            }
            _ => (Endpoint::Unknown, String::new()),
        };
        Self { endpoint, name }
    }
}
