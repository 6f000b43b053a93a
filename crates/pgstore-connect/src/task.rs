//! What comes with a client: the task that drives its connection, and how to cancel a statement.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;
use tokio_postgres::{CancelToken, Client};

use crate::backend_key::process_of;
use crate::cancel::CancelFailure;
use crate::error::{Attempted, classify};
use crate::peer::Peer;
use crate::tls::LoadedTls;
use crate::{Config, ConnectError, Host};

/// The spawned task that drives a connection.
///
/// It ends when its [`Client`] is dropped and all statements are done, or when the connection is
/// lost. Dropping this value changes nothing: the task continues.
///
/// ```no_run
/// # async fn example() -> Result<(), pgstore_connect::ConnectError> {
/// let (client, task) = pgstore_connect::connect("postgres://app@localhost/web").await?;
/// println!("connected to {}", task.host());
/// drop(client);
/// task.ended().await; // The server was told that the connection is over.
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ConnectionTask {
    handle: JoinHandle<()>,
    cancel: CancelHandle,
    local_port: Option<u16>,
}

impl ConnectionTask {
    pub(crate) fn spawn<C>(connection: C, cancel: CancelHandle, local_port: Option<u16>) -> Self
    where
        C: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
    {
        let handle = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a PostgreSQL connection was lost");
            }
        });
        Self {
            handle,
            cancel,
            local_port,
        }
    }

    /// The host that the connection leads to.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.cancel.host
    }

    /// The number of the server process, as the server told it at the beginning. Poolers that share
    /// server connections invent one: it then differs from what `SELECT pg_backend_pid()` answers.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let (client, task) = pgstore_connect::connect("postgres://app@localhost/web").await?;
    /// let own: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    /// println!("a pooler is in between: {}", task.server_process().await != Some(own));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn server_process(&self) -> Option<i32> {
        process_of(&self.cancel.token).await
    }

    /// The port of this end of the connection; none for a socket in the file system. If nothing is in
    /// between, `SELECT inet_client_port()` answers the same. Poolers and proxies have ports of their own,
    /// also those that pass on the [number of the server process](Self::server_process).
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let (client, task) = pgstore_connect::connect("postgres://app@localhost/web").await?;
    /// let row = client.query_one("SELECT inet_client_port()", &[]).await?;
    /// let seen: Option<i32> = row.get(0);
    /// println!("something is in between: {}", task.local_port().map(i32::from) != seen);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn local_port(&self) -> Option<u16> {
        self.local_port
    }

    /// Waits until the connection is over.
    pub async fn ended(self) {
        // An error means that the task was aborted or its runtime shut down: it has ended, too.
        let _ = self.handle.await;
    }

    /// Whether the connection is over.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.handle.is_finished()
    }

    /// For ending the connection at once, whatever it does.
    ///
    /// ```no_run
    /// # async fn example(task: pgstore_connect::ConnectionTask) {
    /// task.abort_handle().abort();
    /// task.ended().await;
    /// # }
    /// ```
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.handle.abort_handle()
    }

    /// For cancelling the statement that the connection executes.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }
}

/// Cancels the statement that a connection executes. Clones are for the same connection.
///
/// ```no_run
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, task) = pgstore_connect::connect("postgres://app@localhost/web").await?;
/// let cancel = task.cancel_handle();
/// let slow = client.batch_execute("SELECT pg_sleep(3600)");
/// if tokio::time::timeout(Duration::from_secs(1), slow).await.is_err() {
///     cancel.cancel().await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CancelHandle {
    token: CancelToken,
    peer: Peer,
    host: Host,
    config: Arc<Config>,
}

impl CancelHandle {
    pub(crate) fn new(client: &Client, peer: Peer, host: &Host, config: &Arc<Config>) -> Self {
        Self {
            token: client.cancel_token(),
            peer,
            host: host.clone(),
            config: Arc::clone(config),
        }
    }

    /// Asks the server to cancel, over a second connection with the same TLS.
    ///
    /// Success means that the server, or a pooler before it, has taken the request. It does not say
    /// whether a statement was cancelled; if one was, it fails with SQLSTATE 57014. A statement that
    /// the connection begins meanwhile can be hit.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not take the request, within
    /// [`connect_timeout`](Config::connect_timeout).
    pub async fn cancel(&self) -> Result<(), ConnectError> {
        let handle = self.clone();
        // In a task of its own: a caller that goes away must not close the connection too soon.
        let sending = tokio::spawn(async move { handle.send().await });
        sending.await.unwrap_or(Err(ConnectError::RuntimeShutDown))
    }

    async fn send(&self) -> Result<(), ConnectError> {
        let tls = match self.host.socket_folder() {
            Some(_) => LoadedTls::none(),
            None => LoadedTls::load(&self.config.tls)?,
        };
        let attempt = tls.attempt();
        let cancelling = self.peer.cancel(&self.token, attempt.clone());
        let outcome = timeout(self.config.timeout, cancelling).await;
        let sent = outcome.map_err(|_| ConnectError::Timeout {
            host: self.host.clone(),
            after: self.config.timeout,
        })?;
        sent.map_err(|failure| match failure {
            CancelFailure::NotConnected(source) => ConnectError::Unreachable {
                host: self.host.clone(),
                source: Arc::new(source),
            },
            CancelFailure::Driver(error) => {
                let mode = self.config.ssl_mode();
                let attempted = Attempted::of_cancelling(&self.host, mode, attempt.has_begun());
                classify(error, &attempted)
            }
        })
    }
}

impl fmt::Debug for CancelHandle {
    /// Without the token, which is all that cancelling takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHandle")
            .field("host", &self.host.to_string())
            .finish_non_exhaustive()
    }
}
