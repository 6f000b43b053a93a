//! An outage on demand, where the demo has a PostgreSQL of its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use pgstore_embedded::{EmbeddedPostgres, StartError};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::Database;

/// How long the database is stopped.
pub(crate) const OUTAGE: Duration = Duration::from_secs(10);

/// The server, to be stopped for a moment.
#[derive(Clone)]
pub(crate) struct Outage(Arc<Mutex<Server>>);

type Server = Option<Box<EmbeddedPostgres>>;

impl Outage {
    pub(crate) fn of(database: Database) -> Option<Self> {
        match database {
            Database::Embedded(server) => Some(Self(Arc::new(Mutex::new(Some(server))))),
            Database::Given(_) => None,
        }
    }

    /// Stops the database and starts it again after a while, in the background. A second call during that
    /// time has no effect.
    pub(crate) fn begin(&self) {
        let Ok(mut server) = Arc::clone(&self.0).try_lock_owned() else {
            return;
        };
        tokio::spawn(async move {
            stop_for_a_while(&mut server).await;
        });
    }
}

async fn stop_for_a_while(server: &mut Server) {
    let Some(mut stopped) = server.take() else {
        return;
    };
    let stopping = spawn_blocking(move || (stopped.shut_down(), stopped));
    let Ok((result, mut stopped)) = stopping.await else {
        return;
    };
    report("stopping", result);
    tokio::time::sleep(OUTAGE).await;
    let starting = spawn_blocking(move || (stopped.restart(), stopped));
    if let Ok((result, started)) = starting.await {
        report("starting", result.map_err(start_error));
        *server = Some(started);
    }
}

fn start_error(error: StartError) -> io::Error {
    io::Error::other(error)
}

fn report(what: &str, result: io::Result<()>) {
    if let Err(error) = result {
        eprintln!("{what} the database failed: {error}");
    }
}
