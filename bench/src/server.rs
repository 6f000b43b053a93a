//! The PostgreSQL server of a run.

use std::fs;
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
        let buffers = shared_buffers();
        let postgres = EmbeddedPostgres::builder()
            .durable()
            .initdb_arg("--wal-segsize=16")
            .settings(&[
                ("shared_buffers", &buffers),
                ("max_connections", "600"),
                ("max_wal_size", "8GB"),
                ("checkpoint_timeout", "30min"),
                ("commit_delay", &delay),
                ("commit_siblings", "0"),
                ("log_connections", "on"),
                // So that `strangers` recognises long statements.
                ("track_activity_query_size", "8kB"),
            ])
            .start()?;
        let admin = connect(postgres.url()).await?;
        Ok(Server { postgres, admin })
    }

    pub(crate) fn url(&self) -> &str {
        self.postgres.url()
    }

    /// The same, for a client that the server knows under this name.
    pub(crate) fn url_as(&self, name: &str) -> String {
        format!("{}&application_name={name}", self.url())
    }

    /// How many connections the client of this name has.
    pub(crate) async fn connections_of(&self, name: &str) -> Outcome<usize> {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        let count: i64 = self.admin.query_one(count, &[&name]).await?.try_get(0)?;
        Ok(usize::try_from(count)?)
    }

    /// How many connections have reached the server so far, requests to cancel included.
    pub(crate) fn connections_received(&self) -> Outcome<usize> {
        let log = fs::read_to_string(self.postgres.folder().join("log"))?;
        Ok(log.matches("connection received").count())
    }

    pub(crate) fn cpu(&self) -> Duration {
        cpu::of_server(self.postgres.pid())
    }
}

/// A quarter of the machine's memory, as PostgreSQL's manual advises; 1 GB where that cannot be found.
fn shared_buffers() -> String {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = memory.lines().find_map(|line| {
        let total = line.strip_prefix("MemTotal:")?.strip_suffix("kB")?;
        total.trim().parse::<u64>().ok()
    });
    format!("{}kB", kilobytes.map_or(1 << 20, |all| all / 4))
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
