//! How the store's own connections are made.

use std::sync::Arc;

use pgstore_connect::{ConnectError, Connector};

use super::clocks;
use super::connection::Connection;
use super::send_forms::SendForms;
use super::statement_names::StatementNames;
use crate::clock::Clock;

/// Makes the store's own connections.
#[derive(Debug)]
pub(super) struct ConnectionFactory {
    pub(super) connector: Connector,
    /// The servers' clocks are compared with it.
    pub(super) clock: Arc<dyn Clock>,
    pub(super) names: StatementNames,
}

impl ConnectionFactory {
    /// Connects, and warns if the server's clock and this one are far apart.
    pub(super) async fn open(&self) -> Result<Connection, ConnectError> {
        let (client, task) = self.connector.connect().await?;
        let within = self.connector.config().connect_timeout();
        let (_, are_named) = tokio::join!(
            clocks::compare(&client, &*self.clock, within),
            self.names.are_used(&client, &task, within),
        );
        Ok(Connection::new(client, task, SendForms::new(are_named)))
    }
}
