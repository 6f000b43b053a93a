//! The end of a request's sessions: when the response's head is there, or when it never will be.

use tokio::runtime::Handle;

use crate::manager::{ManagedSession, SessionManager};
use crate::registry::Sessions;
use crate::session::Session;

const NOT_SAVED: &str = "the session of a request without a response was not saved";

/// Where a layer stands among the session layers of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It closes the sessions and saves them.
    Outermost,
    /// Another one does.
    Joined,
}

/// Closes the sessions when the service has produced the response's head. Later changes are then
/// errors. If it is dropped before, there is no head: the service failed or panicked, or the client
/// disconnected.
pub(super) struct HeadGuard {
    sessions: Option<Sessions>,
    place: Place,
    /// Whether the service, not the client, is why there is no head.
    failed: bool,
}

impl HeadGuard {
    pub(super) fn new(sessions: Sessions, place: Place) -> Self {
        Self {
            sessions: Some(sessions),
            place,
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
        if self.place == Place::Outermost {
            sessions.close();
        }
        sessions
    }
}

impl Drop for HeadGuard {
    fn drop(&mut self) {
        let Some(sessions) = self.sessions.take() else {
            return;
        };
        match self.place {
            Place::Outermost => {
                sessions.close();
                let failed = self.failed || std::thread::panicking();
                clean_up(&sessions, failed);
            }
            // Some layer between the two may still answer, and the handler did not end.
            Place::Joined => sessions.discard_changes(),
        }
    }
}

/// Saves what counts without a response: ends of sessions, and messages that go back to be shown by
/// the next request. A new ID counts only if the service `failed`. If the client disconnected, it
/// did nothing wrong and would never get the new ID.
fn clean_up(sessions: &Sessions, failed: bool) {
    let open = sessions.used_in_order_of_names();
    for ManagedSession { session, .. } in &open {
        session.discard_changes();
        if !failed {
            session.forget_new_id();
        }
    }
    let has_changed = |open: &ManagedSession| Session::is_changed(&open.session);
    let changed: Vec<_> = open.into_iter().filter(has_changed).collect();
    if let (false, Ok(runtime)) = (changed.is_empty(), Handle::try_current()) {
        let sessions = sessions.clone();
        // It counts as under way from here on.
        let saving = SessionManager::finish_all_then(changed, move |errors| {
            if !errors.is_empty() {
                sessions.return_flashes();
            }
        });
        runtime.spawn(async move {
            if let Err(error) = saving.await.1.into_gravest() {
                let (is_reported, error) = (error.is_reported(), error.for_the_log());
                if is_reported {
                    tracing::debug!(error, "{NOT_SAVED}");
                } else {
                    tracing::warn!(error, "{NOT_SAVED}");
                }
            }
        });
    }
}
