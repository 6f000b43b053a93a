//! How the store's own connections are made.

use std::sync::Arc;

use pgstore_connect::{ConnectError, Connector};
use tokio::time::Instant;

use super::clocks;
use super::connection::Connection;
use super::outage_log::OutageLog;
use super::send_forms::SendForms;
use super::statement_names::StatementNames;
use crate::clock::Clock;
use crate::telemetry::{ConnectionMeter, ConnectionPhase};

/// Makes the store's own connections.
#[derive(Debug)]
pub(super) struct ConnectionFactory {
    pub(super) connector: Connector,
    /// The servers' clocks are compared with it.
    pub(super) clock: Arc<dyn Clock>,
    pub(super) names: StatementNames,
    pub(super) log: OutageLog,
    pub(super) meter: ConnectionMeter,
}

impl ConnectionFactory {
    /// Connects, and logs when an outage begins or ends.
    pub(super) async fn open(&self) -> Result<Connection, ConnectError> {
        let _connecting = self.meter.is(ConnectionPhase::Connecting);
        let opened = self.connect().await;
        match &opened {
            Ok(_) => self.log.connected(),
            Err(error) => {
                self.log.failed(error);
                self.meter.failed();
            }
        }
        opened
    }

    /// Connects, and warns if the server's clock and this one are far apart.
    async fn connect(&self) -> Result<Connection, ConnectError> {
        let (client, task) = self.connector.connect().await?;
        let within = self.connector.config().connect_timeout();
        let asked = Instant::now();
        let (_, are_named) = tokio::join!(
            clocks::compare(&client, &*self.clock, within),
            self.names.are_used(&client, &task, within),
        );
        let forms = SendForms::new(are_named);
        let open = self.meter.is(ConnectionPhase::Open);
        Ok(Connection::new(client, task, forms, asked.elapsed(), open))
    }
}
