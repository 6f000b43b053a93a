//! A service in Go and one in Rust that share their sessions, behind one proxy:
//! `cargo run -p pgstore --example two_services`, then open the URL it prints. It needs Go.
//!
//! - `DATABASE_URL`: the PostgreSQL to use. Without it, the example starts a throwaway one. Go's driver asks for TLS
//!   unless the URL has `sslmode=disable`.
//! - `SESSION_KEYS`: hexadecimal, `hash[,block,hash,block…]`. Without it, the example makes keys.
//! - `PORT`: the proxy's port, 3000 by default. 0 takes any free one.
//! - `GO`: the Go command, if it is not in the `PATH`.
//!
//! Ctrl-C stops it. `account.rs` is the service in Rust, `go/app` the one in Go, `go/proxy` the proxy.

mod account;
mod go_programs;

use std::env;
use std::error::Error;
use std::time::Duration;

use pgstore::{Keys, PgStore};
use pgstore_embedded::EmbeddedPostgres;
use tokio::net::TcpListener;

use go_programs::GoPrograms;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (database, _server) = database()?;
    let keys = keys()?;
    let port = set("PORT").unwrap_or_else(|| "3000".to_owned());
    let programs = GoPrograms::build().await?;

    let store = PgStore::connect(&database).await?;
    store.migrate().await?; // adds this library's columns to Go's table; Go does not notice them
    let sessions = account::sessions(store.clone(), Keys::from_hex(&keys)?)?;
    let account = account::routes(&sessions)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let rust_app = format!("http://{}", listener.local_addr()?);

    let shared = [("DATABASE_URL", &*database), ("SESSION_KEYS", &*keys)];
    let go_app = programs.start("app", "0", &shared).await?;
    let apps = [("GO_APP", &*go_app.url), ("RUST_APP", &*rust_app)];
    let proxy = programs.start("proxy", &port, &apps).await?;
    println!(
        "The shop in Go: {}, the account in Rust: {rust_app}",
        go_app.url
    );
    println!("Open {}", proxy.url);

    let stop = async { _ = tokio::signal::ctrl_c().await };
    axum::serve(listener, account)
        .with_graceful_shutdown(stop)
        .await?;
    sessions.close(Duration::from_secs(5)).await?;
    store.close().await;
    Ok(())
}

/// The database, and the server that is to be kept running for it.
fn database() -> Result<(String, Option<EmbeddedPostgres>), Box<dyn Error>> {
    if let Some(url) = set("DATABASE_URL") {
        return Ok((url, None));
    }
    println!("DATABASE_URL is not set: starting a PostgreSQL that ends with this program.");
    let server = EmbeddedPostgres::start()?;
    Ok((server.url().to_owned(), Some(server)))
}

/// A hash key and a block key, the same for both services.
fn keys() -> Result<String, Box<dyn Error>> {
    if let Some(keys) = set("SESSION_KEYS") {
        return Ok(keys);
    }
    println!("SESSION_KEYS is not set: fresh keys; sessions end with this program.");
    let mut random = [0; 64];
    getrandom::fill(&mut random)?;
    let hex: Vec<_> = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{},{}", hex[..32].concat(), hex[32..].concat()))
}

fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}
