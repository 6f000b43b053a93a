//! Tells a change that met nothing to change from one that the table silently refused.
//!
//! Row-level security without a policy, a trigger that returns NULL, and a rule DO INSTEAD NOTHING
//! make a statement change nothing without an error. So after a statement that changed no row, the
//! store asks in a fresh snapshot what is there. If that is what the statement should have changed,
//! it is sent once more, because a concurrent writer may have caused the first miss. After the
//! second one the table refuses.
//!
//! If the store sees no row while row-level security is active, it believes that there is none only
//! after a probe has shown that this role sees the rows that it writes.
//!
//! After each miss the statements are planned anew: the server keeps a plan that does nothing, which a
//! rule made, even when the rule is gone.
//!
//! All this costs nothing while statements change something.

use std::error::Error;
use std::fmt;

use tokio::time::{Instant, timeout_at};

use super::gather_queues::Queued;
use super::inner::Inner;
use super::statements::{
    BatchSwept, Delete, DeleteAll, Insert, InsertAll, Load, Newest, RemoveOlder, Removed, Renamed,
    Replaced, Revocable, Revoke, RevokeIssuedBefore, RevokedRows, Statement, Update, UpdateAll,
};
use super::types::Micros;
use crate::clock::Timestamp;
use crate::error_text::debug_as_text;
use crate::id::SessionId;
use crate::store::{Row, StoreError, StoreErrorKind, Written};

/// How often a statement is sent that changes nothing although it should.
pub(super) const TRIES: usize = 2;

/// How many sessions one statement ends at most.
const REVOKED_AT_ONCE: u32 = 1000;

/// Which row a statement changes.
pub(super) struct Guard<'a> {
    id: &'a SessionId,
    /// The version that the row must have; `None` for any.
    version: Option<Timestamp>,
}

impl<'a> Guard<'a> {
    /// Every row of the key.
    pub(super) fn any(id: &'a SessionId) -> Self {
        Self { id, version: None }
    }

    /// The newest row of the key, if it has this version.
    pub(super) fn version(id: &'a SessionId, seen: Timestamp) -> Self {
        // As the table has it: PostgreSQL's range of times is smaller.
        let version = Micros::from(seen).finite();
        Self { id, version }
    }
}

/// The answer of a statement that changes rows.
pub(super) trait Changed {
    /// Whether a row was changed.
    fn has_changed(&self) -> bool;
}

impl Changed for Written {
    fn has_changed(&self) -> bool {
        *self == Self::Saved
    }
}

impl Changed for Renamed {
    fn has_changed(&self) -> bool {
        match self {
            Self::Done(written) => written.has_changed(),
            Self::KeyIsFixed(_) => true, // It is not the table that refuses, but the way.
        }
    }
}

impl Changed for Replaced {
    fn has_changed(&self) -> bool {
        *self == Self::Done(Written::Saved)
    }
}

impl Changed for Removed {
    fn has_changed(&self) -> bool {
        *self != Self::Done(0)
    }
}

impl Changed for u64 {
    fn has_changed(&self) -> bool {
        *self > 0
    }
}

impl Inner {
    /// Writes a first row.
    pub(super) async fn insert(&self, id: &SessionId, row: &Row) -> Result<(), StoreError> {
        let deadline = self.executor.deadline::<Insert>();
        let insert = || Insert {
            id: id.clone(),
            row: row.clone(),
        };
        if self.run_gathered::<InsertAll>(insert, deadline).await? > 0 {
            return Ok(());
        }
        // A trigger may have written the row into another table, such as a partition.
        match self.run_until(&Newest { id }, deadline).await?.exists {
            true => Ok(()),
            false => Err(self.refused("an insert wrote no row")),
        }
    }

    /// Runs a statement that changes the row of the guard. That it changed nothing is answered only
    /// if there was nothing to change.
    pub(super) async fn change<S>(
        &self,
        statement: &S,
        guard: Guard<'_>,
    ) -> Result<S::Output, StoreError>
    where
        S: Statement<Output: Changed>,
    {
        let deadline = self.executor.deadline::<S>();
        for _ in 0..TRIES {
            let answer = self.run_until(statement, deadline).await?;
            if answer.has_changed() || !self.is_untouched(&guard, deadline).await? {
                return Ok(answer);
            }
            self.executor.forget_plans();
        }
        Err(refused("a row was neither changed nor removed"))
    }

    /// Replaces the row of a version that was seen. It is missed only if it has another one.
    pub(super) async fn update(
        &self,
        id: &SessionId,
        seen: Timestamp,
        row: &Row,
    ) -> Result<Written, StoreError> {
        let update = || Update {
            id: id.clone(),
            seen,
            row: row.clone(),
        };
        let replaced = self.change_gathered::<UpdateAll>(update, Guard::version(id, seen));
        Ok(match replaced.await? {
            Replaced::Done(written) => written,
            Replaced::Busy => Written::Missed, // It is not answered.
        })
    }

    /// Removes the rows of a key, and answers how many there were.
    pub(super) async fn delete(&self, id: &SessionId) -> Result<u64, StoreError> {
        let delete = || Delete { id: id.clone() };
        let removed = self.change_gathered::<DeleteAll>(delete, Guard::any(id));
        Ok(match removed.await? {
            Removed::Done(rows) => rows,
            Removed::Busy => 0, // It is not answered.
        })
    }

    /// [`Inner::change`] for a statement that may carry the requests of several callers.
    async fn change_gathered<G: Queued<Answer: Changed>>(
        &self,
        request: impl Fn() -> G::Request + Send + Sync,
        guard: Guard<'_>,
    ) -> Result<G::Answer, StoreError> {
        let deadline = self.executor.deadline::<G>();
        for _ in 0..TRIES {
            let answer = self.run_gathered::<G>(&request, deadline).await?;
            if answer.has_changed() || !self.is_untouched(&guard, deadline).await? {
                return Ok(answer);
            }
            self.executor.forget_plans();
        }
        Err(refused("a row was neither changed nor removed"))
    }

    pub(super) async fn is_untouched(
        &self,
        guard: &Guard<'_>,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        let newest = self.run_until(&Newest { id: guard.id }, deadline).await?;
        if !newest.exists {
            self.must_see_rows(newest.may_hide_rows, deadline).await?;
            return Ok(false);
        }
        Ok(guard.version.is_none() || newest.version == guard.version)
    }

    /// The error of a table that refuses changes, which are planned anew from now on.
    pub(super) fn refused(&self, what: &'static str) -> StoreError {
        self.executor.forget_plans();
        refused(what)
    }

    /// Removes one batch of an owner's sessions.
    pub(super) async fn revoke_batch(
        &self,
        revoke: &Revoke<'_>,
    ) -> Result<RevokedRows, StoreError> {
        let deadline = self.executor.deadline::<Revoke<'_>>();
        let revocable = Revocable {
            revocation: revoke.revocation,
            after: revoke.after,
        };
        let first = self.run_until(revoke, deadline).await?;
        if first.revoked.seen == 0 {
            self.must_see_rows(first.may_hide_rows, deadline).await?;
        }
        if first.revoked.seen == 0 || first.revoked.removed > 0 {
            return Ok(first);
        }
        let before = self.run_until(&revocable, deadline).await?;
        let second = self.run_until(revoke, deadline).await?;
        if second.revoked.seen == 0 || second.revoked.removed > 0 {
            return Ok(second);
        }
        // A row with the same version before and after was there in between.
        let after = self.run_until(&revocable, deadline).await?;
        match after.iter().any(|row| before.contains(row)) {
            true => Err(self.refused("no session of the owner was removed")),
            false => Ok(second),
        }
    }

    /// Removes all sessions that were begun before a time, batch by batch.
    pub(super) async fn revoke_issued_before(&self, time: Timestamp) -> Result<u64, StoreError> {
        let batch = RevokeIssuedBefore {
            time,
            limit: REVOKED_AT_ONCE,
        };
        let (mut removed, mut tries) = (0, 0);
        loop {
            let answer = self.run(&batch).await?;
            removed += u64::try_from(answer.removed).unwrap_or(0);
            // Of rows that others have just removed, there are none at the next look.
            tries = if answer.removed == 0 { tries + 1 } else { 0 };
            if answer.found == 0 {
                let deadline = self.executor.deadline::<RevokeIssuedBefore>();
                self.must_see_rows(answer.may_hide_rows, deadline).await?;
                return Ok(removed);
            }
            if tries == TRIES {
                return Err(self.refused("no session of before that time was removed"));
            }
        }
    }

    /// Removes the older rows of a key.
    pub(super) async fn remove_older(&self, id: &SessionId) -> Result<u64, StoreError> {
        let (id_of, now) = (id.clone(), self.clock.now());
        let load = Load { id: id_of, now };
        for _ in 0..TRIES {
            let removed = self.run(&RemoveOlder { id }).await?;
            if removed > 0 || !self.run(&load).await?.has_older {
                return Ok(removed);
            }
        }
        Err(self.refused("no older row was removed"))
    }

    /// Proves that a row would be seen, if row-level security may hide rows. The callers that wait
    /// share a proof that began after they asked, so at most one is under way.
    async fn must_see_rows(&self, may_hide: bool, deadline: Instant) -> Result<(), StoreError> {
        if !may_hide {
            return Ok(());
        }
        let asked = Instant::now();
        let proof = async {
            let mut proved = self.proved.lock().await;
            if proved.is_some_and(|began| began >= asked) {
                return Ok(());
            }
            let began = Instant::now();
            self.probe().await?;
            *proved = Some(began);
            Ok(())
        };
        let timed_out = |_| Err(StoreError::new(StoreErrorKind::Timeout));
        timeout_at(deadline, proof).await.unwrap_or_else(timed_out)
    }
}

/// Whether a batch left rows that it should have removed. Rows that it could not lock are locked by
/// others, or row-level security lets this role lock none.
pub(super) fn may_be_refused(batch: &BatchSwept) -> bool {
    let hides = batch.may_hide_rows && batch.due > 0;
    batch.swept.removed == 0 && (batch.locked > 0 || hides)
}

/// The error of a table that refuses changes without an error of its own.
pub(super) fn refused(what: &'static str) -> StoreError {
    StoreError::caused_by(StoreErrorKind::RefusedSilently, SilentRefusal(what))
}

/// What the table did not do.
struct SilentRefusal(&'static str);

impl fmt::Display for SilentRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

debug_as_text!(SilentRefusal);

impl Error for SilentRefusal {}
