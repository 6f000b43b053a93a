//! The PostgreSQL server of a run.

use std::time::Duration;

use pgstore_embedded::EmbeddedPostgres;
use tokio_postgres::{Client, NoTls};

use crate::{Outcome, cpu};

/// A durable server of our own, and a connection for its administration.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) postgres: EmbeddedPostgres,
    pub(crate) admin: Client,
}

impl Server {
    /// Starts a server that flushes each commit. A longer `flush` simulates a slower disk: the
    /// server then waits that long before each flush, once for all commits that share the flush.
    pub(crate) async fn start(flush: Duration) -> Outcome<Server> {
        let delay = flush.as_micros().to_string();
        let postgres = EmbeddedPostgres::builder()
            .durable()
            .initdb_arg("--wal-segsize=16")
            .settings(&[
                ("shared_buffers", "1GB"),
                ("max_connections", "600"),
                ("max_wal_size", "8GB"),
                ("checkpoint_timeout", "30min"),
                ("commit_delay", &delay),
                ("commit_siblings", "0"),
            ])
            .start()?;
        let admin = connect(postgres.url()).await?;
        Ok(Server { postgres, admin })
    }

    pub(crate) fn url(&self) -> &str {
        self.postgres.url()
    }

    pub(crate) fn cpu(&self) -> Duration {
        cpu::of_server(self.postgres.pid())
    }
}

/// Runs each command in a transaction of its own, as VACUUM demands.
pub(crate) async fn run_each(client: &Client, commands: &[&str]) -> Outcome<()> {
    for command in commands {
        client.batch_execute(command).await?;
    }
    Ok(())
}

/// A connection that runs by itself.
pub(crate) async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
