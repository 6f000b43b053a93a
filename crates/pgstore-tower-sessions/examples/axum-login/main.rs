//! axum-login on PostgreSQL: `DATABASE_URL=postgres://… cargo run -p pgstore-tower-sessions --features
//! core-0_14 --example axum-login`, then open <http://localhost:3000>. The user is `ada`, the password
//! `engine`.

mod app;

use pgstore_tower_sessions::{PostgresStore, axum_login_user};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL").map_err(|_| "set DATABASE_URL")?;
    let store = PostgresStore::connect(&url)
        .await?
        .owner_from(axum_login_user);
    store.migrate().await?;
    let _sweeping = store.start_sweeping(Default::default()); // until it is dropped

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    let stop = async { _ = tokio::signal::ctrl_c().await };
    let served = axum::serve(listener, app::routes(store.clone())).with_graceful_shutdown(stop);
    served.await?;
    store.close().await;
    Ok(())
}
