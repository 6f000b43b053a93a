//! How the store's own connections are made.

use std::sync::Arc;
use std::time::Duration;

use pgstore_connect::{ConnectError, Connector};
use tokio::time::{Instant, timeout};
use tokio_postgres::Client;

use super::clocks;
use super::connection::Connection;
use super::distribution::Distribution;
use super::outage_log::OutageLog;
use super::statement_names::StatementNames;
use super::table_name::TableName;
use crate::clock::Clock;
use crate::telemetry::{ConnectionMeter, ConnectionPhase};

/// Makes the store's own connections.
#[derive(Debug)]
pub(super) struct ConnectionFactory {
    pub(super) connector: Connector,
    /// The servers' clocks are compared with it.
    pub(super) clock: Arc<dyn Clock>,
    pub(super) names: StatementNames,
    pub(super) table: TableName,
    /// What the connections find out about the table.
    pub(super) distribution: Arc<Distribution>,
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

    /// Connects, warns if the server's clock and this one are far apart, and asks whether the table is
    /// distributed.
    async fn connect(&self) -> Result<Connection, ConnectError> {
        let (client, task) = self.connector.connect().await?;
        let within = self.connector.config().connect_timeout();
        let asked = Instant::now();
        clocks::compare(&client, &*self.clock, within).await;
        let round_trip = asked.elapsed();
        // Not at the same time: a pooler may take statements that overlap apart (see `turns.rs`).
        let sending = self.names.sending(&client, &task, within).await;
        self.ask_for_distribution(&client, within).await?;
        let open = self.meter.is(ConnectionPhase::Open);
        Ok(Connection::new(client, task, sending, round_trip, open))
    }

    /// Refuses a session whose settings would store times wrongly in a distributed table.
    async fn ask_for_distribution(
        &self,
        client: &Client,
        within: Duration,
    ) -> Result<(), ConnectError> {
        let asked = timeout(within, self.distribution.ask(client, &self.table));
        // Without an answer, statements show what is the matter.
        match asked.await {
            Ok(Ok(Some(settings))) => Ok(settings.refuse_if_unfit()?),
            Ok(Ok(None) | Err(_)) | Err(_) => Ok(()),
        }
    }
}
