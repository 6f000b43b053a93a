//! The end of a manager's work in the background, before the process ends.

use std::time::Duration;

use tokio::time::timeout;

use super::session_manager::SessionManager;
use crate::error_text::debug_as_text;
use crate::wire::ErrorClass;

/// What had not ended when [`SessionManager::close`] stopped waiting.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the time to close the sessions is over: {saves} saves and {logouts} logouts have not ended \
     (a session whose logout is lost lives until it expires)"
)]
#[non_exhaustive]
pub struct UnfinishedWork {
    /// How many saves are under way, flashes that are being put back included.
    pub saves: usize,
    /// How many logouts the store has not taken yet.
    pub logouts: usize,
}

debug_as_text!(UnfinishedWork);

impl UnfinishedWork {
    /// Returns [`ErrorClass::Internal`], always.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Internal
    }
}

impl SessionManager {
    /// Waits for the saves and logouts that run in the background, for this long at most. Call it
    /// when the server has stopped serving, before the store is closed and the process ends.
    ///
    /// Saves continue when their client disconnects, and logouts that the store could not take are tried
    /// again for about two hours. If the process ends without this call, both are lost. Waiting logouts are tried at
    /// once and then several times a second. What a save under way leaves over, such as a logout that fails
    /// only now, is waited for, too. From this call on the manager and its clones save
    /// nothing new: a save fails with [`StoreErrorKind::Closed`](crate::StoreErrorKind::Closed).
    /// Cost: nothing if nothing is under way. A second call waits again.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use axum::Router;
    /// # use pgstore::{PgStore, SessionManager};
    /// # async fn serve(app: Router, sessions: SessionManager, store: PgStore, signal: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// axum::serve(listener, app).with_graceful_shutdown(signal).await?;
    /// if let Err(unfinished) = sessions.close(Duration::from_secs(10)).await {
    ///     eprintln!("{unfinished}");
    /// }
    /// store.close().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`UnfinishedWork`] when the time is over. What is left continues until the runtime ends.
    pub async fn close(&self, at_most: Duration) -> Result<(), UnfinishedWork> {
        let background = self.background();
        background.close();
        if timeout(at_most, background.ended()).await.is_ok() {
            return Ok(());
        }
        let (saves, logouts) = background.under_way();
        if saves == 0 && logouts == 0 {
            return Ok(());
        }
        tracing::error!(
            saves,
            logouts,
            "closed the sessions before all saves and logouts had ended"
        );
        Err(UnfinishedWork { saves, logouts })
    }
}
