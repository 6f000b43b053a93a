//! Puts flashes back in the background when the request that took them could not.

use tokio::runtime::Handle;

use super::background::{BackgroundWork, WorkGuard};
use super::save::pause_before;
use super::shared::Session;

/// How often it is tried: with the pauses, for about ten minutes.
const MAX_TRIES: u32 = 30;

impl Session {
    /// Returns to the store the flashes that this request took and that no page shows, because its
    /// response is an error. The session must be closed. Other changes of the request are discarded.
    pub(crate) fn return_flashes(&self) {
        if !self.state().holds_flashes() {
            return;
        }
        self.discard_changes();
        self.forget_new_id();
        let background = self.rows().logouts.background();
        let work = background.continue_as(BackgroundWork::Save);
        if let (Some(work), Ok(runtime)) = (work, Handle::try_current()) {
            let session = self.clone();
            runtime.spawn(async move { session.keep_returning_flashes(work).await });
        } else {
            tracing::warn!("flashes that no page has shown are lost: the sessions are closed");
        }
    }

    async fn keep_returning_flashes(&self, _work: WorkGuard) {
        for tries in 0..MAX_TRIES {
            match self.save().await.1 {
                Ok(()) => return,
                Err(error) if error.is_unavailable() && tries + 1 < MAX_TRIES => {}
                Err(error) => {
                    let error = error.for_the_log();
                    tracing::warn!(
                        error,
                        "flashes that no page has shown could not be put back"
                    );
                    return;
                }
            }
            let background = self.rows().logouts.background();
            background.pause(pause_before(tries)).await;
        }
    }
}
