//! For operators: whether sessions can be written right now.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::demo::App;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/ready", get(ready))
}

async fn ready(State(app): State<App>) -> StatusCode {
    match app.sessions.probe().await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
