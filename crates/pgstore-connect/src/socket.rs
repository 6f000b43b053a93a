//! The socket of a connection.
//!
//! It is opened here and not by the driver, which does not tell its port. With the port, the server's answer
//! shows whether a connection leads to it directly.

use std::io;
use std::net::SocketAddr;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio_postgres::Config;

/// Connects, and sets what the configuration says of keepalives and of data that is not acknowledged.
pub(crate) async fn open(address: SocketAddr, config: &Config) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    #[cfg(target_os = "linux")]
    if let Some(time) = config.get_tcp_user_timeout() {
        socket.set_tcp_user_timeout(Some(*time))?;
    }
    if config.get_keepalives() {
        socket.set_tcp_keepalive(&keepalive(config))?;
    }
    Ok(stream)
}

fn keepalive(config: &Config) -> TcpKeepalive {
    let mut keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
    if let Some(interval) = config.get_keepalives_interval() {
        keepalive = keepalive.with_interval(interval);
    }
    #[cfg(not(windows))]
    if let Some(retries) = config.get_keepalives_retries() {
        keepalive = keepalive.with_retries(retries);
    }
    keepalive
}
