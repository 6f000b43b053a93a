//! Stand-ins for servers and proxies that do not do what they should.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::servers::with_tls;

/// What is done with a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It is closed at once.
    Close,
    /// It is closed after its first message.
    ReadAndClose,
    /// It is reset at once.
    Reset,
    /// It is kept, and nothing is said.
    Silence,
    /// TLS is agreed to, and what comes next is no handshake. Without TLS, it leads to the server.
    BrokenTls,
    /// The same, but without TLS it is closed.
    #[cfg_attr(
        not(feature = "tls-no-provider"),
        expect(dead_code, reason = "only the trials with TLS use it")
    )]
    BrokenTlsOnly,
}

/// Listens on a port of its own until it is dropped.
pub(crate) struct Double {
    port: u16,
    _connections: JoinSet<()>,
}

impl Double {
    pub(crate) async fn of(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(serve(client, behaviour));
            }
        });
        Self {
            port,
            _connections: connections,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Keywords that lead here.
    pub(crate) fn text(&self, rest: &str) -> String {
        let port = self.port;
        format!("host=127.0.0.1 port={port} user=postgres dbname=postgres {rest}")
    }
}

async fn serve(mut client: TcpStream, behaviour: Behaviour) {
    match behaviour {
        Behaviour::Close => {}
        Behaviour::ReadAndClose => drop(client.read(&mut [0; 1024]).await),
        Behaviour::Reset => client.set_zero_linger().unwrap(),
        Behaviour::Silence => std::future::pending().await,
        Behaviour::BrokenTls | Behaviour::BrokenTlsOnly => {
            let mut first = [0; 8];
            client.read_exact(&mut first).await.unwrap();
            if first[4..] == [4, 210, 22, 47] {
                client.write_all(b"Sthis is no handshake").await.unwrap();
                let _ = client.read(&mut [0; 1024]).await;
            } else if behaviour == Behaviour::BrokenTls {
                let server = (Ipv4Addr::LOCALHOST, with_tls().port());
                let mut server = TcpStream::connect(server).await.unwrap();
                server.write_all(&first).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        }
    }
}
