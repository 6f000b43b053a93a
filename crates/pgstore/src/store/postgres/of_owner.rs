//! Listing and ending an owner's sessions, in batches: an owner may have very many (a robot that logs in
//! repeatedly).

use std::cmp::Reverse;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::distribution::BETWEEN_LOOKS;
use super::inner::Inner;
use super::statements::{Owned, Revoke};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{Revocation, Revoked, Row, StoreError, StoreErrorKind};

/// How many sessions a list has at most. It is far above what a page can show.
const LONGEST_LIST: usize = 1000;

/// How many times as long as a batch a long list rests after it, and how long at most.
const REST: u32 = 3;
const LONGEST_REST: Duration = Duration::from_millis(10);

impl Inner {
    /// Lists an owner's sessions, the last written first. Of very many, those that began last. All
    /// batches have one deadline.
    ///
    /// Most lists are one batch. Longer ones take turns from there on, one at a time, and rest between
    /// their batches, so that any number of them leaves the processors to others.
    pub(super) async fn owned(
        &self,
        owner: &str,
        now: Timestamp,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let deadline = self.executor.reading_deadline();
        let (mut all, mut before, mut turn) = (Vec::new(), i64::MAX, None);
        loop {
            let (batch, begun) = (Owned { owner, now, before }, Instant::now());
            let batch = self.run_until(&batch, deadline).await?;
            all.extend(batch.rows);
            match batch.next {
                Some(next) if all.len() < LONGEST_LIST => before = next,
                _ => break,
            }
            let rest = (begun.elapsed() * REST).min(LONGEST_REST);
            if turn.is_none() {
                let next = timeout_at(deadline, self.long_lists.lock()).await;
                turn = Some(next.map_err(|_| StoreError::new(StoreErrorKind::Timeout))?);
            }
            sleep(rest).await;
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
