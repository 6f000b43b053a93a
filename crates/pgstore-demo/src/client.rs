//! The demo's own connection, for what the library does not do: showing a row as it is stored, and losing
//! changes as others do. It connects again after an outage.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use pgstore_connect::{Config, ConfigError, ConnectError};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client as Connection, Row};

/// How long a statement may take, connecting included.
const DEADLINE: Duration = Duration::from_secs(3);

/// A connection that all requests share. Their statements are pipelined.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    config: Config,
    connection: Mutex<Option<Arc<Connection>>>,
}

/// Why a statement gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("the demo cannot connect to the database")]
    Connect(#[from] ConnectError),
    #[error("a statement of the demo failed")]
    Statement(#[from] tokio_postgres::Error),
    #[error("the database did not answer the demo in time")]
    Late,
}

impl Client {
    pub(crate) fn new(url: &str) -> Result<Self, ConfigError> {
        let (config, connection) = (Config::parse(url)?, Mutex::default());
        Ok(Self(Arc::new(Shared { config, connection })))
    }

    /// Runs one statement.
    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ClientError> {
        let rows = async { Ok(self.connection().await?.query(sql, parameters).await?) };
        timeout(DEADLINE, rows)
            .await
            .unwrap_or(Err(ClientError::Late))
    }

    async fn connection(&self) -> Result<Arc<Connection>, ClientError> {
        let mut kept = self.0.connection.lock().await;
        if let Some(connection) = kept.as_ref().filter(|connection| !connection.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        // Boxed, because futures around a deep one take compilers long to lay out.
        let connecting: Pin<Box<dyn Future<Output = _> + Send + '_>> =
            Box::pin(self.0.config.connect());
        let (connection, _task) = connecting.await?;
        Ok(Arc::clone(kept.insert(Arc::new(connection))))
    }
}
