//! Which IDs lead to a session: the operations that take more than one statement.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::distribution::BETWEEN_LOOKS;
use super::inner::Inner;
use super::refusal::Guard;
use super::statements::{
    Earlier, EarlierAll, EarlierId, EarlierIds, Gathered, IsEarlier, Load, LoadAll, Loaded, Move,
    Remember, Rename, Renamed, Retire, SweepIds,
};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{IdChange, Lookup, PreviousId, Row, StoreError, StoreErrorKind};
use crate::store::{SweepBatch, Swept, Written};

/// How many batches of earlier IDs one sweep forgets.
const MAX_BATCHES_OF_IDS: u32 = 100;

/// How many changes of its ID the end of a session follows that happen at the same time.
const MAX_ID_CHANGES: u32 = 16;

impl Inner {
    /// Looks an ID up: one statement, and a second one if there is no row. If the table is distributed, all
    /// workers are asked only about an ID that a session had before, which takes a third one.
    pub(super) async fn look_up(
        self: &Arc<Self>,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Lookup, StoreError> {
        let deadline = self.executor.deadline::<Load>();
        let load = || Load {
            id: id.clone(),
            now,
        };
        let loaded = self.run_gathered::<LoadAll>(load, deadline).await?;
        if let Some(row) = self.row_of(id, loaded) {
            return Ok(Lookup::Row(id.clone(), row));
        }
        if !self.may_be_earlier(id, deadline).await? {
            return Ok(Lookup::Absent);
        }
        let earlier = || Earlier {
            id: id.clone(),
            now,
        };
        let earlier = self.run_gathered::<EarlierAll>(earlier, deadline).await?;
        Ok(earlier.map_or(Lookup::Absent, |earlier| earlier.lookup))
    }

    /// Looks several IDs up: one statement, and a second one if any of them has no row.
    pub(super) async fn look_up_all(
        self: &Arc<Self>,
        ids: &[SessionId],
        now: Timestamp,
    ) -> Result<Vec<Result<Lookup, StoreError>>, StoreError> {
        let deadline = self.executor.deadline::<LoadAll>();
        let loads = ids.iter().map(|id| Load {
            id: id.clone(),
            now,
        });
        let loads = LoadAll::of(loads.collect());
        let loaded = self.run_until(&loads, deadline).await?;
        let rows = ids.iter().zip(loaded);
        let rows = rows.map(|(id, loaded)| Ok((id, self.row_of(id, loaded?))));
        let rows: Vec<Result<(&SessionId, Option<Row>), StoreError>> = rows.collect();
        let without_row = |row: &Result<(&SessionId, Option<Row>), _>| match row {
            Ok((id, None)) => Some((*id).clone()),
            _ => None,
        };
        let mut others = Vec::new();
        for id in rows.iter().filter_map(without_row) {
            if self.may_be_earlier(&id, deadline).await? {
                others.push(id);
            }
        }
        let mut earlier = self.earlier_lookups(&others, now, deadline).await?;
        let mut lookup = |(id, row): (&SessionId, Option<Row>)| match row {
            Some(row) => Lookup::Row(id.clone(), row),
            None => earlier.remove(id).unwrap_or(Lookup::Absent),
        };
        Ok(rows.into_iter().map(|row| row.map(&mut lookup)).collect())
    }

    /// The row that was loaded. Older ones of its key are removed in the background.
    fn row_of(self: &Arc<Self>, id: &SessionId, loaded: Loaded) -> Option<Row> {
        if loaded.has_older {
            self.spawn_remove_older(id);
        }
        loaded.row
    }

    /// Whether the statement about IDs that a session had before may know this one. It asks all workers of
    /// a distributed table; one of them tells whether there is anything to ask.
    async fn may_be_earlier(&self, id: &SessionId, deadline: Instant) -> Result<bool, StoreError> {
        match self.executor.distribution().is_distributed() {
            true => self.run_until(&IsEarlier(id), deadline).await,
            false => Ok(true),
        }
    }

    async fn earlier_lookups(
        &self,
        ids: &[SessionId],
        now: Timestamp,
        deadline: Instant,
    ) -> Result<HashMap<SessionId, Lookup>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let earlier = self.run_until(&EarlierIds { ids, now }, deadline).await?;
        let lookup = |earlier: EarlierId| (earlier.id, earlier.lookup);
        Ok(earlier.into_iter().map(lookup).collect())
    }

    /// Gives a session another ID: one statement, or three if the table is distributed by its key.
    pub(super) async fn rename(
        &self,
        change: IdChange<'_>,
        row: &Row,
    ) -> Result<Written, StoreError> {
        if self.executor.distribution().is_distributed() {
            return self.rename_by_moving(change, row).await;
        }
        let deadline = self.executor.deadline::<Rename<'_>>();
        match self.change(&Rename { change, row }, guard(&change)).await? {
            Renamed::Done(written) => Ok(written),
            Renamed::KeyIsFixed(refused) => {
                if !self.executor.finds_distribution(deadline).await {
                    return Err(refused); // A rule or a trigger refuses, or the server.
                }
                self.rename_by_moving(change, row).await
            }
        }
    }

    async fn rename_by_moving(
        &self,
        change: IdChange<'_>,
        row: &Row,
    ) -> Result<Written, StoreError> {
        self.run(&Remember { change, row }).await?;
        let written = self.change(&Move { change, row }, guard(&change)).await?;
        let is_login = change.previous.grace_until.is_none();
        if is_login && written == Written::Saved {
            let (old, until) = (change.old, change.previous.until);
            // The login is done: the row has left its group, so no earlier ID leads to it.
            if let Err(error) = self.run(&Retire { old, until }).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "earlier IDs of a session are forgotten early");
            }
        }
        Ok(written)
    }

    /// Ends the session of an ID, whichever of its IDs that is. If the ID changes at the same moment,
    /// follows it. If Go has written rows of a replaced ID again, they end, too.
    pub(super) async fn end(&self, id: &SessionId) -> Result<u64, StoreError> {
        let (mut current, mut removed) = (id.clone(), 0);
        let mut looks = self.executor.distribution().looks();
        for _ in 0..MAX_ID_CHANGES {
            removed += self.delete(&current).await?;
            match self.earlier(id).await? {
                Some(EarlierId {
                    current: Some(id), ..
                }) => current = id,
                // It was replaced, and the session's row may be under way to another worker.
                Some(_) if removed == 0 && looks > 1 => {
                    looks -= 1;
                    sleep(BETWEEN_LOOKS).await;
                }
                _ => return Ok(removed),
            }
        }
        Err(StoreError::new(StoreErrorKind::Timeout))
    }

    /// What is known of an ID that was replaced. A table that only Go's pgstore uses has no earlier IDs.
    async fn earlier(&self, id: &SessionId) -> Result<Option<EarlierId>, StoreError> {
        match self.earlier_if_migrated(id).await {
            Err(error) if error.kind() == StoreErrorKind::NotMigrated => Ok(None),
            outcome => outcome,
        }
    }

    async fn earlier_if_migrated(&self, id: &SessionId) -> Result<Option<EarlierId>, StoreError> {
        let deadline = self.executor.deadline::<EarlierIds<'_>>();
        if !self.may_be_earlier(id, deadline).await? {
            return Ok(None);
        }
        let (ids, now) = (std::slice::from_ref(id), Timestamp::UNIX_EPOCH);
        let mut earlier = self.run_until(&EarlierIds { ids, now }, deadline).await?;
        Ok(earlier.pop())
    }

    /// Removes one batch of expired rows, and after the last one the IDs that are forgotten.
    pub(super) async fn sweep(&self, batch: &SweepBatch) -> Result<Swept, StoreError> {
        let swept = self.sweep_sessions(batch).await?;
        if swept.next.is_none() {
            self.forget_ids(batch).await?;
        }
        Ok(swept)
    }

    async fn forget_ids(&self, batch: &SweepBatch) -> Result<(), StoreError> {
        let forget = SweepIds {
            until_before: batch
                .expired_before
                .minus(PreviousId::STILL_ENDS_THE_SESSION_FOR),
            limit: batch.limit.max(1),
        };
        for _ in 0..MAX_BATCHES_OF_IDS {
            match self.run(&forget).await {
                Ok(forgotten) if forgotten >= u64::from(forget.limit) => {}
                Ok(_) => return Ok(()),
                // A table that only Go's pgstore uses has no earlier IDs.
                Err(error) if error.kind() == StoreErrorKind::NotMigrated => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(()) // The next sweep continues.
    }
}

/// The row that a change of the ID replaces.
fn guard<'a>(change: &IdChange<'a>) -> Guard<'a> {
    match change.seen {
        Some(seen) => Guard::version(change.old, seen),
        None => Guard::any(change.old),
    }
}
