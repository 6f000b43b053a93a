//! A schema of its own for each test. It serves tests alone, so a server that fails is a panic that says
//! where.

use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, process, thread};

use tokio_postgres::{Client, NoTls};

use crate::shared_url;

/// An empty schema on the [shared server](shared_url). It is dropped with this value if the server
/// stays.
#[derive(Debug)]
pub struct Schema {
    url: String,
    name: String,
}

impl Schema {
    /// Makes a new schema.
    ///
    /// # Panics
    /// When there is no server, or it refuses: a test cannot do without.
    pub async fn fresh() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", process::id());
        let server = shared_url().expect("a server starts");
        let create = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        let created = client(server).await.batch_execute(&create).await;
        created.expect("a schema is made");
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{name}");
        Self { url, name }
    }

    /// The URL of a database in which only the tables of this schema are seen.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection to it.
    ///
    /// # Panics
    /// Where no connection can be made.
    pub async fn client(&self) -> Client {
        client(&self.url).await
    }

    /// Runs one or more statements without parameters.
    ///
    /// # Panics
    /// When the server refuses them.
    pub async fn execute(&self, sql: &str) {
        let executed = self.client().await.batch_execute(sql).await;
        executed.expect("the statements are right");
    }

    /// How many rows a table has.
    ///
    /// # Panics
    /// When there is no such table.
    pub async fn count(&self, table: &str) -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        let counted = self.client().await.query_one(&count, &[]).await;
        counted.expect("there is such a table").get(0)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if env::var_os("DATABASE_URL").is_none() {
            return; // The server goes with the process.
        }
        let (url, name) = (self.url.clone(), self.name.clone());
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let drop = format!("DROP SCHEMA {name} CASCADE");
            runtime.map(|runtime| {
                runtime.block_on(async { client(&url).await.batch_execute(&drop).await })
            })
        });
        // A schema that stays behind fails no test.
        let _ = dropping.join();
    }
}

async fn client(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.expect("the test connects");
    tokio::spawn(connection);
    client
}
