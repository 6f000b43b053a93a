//! What is logged of an outage: one line when it begins, one a minute, and one when it ends.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pgstore_connect::ConnectError;
use tokio::time::Instant;

/// How often an outage that lasts is mentioned.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// Whether the server can be connected to, for all connections of a store.
#[derive(Debug, Default)]
pub(super) struct OutageLog(Mutex<Option<Outage>>);

#[derive(Clone, Copy, Debug)]
struct Outage {
    began: Instant,
    logged: Instant,
}

impl OutageLog {
    /// Notes that an attempt to connect failed.
    pub(super) fn failed(&self, error: &ConnectError) {
        let (mut outage, now) = (self.outage(), Instant::now());
        match &mut *outage {
            None => {
                tracing::warn!(%error, "could not connect to the session store; it is tried again and again");
                *outage = Some(Outage {
                    began: now,
                    logged: now,
                });
            }
            Some(lasting) if now - lasting.logged >= BETWEEN_LINES => {
                lasting.logged = now;
                let lasts = now - lasting.began;
                tracing::warn!(%error, ?lasts, "still could not connect to the session store");
            }
            Some(_) => tracing::debug!(%error, "could not connect to the session store"),
        }
    }

    /// Notes that an attempt to connect succeeded.
    pub(super) fn connected(&self) {
        if let Some(outage) = self.outage().take() {
            let lasted = outage.began.elapsed();
            tracing::warn!(?lasted, "connected to the session store again");
        }
    }

    /// Whether the last attempt to connect failed, which is logged.
    pub(super) fn is_lasting(&self) -> bool {
        self.outage().is_some()
    }

    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
