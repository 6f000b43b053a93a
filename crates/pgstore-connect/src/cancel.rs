//! Asks a server to cancel a statement, and waits until it has taken the request.
//!
//! The server closes the connection when it has. The driver does not wait for that, but libpq does, and so
//! must we: `PgBouncer` 1.18 ends, for all its clients, when one closes before its request was passed on.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(not(unix))]
use tokio::net::TcpStream as LocalStream;
#[cfg(unix)]
use tokio::net::UnixStream as LocalStream;
use tokio_postgres::CancelToken;
use tokio_postgres::tls::MakeTlsConnect;

use crate::peer::{Endpoint, Peer};

/// Why a request was not sent.
pub(crate) enum CancelFailure {
    NotConnected(io::Error),
    Driver(tokio_postgres::Error),
}

impl Peer {
    /// Sends the request over a connection of its own.
    pub(crate) async fn cancel<T, E>(
        &self,
        token: &CancelToken,
        tls: T,
    ) -> Result<(), CancelFailure>
    where
        T: MakeTlsConnect<UntilClosed<TcpStream>, Error = E>
            + MakeTlsConnect<UntilClosed<LocalStream>, Error = E>,
        E: std::error::Error + Send + Sync + 'static,
    {
        match &self.endpoint {
            Endpoint::Address(address) => self.send(token, TcpStream::connect(address), tls).await,
            #[cfg(unix)]
            Endpoint::Socket(path) => self.send(token, LocalStream::connect(path), tls).await,
            Endpoint::Unknown => Err(CancelFailure::NotConnected(io::ErrorKind::NotFound.into())),
        }
    }

    async fn send<S, T, E>(
        &self,
        token: &CancelToken,
        connecting: impl Future<Output = io::Result<S>>,
        mut tls: T,
    ) -> Result<(), CancelFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        T: MakeTlsConnect<UntilClosed<S>, Error = E>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let stream = connecting.await.map_err(CancelFailure::NotConnected)?;
        let tls = tls.make_tls_connect(&self.name);
        let tls = tls.map_err(|error| CancelFailure::NotConnected(io::Error::other(error)))?;
        let sent = token.cancel_query_raw(UntilClosed(stream), tls).await;
        sent.map_err(CancelFailure::Driver)
    }
}

/// A stream whose shutdown waits until the other side has closed it.
#[derive(Debug)]
pub(crate) struct UntilClosed<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for UntilClosed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for UntilClosed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut scratch = [0; 64];
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer));
            // A connection that was reset is closed, too.
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
