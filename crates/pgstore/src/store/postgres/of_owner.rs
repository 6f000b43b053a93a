//! Listing and ending an owner's sessions, in batches: an owner may have very many (a robot that logs in
//! repeatedly).

use std::cmp::Reverse;

use tokio::time::sleep;

use super::distribution::BETWEEN_LOOKS;
use super::inner::Inner;
use super::statements::{Owned, Revoke};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{Revocation, Revoked, Row, StoreError};

/// How many sessions a list has at most. It is far above what a page can show.
const LONGEST_LIST: usize = 1000;

impl Inner {
    /// Lists an owner's sessions, the last written first. Of very many, those that began last. All
    /// batches have one deadline.
    pub(super) async fn owned(
        &self,
        owner: &str,
        now: Timestamp,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let deadline = self.executor.reading_deadline();
        let (mut all, mut before) = (Vec::new(), i64::MAX);
        loop {
            let batch = Owned { owner, now, before };
            let batch = self.run_until(&batch, deadline).await?;
            all.extend(batch.rows);
            match batch.next {
                Some(next) if all.len() < LONGEST_LIST => before = next,
                _ => break,
            }
        }
        all.truncate(LONGEST_LIST);
        all.sort_by_key(|(_, row)| Reverse(row.modified_on));
        Ok(all)
    }

    /// Ends an owner's sessions. That there is none is believed after as many looks as the table needs.
    pub(super) async fn revoke(&self, revocation: &Revocation<'_>) -> Result<Revoked, StoreError> {
        let mut looks = self.executor.distribution().looks();
        loop {
            let revoked = self.revoke_seen(revocation).await?;
            looks -= 1;
            if revoked.seen > 0 || looks == 0 {
                return Ok(revoked);
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Ends the sessions of an owner that are seen. Each batch commits and has a deadline of its own, so a call that fails
    /// half-way has done a part, and a repetition continues there.
    async fn revoke_seen(&self, revocation: &Revocation<'_>) -> Result<Revoked, StoreError> {
        let (mut all, mut after) = (Revoked::new(0, 0), i64::MIN);
        loop {
            let batch = self.revoke_batch(&Revoke { revocation, after }).await?;
            all.seen += batch.revoked.seen;
            all.removed += batch.revoked.removed;
            match batch.next {
                Some(next) => after = next,
                None => return Ok(all),
            }
        }
    }
}
