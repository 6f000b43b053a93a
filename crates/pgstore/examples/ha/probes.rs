//! Writes to each node directly, past the store, so that it is known when a primary answered.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{interval, timeout};
use tokio_postgres::NoTls;

use crate::gaps::Gaps;

const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_millis(500);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS ha_probe (n bigint)";
const WRITE: &str = "INSERT INTO ha_probe VALUES (1)";

/// Makes the table on the node that is the primary.
pub(crate) async fn prepare(nodes: &[String]) -> Result<(), &'static str> {
    for node in nodes {
        if execute(node, TABLE).await.is_ok() {
            return Ok(());
        }
    }
    Err("none of the nodes is a primary")
}

/// Writes to a node over a new connection each time, until the program ends.
pub(crate) fn spawn(node: String, writes: Arc<Gaps>) {
    tokio::spawn(async move {
        let mut turns = interval(PAUSE);
        loop {
            turns.tick().await;
            if let Ok(Ok(())) = timeout(PATIENCE, execute(&node, WRITE)).await {
                writes.success();
            }
        }
    });
}

async fn execute(node: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(node, NoTls).await?;
    let connection = tokio::spawn(connection);
    let outcome = client.batch_execute(sql).await;
    connection.abort();
    outcome
}
