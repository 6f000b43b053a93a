//! The table `http_sessions` in memory.

use std::collections::{BTreeMap, HashMap};

use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::session_ids::SessionIds;
use crate::store::{IdChange, Lookup, PeerWritten, PeerWrittenCursor, PreviousId, Revocation};
use crate::store::{Revoked, Row, StoreErrorKind, SweepBatch, SweepCursor, Swept, Written};

/// Rows by their number. A key may have several.
#[derive(Default)]
pub(super) struct MemoryTable {
    rows: BTreeMap<i64, MemoryRow>,
    /// The earlier IDs of the session of each row, also of rows that are gone.
    ids: HashMap<i64, SessionIds>,
    last_number: i64,
    /// What every call fails with, if anything.
    pub(super) failing: Option<StoreErrorKind>,
}

/// A row with its key.
struct MemoryRow {
    key: SessionId,
    row: Row,
}

impl MemoryTable {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn load(&mut self, id: &SessionId, now: Timestamp) -> Lookup {
        match self.load_newest(id, now) {
            Some(row) => Lookup::Row(id.clone(), row),
            None => self.successor(id, now),
        }
    }

    /// The number of the newest row of a key.
    fn newest(&self, id: &SessionId) -> Option<i64> {
        let of_key = self.rows.iter().filter(|(_, entry)| entry.key == *id);
        let newest = of_key.max_by_key(|(number, entry)| (entry.row.modified_on, **number));
        newest.map(|(number, _)| *number)
    }

    fn load_newest(&mut self, id: &SessionId, now: Timestamp) -> Option<Row> {
        let newest = self.newest(id)?;
        self.keep_only(id, newest);
        let row = &self.rows[&newest].row;
        (!row.is_expired(now)).then(|| row.clone())
    }

    fn keep_only(&mut self, id: &SessionId, newest: i64) {
        self.rows
            .retain(|number, entry| entry.key != *id || *number == newest);
    }

    fn version(&self, id: &SessionId) -> Option<Timestamp> {
        Some(self.rows[&self.newest(id)?].row.modified_on)
    }

    pub(super) fn insert(&mut self, id: &SessionId, row: &Row) {
        self.write(MemoryRow {
            key: id.clone(),
            row: row.clone(),
        });
    }

    fn write(&mut self, entry: MemoryRow) {
        self.last_number += 1;
        self.rows.insert(self.last_number, entry);
    }

    /// What an ID without a row of its own leads to.
    fn successor(&self, id: &SessionId, now: Timestamp) -> Lookup {
        let Some((number, previous)) = self.earlier(id) else {
            return Lookup::Absent;
        };
        let entry = self.rows.get(&number);
        let newest = entry.filter(|entry| self.newest(&entry.key) == Some(number));
        previous.lookup(newest.map(MemoryRow::session), now)
    }

    /// The row of the session that had this ID, and how long the ID is remembered.
    fn earlier(&self, id: &SessionId) -> Option<(i64, PreviousId)> {
        let sessions = self.ids.iter();
        let known = sessions.filter_map(|(number, ids)| Some((*number, ids.previous(id)?)));
        known.max_by_key(|(number, _)| *number) // Go may have written a row of a replaced ID again.
    }

    pub(super) fn update(&mut self, id: &SessionId, seen: Timestamp, new: &Row) -> Written {
        let Some(number) = self.newest_of_version(id, Some(seen)) else {
            return Written::Missed;
        };
        self.end_grace_time_unless_kept(number, new);
        let ids = self.ids.get(&number);
        let is_unconfirmed = ids.is_some_and(SessionIds::is_unconfirmed);
        if let Some(entry) = self.rows.get_mut(&number) {
            let created_on = entry.row.created_on.min(new.created_on);
            entry.row = Row {
                created_on,
                ..new.clone()
            };
            entry.row.extras.id_is_unconfirmed = is_unconfirmed;
        }
        Written::Saved
    }

    fn newest_of_version(&self, id: &SessionId, seen: Option<Timestamp>) -> Option<i64> {
        let number = self.newest(id)?;
        let version = self.rows[&number].row.modified_on;
        seen.is_none_or(|seen| seen == version).then_some(number)
    }

    /// Another owner, or a write by a peer since, ends the grace time of earlier IDs.
    fn end_grace_time_unless_kept(&mut self, number: i64, new: &Row) {
        let before = &self.rows[&number].row.extras;
        let stays = before.save_token.is_some() && before.owner == new.extras.owner;
        if let Some(ids) = self.ids.get_mut(&number).filter(|_| !stays) {
            ids.end_grace_time();
        }
    }

    pub(super) fn rename(&mut self, change: IdChange<'_>, row: &Row) -> Written {
        let Some(number) = self.newest_of_version(change.old, change.seen) else {
            return Written::Missed;
        };
        self.keep_only(change.old, number);
        self.end_grace_time_unless_kept(number, row);
        let ids = self.ids.entry(number).or_default();
        ids.replace(change.old.clone(), change.previous);
        let mut row = row.clone();
        row.extras.id_is_unconfirmed = ids.is_unconfirmed();
        let key = change.new.clone();
        self.rows.insert(number, MemoryRow { key, row });
        Written::Saved
    }

    pub(super) fn confirm(&mut self, id: &SessionId, until: Timestamp, grace_until: Timestamp) {
        let newest = self.newest(id);
        let Some((number, entry)) = newest.and_then(|number| {
            let entry = self.rows.get_mut(&number)?;
            Some((number, entry))
        }) else {
            return;
        };
        entry.row.extras.id_is_unconfirmed = false;
        self.ids
            .entry(number)
            .or_default()
            .confirm(until, grace_until);
    }

    /// Ends the session of an ID: the current one or an earlier one.
    pub(super) fn end(&mut self, id: &SessionId) -> u64 {
        let removed = self.delete(id);
        let earlier = self.earlier(id);
        let current = earlier.and_then(|(number, _)| self.rows.get(&number));
        match current.map(|entry| entry.key.clone()) {
            Some(current) => removed + self.delete(&current),
            None => removed,
        }
    }

    fn delete(&mut self, id: &SessionId) -> u64 {
        self.remove(|entry| entry.key == *id)
    }

    pub(super) fn delete_version(&mut self, id: &SessionId, seen: Timestamp) -> Written {
        if self.version(id) != Some(seen) {
            return Written::Missed;
        }
        self.delete(id);
        Written::Saved
    }

    fn remove(&mut self, is_meant: impl Fn(&MemoryRow) -> bool) -> u64 {
        let before = self.rows.len();
        self.rows.retain(|_, entry| !is_meant(entry));
        (before - self.rows.len()) as u64
    }

    pub(super) fn find(&self, handle: &SessionHandle, now: Timestamp) -> Option<(SessionId, Row)> {
        let mut live = self.newest_of_each_key(now).into_iter();
        live.find(|(_, row)| row.extras.handle.as_ref() == Some(handle))
    }

    pub(super) fn owned(&self, owner: &str, now: Timestamp) -> Vec<(SessionId, Row)> {
        let mut owned = self.newest_of_each_key(now);
        owned.retain(|(_, row)| row.extras.owner.as_deref() == Some(owner));
        owned
    }

    /// The sessions that have not expired, newest first.
    fn newest_of_each_key(&self, now: Timestamp) -> Vec<(SessionId, Row)> {
        let newest =
            |(number, entry): &(&i64, &MemoryRow)| self.newest(&entry.key) == Some(**number);
        let entries = self.rows.iter().filter(newest);
        let live = entries.filter(|(_, entry)| !entry.row.is_expired(now));
        let mut rows: Vec<_> = live
            .map(|(_, entry)| (entry.key.clone(), entry.row.clone()))
            .collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.modified_on));
        rows
    }

    pub(super) fn revoke(&mut self, revocation: &Revocation<'_>) -> Revoked {
        let entries = self.rows.values();
        let theirs = entries.filter(|entry| revocation.removes(&entry.key, &entry.row));
        let keys: Vec<_> = theirs.map(|entry| entry.key.clone()).collect();
        let removed = self.remove(|entry| keys.contains(&entry.key));
        Revoked::new(removed, removed)
    }

    pub(super) fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> PeerWritten {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_meant = |(number, entry): &(&i64, &MemoryRow)| {
            PeerWrittenCursor::new(**number) > after && entry.row.extras.save_token.is_none()
        };
        let batch: Vec<_> = self.rows.iter().filter(is_meant).take(limit).collect();
        let next = batch.last().filter(|_| batch.len() == limit);
        let next = next.map(|(number, _)| PeerWrittenCursor::new(**number));
        let rows = batch
            .iter()
            .map(|(_, entry)| (entry.key.clone(), entry.row.clone()));
        PeerWritten::new(rows.collect(), next)
    }

    pub(super) fn sweep(&mut self, batch: &SweepBatch) -> Swept {
        let limit = usize::try_from(batch.limit).unwrap_or(usize::MAX);
        let places = self.places(batch);
        let looked_at = &places[..places.len().min(limit)];
        let before = self.rows.len();
        let mut oldest = None;
        for place in looked_at {
            let row = &self.rows[&place.row].row;
            if batch.removes(row) {
                oldest = oldest.or((!row.ends_with_the_browser()).then_some(row.expires_on));
                self.rows.remove(&place.row);
            }
        }
        self.forget_ids(batch.expired_before);
        let full = !looked_at.is_empty() && looked_at.len() == limit;
        let next = looked_at.last().copied().filter(|_| full);
        Swept {
            oldest,
            ..Swept::new((before - self.rows.len()) as u64, next)
        }
    }

    fn forget_ids(&mut self, now: Timestamp) {
        self.ids.retain(|_, ids| {
            ids.forget(now);
            !ids.is_empty()
        });
    }

    /// The places of the rows that a sweep has not read yet, in its order.
    fn places(&self, batch: &SweepBatch) -> Vec<SweepCursor> {
        let mut places: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, entry)| entry.row.expires_on < batch.expired_before)
            .map(|(number, entry)| SweepCursor::new(entry.row.expires_on, *number))
            .filter(|place| *place > batch.after)
            .collect();
        places.sort_unstable();
        places
    }
}

impl MemoryRow {
    fn session(&self) -> (SessionId, Row) {
        (self.key.clone(), self.row.clone())
    }
}
