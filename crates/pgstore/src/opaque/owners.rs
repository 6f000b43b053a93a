//! An owner's opaque sessions, and the sweeping of expired ones.

use std::cmp::Reverse;
use std::sync::Arc;

use super::sessions::OpaqueSessions;
use crate::handle::SessionHandle;
use crate::owners::{MAX_PASSES, SessionInfo};
use crate::store::{OwnerColumn, Revocation, Store, StoreError, StoreErrorKind, Which};
use crate::store::{SweepHandle, SweepOptions, Sweeper};

impl OpaqueSessions {
    /// Lists an owner's sessions, the last saved first, at most a thousand. The one with the ID
    /// `current` is marked. Cost: one statement.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn sessions_of(
        &self,
        owner: &str,
        current: Option<&str>,
    ) -> Result<Vec<SessionInfo>, StoreError> {
        let current = current.map(|id| self.key(id));
        let now = self.now();
        let rows = self.store.owned(owner, now).await?;
        let live = rows.into_iter().filter(|(_, row)| row.expires_on > now);
        let info = live.filter_map(|(id, row)| {
            let expires = row.expires_on;
            SessionInfo::of(row, expires, Some(id) == current)
        });
        let mut all: Vec<_> = info.collect();
        all.sort_by_key(|one| Reverse(one.last_used));
        Ok(all)
    }

    /// Ends one of an owner's sessions, and returns whether there was one. The handle of another
    /// owner's session is treated like an unknown one.
    ///
    /// # Errors
    /// When the session is not known to be removed.
    pub async fn revoke(&self, owner: &str, handle: &SessionHandle) -> Result<bool, StoreError> {
        Ok(self.revoke_which(owner, Which::One(handle)).await? > 0)
    }

    /// Ends all of an owner's sessions and returns how many there were. A login at the same moment may
    /// remain.
    ///
    /// # Errors
    /// When the sessions are not known to be removed.
    pub async fn revoke_all(&self, owner: &str) -> Result<u64, StoreError> {
        self.revoke_which(owner, Which::All).await
    }

    /// Ends all of an owner's sessions but the one with the ID `current`, and returns how many there
    /// were.
    ///
    /// # Errors
    /// As [`revoke_all`](OpaqueSessions::revoke_all).
    pub async fn revoke_all_except(&self, owner: &str, current: &str) -> Result<u64, StoreError> {
        let key = self.key(current);
        let which = Which::AllBut {
            id: Some(&key),
            handle: None,
        };
        self.revoke_which(owner, which).await
    }

    /// Starts a task that removes expired rows until its handle is stopped or dropped. An error does
    /// not end it.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start_sweeping(&self, options: SweepOptions) -> SweepHandle {
        self.sweeper(options).start()
    }

    /// Removes all rows that have expired by now, in batches, and returns how many there were.
    ///
    /// # Errors
    /// When a batch fails. Rows that earlier batches removed stay removed.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.sweeper(SweepOptions::new()).sweep().await
    }

    fn sweeper(&self, options: SweepOptions) -> Sweeper {
        Sweeper::new(
            Arc::new(self.store.clone()),
            Arc::clone(&self.clock),
            options,
        )
    }

    /// Repeats until a pass sees no session: one that is saved at the same moment escapes a pass.
    async fn revoke_which(&self, owner: &str, which: Which<'_>) -> Result<u64, StoreError> {
        let revocation = Revocation {
            owner,
            which,
            column: OwnerColumn::IsTheTruth,
        };
        let mut ended = 0;
        for _ in 0..MAX_PASSES {
            let revoked = self.store.revoke(&revocation).await?;
            ended += revoked.removed;
            if revoked.seen == 0 {
                return Ok(ended);
            }
        }
        Err(StoreError::new(StoreErrorKind::Timeout))
    }
}
