//! Where the database, the keys and the port come from.

use std::env;
use std::error::Error;
use std::time::Duration;

use pgstore::Keys;
use pgstore_embedded::EmbeddedPostgres;
use tokio::net::TcpListener;

/// The database. A server that this program started stops when the value is dropped.
pub(crate) enum Database {
    Given(String),
    Embedded(Box<EmbeddedPostgres>),
}

impl Database {
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Given(url) => url,
            Self::Embedded(server) => server.url(),
        }
    }
}

pub(crate) fn database() -> Result<Database, Box<dyn Error>> {
    if let Some(url) = set("DATABASE_URL") {
        return Ok(Database::Given(url));
    }
    println!("DATABASE_URL is not set: starting a PostgreSQL that ends with this program.");
    Ok(Database::Embedded(Box::new(EmbeddedPostgres::start()?)))
}

pub(crate) fn keys() -> Result<Keys, Box<dyn Error>> {
    if let Some(keys) = set("SESSION_KEYS") {
        return Ok(Keys::from_hex(&keys)?);
    }
    println!("SESSION_KEYS is not set: fresh keys; sessions end with this program.");
    let mut random = [0; 64];
    getrandom::fill(&mut random)?;
    let (hash_key, block_key) = random.split_at(32);
    Ok(Keys::from_pairs(&[hash_key, block_key])?)
}

/// Listens on this machine's own address only.
pub(crate) async fn listener() -> Result<TcpListener, Box<dyn Error>> {
    let port = set("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|_| "PORT must be a number from 0 to 65535")?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    listener.map_err(|error| format!("port {port}: {error}; set PORT to another one").into())
}

/// Ends at Ctrl-C, and when the system asks the program to stop.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    let mut terminated = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).expect("signals can be listened to")
    };
    #[cfg(unix)]
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}

/// Ends three seconds after Ctrl-C, so that requests under way can finish, or at a second Ctrl-C.
pub(crate) async fn patience_is_over() {
    interrupted().await;
    let _ = tokio::time::timeout(Duration::from_secs(3), interrupted()).await;
}

/// An error and its causes, in one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

fn set(variable: &str) -> Option<String> {
    env::var(variable)
        .ok()
        .filter(|value| !value.trim().is_empty())
}
