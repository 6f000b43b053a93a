//! Connecting to real servers: TLS, passwords, several hosts, the application's pool.

mod certificates;
mod errors;
mod hosts;
mod passwords;
mod pool;
mod servers;
mod tls;

use std::error::Error;

use pgstore::store::PgStore;
use pgstore::store::{ConnectError, ConnectErrorKind, PgStoreOptions};

use crate::support::secrets::Told;

/// Connects with no variables but these.
async fn connect_in(variables: &[(&str, &str)], text: &str) -> Result<PgStore, ConnectError> {
    let variables = variables.iter().copied();
    PgStoreOptions::new()
        .environment(variables)
        .connect(text)
        .await
}

async fn connect(text: &str) -> Result<PgStore, ConnectError> {
    connect_in(&[], text).await
}

/// The error that connecting must end with; none of it may tell the password.
async fn refused(text: &str) -> (ConnectErrorKind, String) {
    let error = connect(text).await.told().expect_err(text);
    (error.kind(), told(&error))
}

/// All that an error tells: itself and what is behind it, for readers and for developers.
fn told(error: &ConnectError) -> String {
    let chain = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    let told: Vec<_> = chain.map(|error| format!("{error} {error:?}")).collect();
    let told = told.join(" | ");
    for secret in [servers::PASSWORD, "hunter2"] {
        assert!(!told.contains(secret), "{told}");
    }
    told
}

/// What a connection of the store's is to the server: a column of `pg_stat_ssl` and the like.
async fn ask(text: &str, sql: &str) -> String {
    let name = format!("ask {}", crate::support::database::unique());
    let store = connect(&format!("{text} application_name='{name}'"))
        .await
        .unwrap_or_else(|error| panic!("{text}: {}", told(&error)));
    let port = text
        .split("port=")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let watcher = format!("postgres://postgres@127.0.0.1:{}/postgres", port.unwrap());
    let client = crate::support::database::client(&watcher).await;
    let row = client.query_one(sql, &[&name]).await.unwrap();
    store.close().await;
    row.get(0)
}
