//! The end of a request's sessions: when the response's head is there, or when it never will be.

use tokio::runtime::Handle;

use super::layer::SessionLayer;
use crate::registry::Sessions;
use crate::session::Session;

/// Closes the sessions when the service has produced the response's head. Later changes are then
/// errors. If it is dropped before, there is no head: the service failed or panicked, or the client
/// disconnected.
pub(super) struct HeadGuard {
    layer: SessionLayer,
    sessions: Option<Sessions>,
    /// Whether the service, not the client, is why there is no head.
    failed: bool,
}

impl HeadGuard {
    pub(super) fn new(layer: &SessionLayer, sessions: Sessions) -> Self {
        Self {
            layer: layer.clone(),
            sessions: Some(sessions),
            failed: false,
        }
    }

    pub(super) fn note_failure(&mut self) {
        self.failed = true;
    }

    /// The sessions of a request whose response has its head.
    pub(super) fn produced(mut self) -> Sessions {
        // Only this method and `drop` take it, and this method consumes the guard.
        let sessions = self.sessions.take().expect("the sessions are taken once");
        sessions.close();
        sessions
    }
}

impl Drop for HeadGuard {
    fn drop(&mut self) {
        if let Some(sessions) = self.sessions.take() {
            sessions.close();
            let failed = self.failed || std::thread::panicking();
            clean_up(&self.layer, &sessions, failed);
        }
    }
}

/// Saves what counts without a response: ends of sessions, and messages that go back to be shown by
/// the next request. A new ID counts only if the service `failed`. If the client disconnected, it did
/// nothing wrong and would never get the new ID.
fn clean_up(layer: &SessionLayer, sessions: &Sessions, failed: bool) {
    let sessions = sessions.in_order_of_names();
    for session in &sessions {
        session.discard_changes();
        if !failed {
            session.forget_new_id();
        }
    }
    let changed: Vec<_> = sessions.into_iter().filter(Session::is_changed).collect();
    if let (false, Ok(runtime)) = (changed.is_empty(), Handle::try_current()) {
        let manager = layer.manager.clone();
        runtime.spawn(async move {
            if let (_, Err(error)) = manager.finish_all(changed).await {
                let error = error.with_causes();
                tracing::warn!(
                    error,
                    "the session of a request without a response was not saved"
                );
            }
        });
    }
}
