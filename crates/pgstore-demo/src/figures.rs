//! For Prometheus: how the sessions and the database fare. No name and no label says anything of a user.
//!
//! The demo listens on this machine only. An application shows its figures to its operators alone.

use std::error::Error;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::demo::App;

/// Where Prometheus reads.
pub(crate) const PATH: &str = "/metrics";

/// The format in which Prometheus reads.
const TEXT: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];

/// The buckets of durations, in seconds.
const DURATIONS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The buckets of the number of requests in a statement.
const BATCHES: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 512.0];

/// What the recorder of this process has counted.
#[derive(Clone, Debug)]
pub struct Figures(PrometheusHandle);

impl Figures {
    /// Installs the recorder of this process. Call it once, before [`Demo::open`](crate::Demo::open): what
    /// happens earlier is not counted.
    ///
    /// # Errors
    /// If the process has a recorder already.
    pub fn record() -> Result<Self, Box<dyn Error>> {
        let full = |name: &str| Matcher::Full(name.to_owned());
        let recorder = PrometheusBuilder::new()
            .with_recommended_naming(true) // as the dashboard of pgstore expects it
            .set_buckets_for_metric(full("db.client.operation.duration"), &DURATIONS)?
            .set_buckets_for_metric(full("pgstore.batch.size"), &BATCHES)?;
        Ok(Self(recorder.install_recorder()?))
    }

    fn text(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

pub(crate) fn routes() -> Router<App> {
    Router::new().route(PATH, get(page))
}

async fn page(State(app): State<App>) -> ([(HeaderName, &'static str); 1], String) {
    (TEXT, app.figures.text())
}
