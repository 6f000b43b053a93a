//! Where the database, the keys and the port come from.

use std::env;
use std::error::Error;

use pgstore::Keys;
use pgstore_embedded::EmbeddedPostgres;
use tokio::net::TcpListener;

use crate::Database;

/// The database at `DATABASE_URL`, or a PostgreSQL that ends with this program.
///
/// # Errors
/// If no PostgreSQL can be started.
pub fn database() -> Result<Database, Box<dyn Error>> {
    if let Some(url) = set("DATABASE_URL") {
        return Ok(Database::Given(url));
    }
    println!("DATABASE_URL is not set: starting a PostgreSQL that ends with this program.");
    Ok(Database::Embedded(Box::new(EmbeddedPostgres::start()?)))
}

/// The keys in `SESSION_KEYS`, or fresh ones.
///
/// # Errors
/// If the text holds no keys.
pub fn keys() -> Result<Keys, Box<dyn Error>> {
    if let Some(keys) = set("SESSION_KEYS") {
        return Ok(Keys::from_hex(&keys)?);
    }
    println!("SESSION_KEYS is not set: fresh keys; sessions end with this program.");
    let mut random = [0; 64];
    getrandom::fill(&mut random)?;
    let (hash_key, block_key) = random.split_at(32);
    Ok(Keys::from_pairs(&[hash_key, block_key])?)
}

/// Listens at `PORT`, on this machine's own address only.
///
/// # Errors
/// If the port is none, or in use.
pub async fn listener() -> Result<TcpListener, Box<dyn Error>> {
    let port = set("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|_| "PORT must be a number from 0 to 65535")?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    listener.map_err(|error| format!("port {port}: {error}; set PORT to another one").into())
}

fn set(variable: &str) -> Option<String> {
    env::var(variable)
        .ok()
        .filter(|value| !value.trim().is_empty())
}
