use super::session_manager::SessionManager;
use crate::session::Session;

/// A session of a request, and the manager that opened it and saves it.
#[derive(Clone, Debug)]
pub(crate) struct ManagedSession {
    pub(crate) manager: SessionManager,
    pub(crate) session: Session,
}
