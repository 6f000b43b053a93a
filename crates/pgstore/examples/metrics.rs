//! Metrics for Prometheus: `cargo run --example metrics`, then open the URLs it prints.
//!
//! - `DATABASE_URL`: the PostgreSQL to use. Without it, the example starts a throwaway one.
//! - `PORT`: the port to listen on, 3001 by default. 0 takes any free one.
//!
//! Ctrl-C stops it.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use pgstore::{
    CookieOptions, FirstSweep, Keys, PgStore, Session, SessionError, SessionLayer, SessionManager,
    SweepOptions,
};
use pgstore_embedded::EmbeddedPostgres;
use tokio::net::TcpListener;

/// The buckets of durations that OpenTelemetry recommends, in seconds.
const DURATIONS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The buckets of the number of requests in a statement.
const BATCHES: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 512.0];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let metrics = recorder()?; // before the store and the manager
    let (_database, url) = database()?;
    let store = PgStore::connect(&url).await?;
    store.migrate().await?;
    let mut key = [0; 32];
    getrandom::fill(&mut key)?; // sessions end with this program
    let sessions = SessionManager::builder(store.clone(), Keys::from_pairs(&[key])?)
        .cookie_options(CookieOptions::default().secure(false)) // it is served over plain http
        .build()?;
    let sweeps = SweepOptions::new().first(FirstSweep::AtOnce);
    let sweeper = sessions.start_sweeping(sweeps);

    // Prometheus has no session, so its endpoint is outside the layer.
    let app = Router::new()
        .route("/", get(visits))
        .layer(SessionLayer::new(&sessions, "session")?)
        .route("/metrics", get(exposition).with_state(metrics));
    let port = std::env::var("PORT").unwrap_or_else(|_| "3001".to_owned());
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    let address = listener.local_addr()?;
    println!("Visit http://{address}/ and look at http://{address}/metrics");
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }

    sweeper.stop().await;
    sessions.close(Duration::from_secs(5)).await?;
    store.close().await;
    Ok(())
}

/// Installs a recorder that makes Prometheus' names: `pgstore_session_loads_total` of
/// `pgstore.session.loads`.
fn recorder() -> Result<PrometheusHandle, Box<dyn Error>> {
    let full = |name: &str| Matcher::Full(name.to_owned());
    let recorder = PrometheusBuilder::new()
        .with_recommended_naming(true)
        .set_buckets_for_metric(full("db.client.operation.duration"), &DURATIONS)?
        .set_buckets_for_metric(full("pgstore.batch.size"), &BATCHES)?;
    Ok(recorder.install_recorder()?)
}

/// What Prometheus reads.
async fn exposition(State(metrics): State<PrometheusHandle>) -> String {
    metrics.run_upkeep();
    metrics.render()
}

async fn visits(session: Session) -> Result<String, SessionError> {
    let visits = session.get::<u64>("visits").await?.unwrap_or(0) + 1;
    session.insert("visits", visits)?;
    Ok(format!("Visit number {visits}\n"))
}

/// The URL of the database, and the server if it is a throwaway one.
fn database() -> Result<(Option<EmbeddedPostgres>, String), Box<dyn Error>> {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        return Ok((None, url));
    }
    let server = EmbeddedPostgres::start()?;
    let url = server.url().to_owned();
    Ok((Some(server), url))
}
