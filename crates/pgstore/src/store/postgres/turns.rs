//! One statement at a time on a connection.
//!
//! A pooler that shares server connections takes one back when the server says that it is ready. If the
//! next statement has arrived only in part by then, PgBouncer before 1.21 passes the rest of it to another
//! server connection. Pgpool-II loses count of the answers when one of several statements that overlap fails.
//! So behind a pooler a statement is sent only after the one before is answered.

use tokio::sync::{Mutex, MutexGuard};

/// The turns of the statements of one connection, in the order in which they ask.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Whether the last statement was answered to its end.
    is_ready: Mutex<bool>,
}

/// The time of one statement.
pub(super) struct TurnGuard<'a> {
    is_ready: MutexGuard<'a, bool>,
    was_ready: bool,
}

impl Turns {
    /// Waits for a turn.
    pub(super) async fn next(&self) -> TurnGuard<'_> {
        let mut is_ready = self.is_ready.lock().await;
        let was_ready = std::mem::replace(&mut *is_ready, false);
        TurnGuard {
            is_ready,
            was_ready,
        }
    }
}

impl TurnGuard<'_> {
    /// Whether the server may still be busy with the statement before: it was left early, or failed.
    pub(super) fn comes_early(&self) -> bool {
        !self.was_ready
    }

    /// Notes that the statement was answered to its end. An error may come before the end.
    pub(super) fn end(mut self) {
        *self.is_ready = true;
    }
}
