//! Connecting as the store does: TLS, fail-over, logs, the application's pool. `pgstore-connect` has
//! the other tests of connecting.

#[path = "../../../../pgstore-connect/tests/it/certificates.rs"]
mod certificates;
mod errors;
mod fail_over;
mod pool;
#[allow(dead_code, reason = "`pgstore-connect`'s own tests use the rest")]
#[path = "../../../../pgstore-connect/tests/it/servers.rs"]
mod servers;
mod silence;
mod tls;

use std::error::Error;

use pgstore::{ConnectError, PgStore, PgStoreOptions};

/// Connects with no variables but these.
async fn connect_in(variables: &[(&str, &str)], text: &str) -> Result<PgStore, ConnectError> {
    let variables = variables.iter().copied();
    PgStoreOptions::new()
        .environment(variables)
        .connect(text)
        .await
}

async fn connect(text: &str) -> Result<PgStore, ConnectError> {
    connect_in(&[], text).await
}

/// All that an error tells: itself and what is behind it, for readers and for developers.
fn told(error: &ConnectError) -> String {
    let chain = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    let told: Vec<_> = chain.map(|error| format!("{error} {error:?}")).collect();
    let told = told.join(" | ");
    for secret in [servers::PASSWORD, "hunter2"] {
        assert!(!told.contains(secret), "{told}");
    }
    told
}
