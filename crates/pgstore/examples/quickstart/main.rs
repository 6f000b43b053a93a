//! A web page with a session: `cargo run --example quickstart`, then open the URL it prints.
//!
//! - `DATABASE_URL`: the PostgreSQL to use. Without it, the example starts a throwaway one.
//! - `SESSION_KEYS`: hexadecimal, `hash[,block,hash,block…]`. Without it, the example makes keys.
//! - `PORT`: the port to listen on, 3000 by default. 0 takes any free one.
//!
//! Ctrl-C stops it.

mod pages;
mod setup;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use pgstore::{CookieOptions, PgStore, SessionLayer, SessionManager, SweepOptions};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", setup::with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let database = setup::database()?;
    let listener = setup::listener().await?;
    let address = listener.local_addr()?;

    let store = PgStore::connect(database.url()).await?;
    store.migrate().await?;
    println!("Secure=false: this page is served over plain http on this machine only.");
    let cookie = CookieOptions::default().secure(false);
    let sessions = SessionManager::builder(store.clone(), setup::keys()?)
        .cookie_options(cookie)
        .build()?;
    let sweeper = sessions.start_sweeping(SweepOptions::default());

    let app = Router::new()
        .route("/", get(pages::home))
        .route("/login", post(pages::login))
        .route("/logout", post(pages::logout))
        .route("/api/session", get(pages::api))
        .layer(SessionLayer::new(&sessions, "session-key")?);

    // Before it says that it listens: from then on it may be asked to stop.
    let interrupts = setup::interrupts()?;
    println!("Listening on http://{address}");
    let stop = setup::interrupted(interrupts.clone());
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(stop) => served?,
        () = setup::patience_is_over(interrupts) => {}
    }

    println!("Stopping.");
    sweeper.stop().await;
    sessions.close(Duration::from_secs(5)).await?; // saves and logouts that run in the background
    store.close().await;
    Ok(())
}
