//! One statement at a time on a connection.
//!
//! A pooler that shares server connections takes one back when the server says that it is ready. If the
//! next statement has arrived only in part by then, PgBouncer before 1.21 passes the rest of it to another
//! server connection. Pgpool-II loses count of the answers when one of several statements that overlap fails.
//! So behind a pooler a statement is sent only after the one before is answered.

use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::{Client, Error};

/// The turns of the statements of one connection, in the order in which they ask.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Whether the server has said, after the last statement, that it is ready for the next one.
    is_ready: Mutex<bool>,
}

/// The time of one statement. If it is dropped early, the next one waits until the server is ready.
pub(super) struct TurnGuard<'a>(MutexGuard<'a, bool>);

impl Turns {
    /// Waits for a turn. If the statement before was left early, or failed, this asks the server for a sign
    /// that it is done with it.
    pub(super) async fn next(&self, client: &Client) -> Result<TurnGuard<'_>, Error> {
        let mut is_ready = self.is_ready.lock().await;
        if !*is_ready {
            client.check_connection().await?;
        }
        *is_ready = false;
        Ok(TurnGuard(is_ready))
    }
}

impl TurnGuard<'_> {
    /// Notes that the statement was answered to its end. An error may come before the end.
    pub(super) fn end(mut self) {
        *self.0 = true;
    }
}
