//! One connection, without a [`Connector`] to keep.

use tokio_postgres::Client;

use crate::{Config, ConnectError, ConnectionTask, Connector};

/// Connects with a connection string, completed from the process's environment.
///
/// ```no_run
/// # async fn example() -> Result<(), pgstore_connect::ConnectError> {
/// let (client, _task) = pgstore_connect::connect("host=/run/postgresql dbname=web").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When the text or a variable cannot be read, a file cannot be used, or no host can be connected
/// to.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn connect(text: &str) -> Result<(Client, ConnectionTask), ConnectError> {
    Config::parse(text)?.connect().await
}

impl Config {
    /// Connects once; see [`Connector::connect`]. To connect repeatedly, keep a [`Connector`].
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pgstore_connect::ConnectError> {
    /// use pgstore_connect::Config;
    ///
    /// let (client, _task) = Config::parse("postgres://app@localhost/web")?.connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When no host can be connected to, or a file cannot be used.
    pub async fn connect(&self) -> Result<(Client, ConnectionTask), ConnectError> {
        Connector::new(self.clone()).connect().await
    }
}
