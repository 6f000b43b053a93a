//! Style, script and icon: files in the program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::demo::App;

/// Browsers ask again after a minute, since another version of the demo may run then.
pub(crate) const CACHED: &str = "public, max-age=60";

pub(crate) fn routes() -> Router<App> {
    let style = || {
        file(
            "text/css; charset=utf-8",
            include_str!("../assets/style.css"),
        )
    };
    let script = || {
        file(
            "text/javascript; charset=utf-8",
            include_str!("../assets/demo.js"),
        )
    };
    let icon = || file("image/svg+xml", include_str!("../assets/favicon.svg"));
    Router::new()
        .route("/assets/style.css", get(style))
        .route("/assets/demo.js", get(script))
        .route("/assets/favicon.svg", get(icon))
        .route("/favicon.ico", get(icon)) // for browsers that do not look into the page
}

async fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, content_type), (CACHE_CONTROL, CACHED)],
        text,
    )
}
