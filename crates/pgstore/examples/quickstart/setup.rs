//! Where the database, the keys and the port come from.

use std::env;
use std::error::Error;
use std::io;
use std::time::Duration;

use pgstore::Keys;
use pgstore_embedded::EmbeddedPostgres;
use tokio::net::TcpListener;
use tokio::sync::watch;

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

/// Counts from now on how often the program is asked to stop: by Ctrl-C, or by the system.
pub(crate) fn interrupts() -> io::Result<watch::Receiver<u32>> {
    let (asked, times) = watch::channel(0);
    #[cfg(unix)]
    let (mut ctrl_c, mut terminated) = {
        use tokio::signal::unix::{SignalKind, signal};
        let (ctrl_c, terminated) = (SignalKind::interrupt(), SignalKind::terminate());
        (signal(ctrl_c)?, signal(terminated)?)
    };
    tokio::spawn(async move {
        loop {
            #[cfg(unix)]
            tokio::select! {
                _ = ctrl_c.recv() => {}
                _ = terminated.recv() => {}
            }
            #[cfg(not(unix))]
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            asked.send_modify(|times| *times += 1);
        }
    });
    Ok(times)
}

/// Ends at the first Ctrl-C.
pub(crate) async fn interrupted(mut interrupts: watch::Receiver<u32>) {
    let _ = interrupts.wait_for(|times| *times > 0).await;
}

/// Ends three seconds after Ctrl-C, so that requests under way can finish, or at a second Ctrl-C.
pub(crate) async fn patience_is_over(mut interrupts: watch::Receiver<u32>) {
    interrupted(interrupts.clone()).await;
    let again = interrupts.wait_for(|times| *times > 1);
    let _ = tokio::time::timeout(Duration::from_secs(3), again).await;
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
