//! A proxy before PostgreSQL that knows where its messages end: it counts them, and ends a
//! connection at one of them.
//!
//! What it has passed on to the server before a cut, the server does: it sees an orderly end of
//! the connection afterwards, and [`Proxy::settled`] tells when it is done. So a cut after a
//! message to the server is one whose answer is lost.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Listens on a port of its own until it is dropped; its connections end with it.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    _connections: JoinSet<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    ToServer,
    FromServer,
}

/// A message that went by: the first byte that PostgreSQL gives its kind, `0` for the startup
/// message, which has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) direction: Direction,
    pub(crate) tag: u8,
}

/// Where a connection ends: at the message of this number, from 1, in this direction, counted over
/// all connections since [`Proxy::arm`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) direction: Direction,
    pub(crate) number: usize,
    pub(crate) moment: Moment,
    pub(crate) how: How,
}

/// Whether the message still arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// What the client sees of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The connection is closed in order.
    Close,
    /// It is reset.
    Reset,
    /// Nothing, ever: it stays open.
    Silence,
}

struct Shared {
    server: Config,
    state: Mutex<State>,
    /// Whether the cut was made and the server is done with the connection.
    settled: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    seen: Vec<Message>,
    cut: Option<Cut>,
}

impl Proxy {
    /// Before the server of this URL.
    pub(crate) async fn before(url: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server: url.parse().expect("the test has a URL"),
            state: Mutex::default(),
            settled: watch::channel(false).0,
        });
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, Arc::clone(&shared)));
        Self {
            port,
            shared,
            _connections: connections,
        }
    }

    /// The server's URL by way of the proxy: of an option given twice, the last holds.
    pub(crate) fn url(&self, url: &str) -> String {
        let separator = if url.contains('?') { '&' } else { '?' };
        let (here, port) = (Ipv4Addr::LOCALHOST, self.port);
        format!("{url}{separator}host={here}&hostaddr={here}&port={port}&sslmode=disable")
    }

    /// Counts from here on, and makes the cut when its message comes.
    pub(crate) fn arm(&self, cut: Option<Cut>) {
        self.shared.settled.send_replace(false);
        *self.shared.state() = State {
            seen: Vec::new(),
            cut,
        };
    }

    /// The messages since it was armed.
    pub(crate) fn seen(&self) -> Vec<Message> {
        self.shared.state().seen.clone()
    }

    /// Waits until the cut was made and the server has ended the process behind it, so that all
    /// it was asked is done or will never be. Fails when this does not come.
    pub(crate) async fn settled(&self) -> Result<(), &'static str> {
        let mut settled = self.shared.settled.subscribe();
        let settled = settled.wait_for(|settled| *settled);
        match tokio::time::timeout(Duration::from_secs(10), settled).await {
            Ok(_) => Ok(()),
            Err(_) if self.shared.state().cut.is_some() => Err("the message never came"),
            Err(_) => Err("the server did not end its side"),
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // Either side may go away at any time; the other one is told.
            let _ = relay(client, &shared).await;
        });
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Counts a message, and says whether to cut at it.
    fn count(&self, direction: Direction, tag: u8) -> Option<Cut> {
        let mut state = self.state();
        state.seen.push(Message { direction, tag });
        let same = |seen: &&Message| seen.direction == direction;
        let number = state.seen.iter().filter(same).count();
        let is_here = |cut: &mut Cut| cut.direction == direction && cut.number == number;
        state.cut.take_if(is_here)
    }

    /// The server's own socket.
    async fn dial(&self) -> io::Result<Box<dyn Stream>> {
        let port = self.server.get_ports().first().copied().unwrap_or(5432);
        match (self.server.get_hosts(), self.server.get_hostaddrs()) {
            (_, [address, ..]) => connect((*address, port).into()).await,
            ([Host::Tcp(name), ..], _) => {
                let mut addresses = tokio::net::lookup_host((name.as_str(), port)).await?;
                connect(addresses.next().ok_or(io::ErrorKind::NotFound)?).await
            }
            ([Host::Unix(folder), ..], _) => {
                let socket = folder.join(format!(".s.PGSQL.{port}"));
                Ok(Box::new(UnixStream::connect(socket).await?))
            }
            ([], []) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn connect(address: SocketAddr) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

/// Passes messages on until either side ends or the cut comes.
async fn relay(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut server = shared.dial().await?;
    let (mut to_server, mut from_server) = (Inbox::of_a_client(), Inbox::default());
    loop {
        let read = tokio::select! {
            read = client.read_buf(&mut to_server.bytes) => read,
            read = server.read_buf(&mut from_server.bytes) => read,
        };
        if matches!(read, Ok(0) | Err(_)) {
            return part(client, server, How::Close).await;
        }
        while let Some(bytes) = to_server.next() {
            match Front::of(&bytes) {
                Front::AsksForTls => client.write_all(b"N").await?,
                Front::Cancels => server.write_all(&bytes).await?,
                Front::Message(tag) => {
                    let cut = shared.count(Direction::ToServer, tag);
                    if let Some(how) = pass(&bytes, cut, &mut server).await? {
                        return cut_off(client, server, how, shared).await;
                    }
                }
            }
        }
        while let Some(bytes) = from_server.next() {
            let cut = shared.count(Direction::FromServer, bytes[0]);
            if let Some(how) = pass(&bytes, cut, &mut client).await? {
                return cut_off(client, server, how, shared).await;
            }
        }
    }
}

/// Passes a message on, unless it is to be cut off; says how to end after it.
async fn pass(bytes: &[u8], cut: Option<Cut>, to: &mut impl Stream) -> io::Result<Option<How>> {
    if !matches!(cut, Some(cut) if cut.moment == Moment::Before) {
        to.write_all(bytes).await?;
    }
    Ok(cut.map(|cut| cut.how))
}

async fn cut_off(
    client: TcpStream,
    server: Box<dyn Stream>,
    how: How,
    shared: &Shared,
) -> io::Result<()> {
    let server_ended = async {
        let ended = end(server).await;
        shared.settled.send_replace(true);
        ended
    };
    let client_ended = part_from(client, how);
    let (server_ended, client_ended) = tokio::join!(server_ended, client_ended);
    server_ended.and(client_ended)
}

async fn part(client: TcpStream, server: Box<dyn Stream>, how: How) -> io::Result<()> {
    let (client, server) = tokio::join!(part_from(client, how), end(server));
    client.and(server)
}

async fn part_from(mut client: TcpStream, how: How) -> io::Result<()> {
    match how {
        How::Close => end(client).await,
        How::Reset => client.set_zero_linger(), // and it is dropped
        How::Silence => drain(&mut client).await,
    }
}

/// Ends a connection in order: what was written arrives, and nothing that comes is in the way.
async fn end(mut stream: impl Stream) -> io::Result<()> {
    stream.shutdown().await?;
    drain(&mut stream).await
}

async fn drain(stream: &mut impl Stream) -> io::Result<()> {
    tokio::io::copy(stream, &mut tokio::io::sink()).await?;
    Ok(())
}

/// What has come from one side and was not passed on yet.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    /// The first message of a client has no tag before its length.
    is_untagged: bool,
}

impl Inbox {
    fn of_a_client() -> Self {
        Self {
            is_untagged: true,
            ..Self::default()
        }
    }

    /// The next message, once it is there as a whole.
    fn next(&mut self) -> Option<Vec<u8>> {
        let tag = if self.is_untagged { 0 } else { 1 };
        let length = self.bytes.get(tag..tag + 4)?.try_into().unwrap();
        let end = tag + u32::from_be_bytes(length) as usize;
        if self.bytes.len() < end {
            return None;
        }
        let message: Vec<u8> = self.bytes.drain(..end).collect();
        if self.is_untagged {
            // After a refused request for TLS comes another first message.
            self.is_untagged = matches!(Front::of_first(&message), Front::AsksForTls);
        }
        Some(message)
    }
}

/// What a client's message is to the proxy.
enum Front {
    AsksForTls,
    /// Comes alone on a connection of its own, and is no part of any operation.
    Cancels,
    Message(u8),
}

impl Front {
    /// Lengths and codes of first messages begin with a zero byte, tags are letters.
    fn of(message: &[u8]) -> Self {
        match message[0] {
            0 => Self::of_first(message),
            tag => Self::Message(tag),
        }
    }

    fn of_first(message: &[u8]) -> Self {
        match message[4..8] {
            [4, 210, 22, 46] => Self::Cancels,         // 1234, 5678
            [4, 210, 22, 47 | 48] => Self::AsksForTls, // 1234, 5679 (TLS) or 5680 (GSS)
            _ => Self::Message(0),
        }
    }
}
