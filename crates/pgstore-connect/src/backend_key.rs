//! The number of the server process, which the server tells at the beginning of a connection.
//!
//! The driver keeps it in the token that cancels a statement, and shows it to nobody. So the token
//! is asked to cancel over a stream that keeps what it is given.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::CancelToken;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// A message that cancels: its length, its code, the number of the process, and the secret.
const MESSAGE: usize = 16;

/// The number of the process whose statements the token cancels.
pub(crate) async fn process_of(token: &CancelToken) -> Option<i32> {
    let mut written = Vec::new();
    let kept = token.cancel_query_raw(Keeper(&mut written), AsItIs).await;
    let message = written.last_chunk::<MESSAGE>();
    let number = message.and_then(|message| message.get(8..12)?.try_into().ok());
    kept.ok().and(number).map(i32::from_be_bytes)
}

/// A stream to a server that takes TLS, as far as it says.
struct Keeper<'a>(&'a mut Vec<u8>);

impl AsyncRead for Keeper<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The answer of a server that takes TLS.
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Keeper<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// TLS that encrypts nothing.
struct AsItIs;

impl<'a> TlsConnect<Keeper<'a>> for AsItIs {
    type Stream = Keeper<'a>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Keeper<'a>>>;

    fn connect(self, stream: Keeper<'a>) -> Self::Future {
        std::future::ready(Ok(stream))
    }
}

impl TlsStream for Keeper<'_> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}
