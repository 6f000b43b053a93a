//! A schema on a real PostgreSQL.

use std::env;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use pgstore_embedded::EmbeddedPostgres;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use super::{Ran, command, ran};

/// A schema of the test's own; it goes with this value.
pub(crate) struct Schema {
    pub(crate) name: String,
    url: String,
}

impl Schema {
    pub(crate) fn new(test: &str) -> Self {
        Self::on(server_url(), test)
    }

    /// On another server or database than the other tests.
    pub(crate) fn on(url: &str, test: &str) -> Self {
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos();
        let schema = Self {
            name: format!("cli_{test}_{nanos:x}"),
            url: url.to_owned(),
        };
        schema.execute(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    pub(crate) fn table(&self) -> String {
        format!("{}.sessions", self.name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_at(&self.url, arguments)
    }

    pub(crate) fn run_at(&self, url: &str, arguments: &[&str]) -> Ran {
        let mut command = command(arguments);
        command
            .args(["--table", &self.table()])
            .env("DATABASE_URL", url);
        ran(command)
    }

    pub(crate) fn execute(&self, sql: &str) {
        with_client(&self.url, async |client| {
            client.batch_execute(sql).await.unwrap()
        });
    }

    /// How many rows of the table meet a condition.
    pub(crate) fn count(&self, condition: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {} WHERE {condition}", self.table());
        with_client(&self.url, async |client| {
            client.query_one(&sql, &[]).await.unwrap().get(0)
        })
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // What stays behind fails no test.
        let drop = format!("DROP SCHEMA {} CASCADE", self.name);
        with_client(&self.url, async |client| drop_quietly(client, &drop).await);
    }
}

async fn drop_quietly(client: &Client, sql: &str) {
    let _ = client.batch_execute(sql).await;
}

pub(crate) fn with_client<T>(url: &str, work: impl AsyncFnOnce(&Client) -> T) -> T {
    Runtime::new().unwrap().block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        work(&client).await
    })
}

/// `DATABASE_URL`, or the server that all tests of this run share.
pub(crate) fn server_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    static SERVER: OnceLock<EmbeddedPostgres> = OnceLock::new();
    URL.get_or_init(|| match env::var("DATABASE_URL") {
        Ok(url) => url,
        Err(_) => SERVER
            .get_or_init(|| EmbeddedPostgres::start().unwrap())
            .url()
            .to_owned(),
    })
}
