//! Confirms the ID that a gentle rotation gave.

use crate::session::{Session, Usage};

impl Session {
    /// If this request is the first to bring an ID that a gentle rotation gave, the browser has it: the
    /// grace time of the earlier IDs begins. A failure fails no request, and the next one tries again.
    pub(super) async fn confirm_id(&self) {
        let id = self.state().id_to_confirm().cloned();
        let Some(id) = id.filter(|_| self.usage() == Usage::Request) else {
            return;
        };
        match self.rows().confirm(&id).await {
            Ok(()) => self.state().record_confirmed(),
            Err(error) => {
                let error = error.for_the_log();
                tracing::debug!(error, "could not confirm the ID of a session");
            }
        }
    }
}
