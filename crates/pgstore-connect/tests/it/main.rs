//! Connecting to real servers.

#![allow(clippy::unwrap_used)] // Tests may panic.

mod certificates;
mod doubles;
mod errors;
#[cfg(feature = "tls-no-provider")]
mod fallback;
mod hosts;
mod log;
mod passwords;
mod servers;
mod task;
#[cfg(feature = "tls-no-provider")]
mod tls;

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use pgstore_connect::tokio_postgres::Client;
use pgstore_connect::{Config, ConnectError, ConnectionTask};

type Connected = (Client, ConnectionTask);

/// Connects with no variables but these.
async fn connect_in(variables: &[(&str, &str)], text: &str) -> Result<Connected, ConnectError> {
    let variables = variables.iter().copied();
    let config = Config::builder().environment(variables).parse(text)?;
    config.connect().await
}

async fn connect(text: &str) -> Result<Connected, ConnectError> {
    connect_in(&[], text).await
}

async fn connected(text: &str) -> Connected {
    let connected = connect(text).await;
    connected.unwrap_or_else(|error| panic!("{text}: {}", told(&error)))
}

/// The error that connecting must end with, and all that it tells.
async fn refused(text: &str) -> (ConnectError, String) {
    let error = connect(text).await.expect_err(text);
    let told = told(&error);
    (error, told)
}

/// All that an error and its causes tell, for readers and for developers: never a password.
fn told(error: &ConnectError) -> String {
    let chain = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    let told: Vec<_> = chain.map(|error| format!("{error} {error:?}")).collect();
    let told = told.join(" | ");
    for secret in [servers::PASSWORD, "hunter2"] {
        assert!(!told.contains(secret), "{told}");
    }
    told
}

/// One value, asked over this connection.
async fn ask(client: &Client, sql: &str) -> String {
    let row = client.query_one(sql, &[]).await.unwrap();
    row.get(0)
}

/// A check that an error is of a variant.
macro_rules! is {
    ($variant:ident) => {
        |error: &ConnectError| matches!(error, ConnectError::$variant { .. })
    };
}
use is;

/// A name that no other test has.
fn unique() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!("connect_{}_{number}", std::process::id())
}

/// A port on which nothing listens.
fn closed_port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}
