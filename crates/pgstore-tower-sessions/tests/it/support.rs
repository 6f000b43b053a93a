//! A schema of its own for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use pgstore_tower_sessions::PostgresStore;
use tokio_postgres::{Client, NoTls};

/// A schema, which the URL makes the only one that connections see.
pub(crate) struct Database {
    url: String,
    schema: String,
}

impl Database {
    pub(crate) async fn fresh() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("tower_{}_{number}", std::process::id());
        let server = pgstore_embedded::shared_url().unwrap();
        let client = client(server).await;
        let create = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
        client.batch_execute(&create).await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{schema}");
        Self { url, schema }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A connection of the test's own.
    pub(crate) async fn client(&self) -> Client {
        client(&self.url).await
    }

    /// A store whose table is made.
    pub(crate) async fn store(&self) -> PostgresStore {
        let store = PostgresStore::connect(&self.url).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// How many rows the store's table has.
    pub(crate) async fn rows(&self) -> i64 {
        let client = self.client().await;
        let count = "SELECT count(*) FROM tower_sessions";
        client.query_one(count, &[]).await.unwrap().get(0)
    }
}

impl Drop for Database {
    /// Only a server that stays needs it.
    fn drop(&mut self) {
        if std::env::var_os("DATABASE_URL").is_none() {
            return;
        }
        let (url, schema) = (self.url.clone(), self.schema.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let drop = format!("DROP SCHEMA {schema} CASCADE");
                client(&url).await.batch_execute(&drop).await
            })
        });
        // A schema that stays behind fails no test.
        let _ = dropping.join();
    }
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
