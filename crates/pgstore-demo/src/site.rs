//! The pages, and what stands around them.
//!
//! Readiness and the figures for Prometheus are outside the session layer: they cost no session.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};

use crate::demo::App;
use crate::{
    account, admin, assets, changes, devices, failure, figures, home, live, readiness,
    security_headers,
};

/// All routes.
pub(crate) fn routes(app: App) -> Router {
    pages(&app)
        .merge(readiness::routes())
        .merge(figures::routes())
        .merge(assets::routes())
        .layer(from_fn(security_headers::add))
        .with_state(app)
}

fn pages(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(home::page))
        .route("/events", get(live::events))
        .route("/login", post(account::log_in))
        .route("/logout", post(account::log_out))
        .route("/changes", get(changes::section).post(changes::send_twenty))
        .route("/changes/one", post(changes::change_once))
        .route("/devices/end", post(devices::end_one))
        .route("/devices/end-others", post(devices::end_others))
        .route("/admin", get(admin::page))
        .route("/admin/end", post(admin::end_one))
        .route("/admin/end-all", post(admin::end_all))
        .route("/admin/outage", post(admin::stop_the_database))
        .fallback(failure::not_found)
        .layer(app.layer.clone())
        .layer(from_fn_with_state(app.clone(), tell_open_pages))
}

/// Requests that may change something, for open pages.
#[derive(Default)]
pub(crate) struct Activity {
    pub(crate) under_way: usize,
}

/// Counts a request as under way until it is dropped, also if its client disconnects.
struct UnderWay(App);

impl UnderWay {
    fn begin(app: App) -> Self {
        app.activity.send_modify(|activity| activity.under_way += 1);
        Self(app)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let activity = &self.0.activity;
        activity.send_modify(|activity| activity.under_way -= 1);
    }
}

/// Makes open pages look again. It is outside the session layer, so that the changes are saved by then.
async fn tell_open_pages(State(app): State<App>, request: Request, next: Next) -> Response {
    let may_change = request.method() == Method::POST;
    let _under_way = may_change.then(|| UnderWay::begin(app));
    next.run(request).await
}
