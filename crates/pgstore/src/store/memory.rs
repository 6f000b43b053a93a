//! A store in memory, for an application's own tests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    IdChange, Lookup, PeerWritten, PeerWrittenCursor, PreviousId, Revocation, Revoked, Row,
};
use super::{Store, StoreError, StoreErrorKind, StoreFuture};
use super::{SweepBatch, SweepCursor, Swept, Written};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;

/// A [`Store`] that keeps its rows in memory and behaves as `PgStore` does.
///
/// For tests without a database. Everything is gone with the last clone, and no other process
/// sees it, so it is not for production. Clones share their rows: the test keeps one, the
/// application gets another.
///
/// # How does an application test its own handlers?
///
/// As it runs them, with this store in place of `PgStore`:
///
/// ```
/// use http::HeaderMap;
/// use http::header::{COOKIE, SET_COOKIE};
/// use pgstore::store::{MemoryStore, StoreErrorKind};
/// use pgstore::wire::Keys;
/// use pgstore::{Session, SessionError, SessionManager};
///
/// // What the application does with a session …
/// async fn add_to_cart(session: &Session, item: &str) -> Result<usize, SessionError> {
///     let mut cart: Vec<String> = session.get("cart").await?.unwrap_or_default();
///     cart.push(item.to_owned());
///     session.insert("cart", &cart)?;
///     Ok(cart.len())
/// }
///
/// // … and its test.
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let keys = Keys::from_pairs(&[b"a key for tests"])?;
/// let sessions = SessionManager::builder(store.clone(), keys).build()?;
///
/// let mut response = HeaderMap::new();
/// let session = sessions.get(&HeaderMap::new(), "shop")?;
/// assert_eq!(add_to_cart(&session, "apples").await?, 1);
/// sessions.save(&session, &mut response).await?;
/// assert_eq!(store.len(), 1);
///
/// // The next request brings the cookie.
/// let (cookie, _attributes) = response[SET_COOKIE].to_str()?.split_once(';').unwrap();
/// let request = HeaderMap::from_iter([(COOKIE, cookie.parse()?)]);
/// let session = sessions.get(&request, "shop")?;
/// assert_eq!(add_to_cart(&session, "pears").await?, 2);
///
/// // Another one comes while the database is away.
/// store.fail_with(Some(StoreErrorKind::Unavailable));
/// let session = sessions.get(&request, "shop")?;
/// let error = add_to_cart(&session, "plums").await.unwrap_err();
/// assert!(error.is_unavailable());
/// # Ok(())
/// # }
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(test()).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// What a test cannot wait for is up to the clock, which is an application's own in
/// [`SessionManagerBuilder::clock`](crate::SessionManagerBuilder::clock).
///
/// # As a store by itself
///
/// ```
/// use pgstore::store::{Lookup, MemoryStore, Row, RowExtras, Store, Written};
/// use pgstore::{SessionId, Timestamp};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryStore::new();
/// let id = SessionId::generate()?;
/// let row = Row {
///     data: b"sealed".to_vec(),
///     created_on: Timestamp::from_unix_seconds(100),
///     modified_on: Timestamp::from_unix_seconds(100),
///     expires_on: Timestamp::from_unix_seconds(200),
///     extras: RowExtras::default(),
/// };
/// assert_eq!(store.update(&id, row.modified_on, &row).await?, Written::Missed);
/// store.insert(&id, &row).await?;
/// assert_eq!(store.load(&id, Timestamp::from_unix_seconds(199)).await?, Lookup::Row(id.clone(), row));
/// assert_eq!(store.load(&id, Timestamp::from_unix_seconds(200)).await?, Lookup::Absent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # How does an application behave while the database is away?
///
/// [`MemoryStore::fail_with`] shows it:
///
/// ```
/// use pgstore::store::{MemoryStore, Store, StoreErrorKind};
/// use pgstore::SessionId;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryStore::new();
/// store.fail_with(Some(StoreErrorKind::Unavailable));
/// let error = store.delete(&SessionId::generate()?).await.unwrap_err();
/// assert!(error.is_unavailable());
///
/// store.fail_with(None);
/// assert_eq!(store.delete(&SessionId::generate()?).await?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    table: Arc<Mutex<Table>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows there are, those past their time included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table().lines.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes every call from now on fail with this kind, changing nothing; `None` ends it.
    pub fn fail_with(&self, kind: Option<StoreErrorKind>) {
        self.table().failing = kind;
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No change to the table panics half-way, so it is whole even after a panic elsewhere.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<'a, T: Send + 'a>(
        &'a self,
        change: impl FnOnce(&mut Table) -> T + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let mut table = self.table();
            match table.failing {
                Some(kind) => Err(StoreError::new(kind)),
                None => Ok(change(&mut table)),
            }
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("rows", &self.len())
            .finish()
    }
}

impl Store for MemoryStore {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        self.run(move |table| match table.load(id, now) {
            Some(row) => Lookup::Row(id.clone(), row),
            None => table.successor(id, now),
        })
    }

    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()> {
        self.run(move |table| table.insert(id, row))
    }

    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        self.run(move |table| table.update(id, seen, row))
    }

    fn rename<'a>(&'a self, change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        self.run(move |table| table.rename(change, row))
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        self.run(move |table| table.delete(id))
    }

    fn delete_version<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
    ) -> StoreFuture<'a, Written> {
        self.run(move |table| table.delete_version(id, seen))
    }

    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>> {
        self.run(move |table| table.find(handle, now))
    }

    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>> {
        self.run(move |table| table.owned(owner, now))
    }

    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked> {
        self.run(move |table| table.revoke(revocation))
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        self.run(move |table| table.peer_written(after, limit))
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        self.run(move |table| table.sweep(batch))
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        self.run(|_| ())
    }
}

/// What http_sessions is: lines by their number; a key may have several.
#[derive(Default)]
struct Table {
    lines: BTreeMap<i64, Line>,
    last_number: i64,
    failing: Option<StoreErrorKind>,
}

/// One line of the table: a row, its key, and the key before that one.
struct Line {
    key: SessionId,
    row: Row,
    previous: Option<(SessionId, PreviousId)>,
}

impl Table {
    /// The number of the newest row of a key.
    fn newest(&self, id: &SessionId) -> Option<i64> {
        let of_key = self.lines.iter().filter(|(_, line)| line.key == *id);
        let newest = of_key.max_by_key(|(number, line)| (line.row.modified_on, **number));
        newest.map(|(number, _)| *number)
    }

    fn load(&mut self, id: &SessionId, now: Timestamp) -> Option<Row> {
        let newest = self.newest(id)?;
        self.keep_only(id, newest);
        let row = &self.lines[&newest].row;
        (!row.is_expired(now)).then(|| row.clone())
    }

    fn keep_only(&mut self, id: &SessionId, newest: i64) {
        self.lines
            .retain(|number, line| line.key != *id || *number == newest);
    }

    fn version(&self, id: &SessionId) -> Option<Timestamp> {
        Some(self.lines[&self.newest(id)?].row.modified_on)
    }

    fn insert(&mut self, id: &SessionId, row: &Row) {
        self.write(Line {
            key: id.clone(),
            row: row.clone(),
            previous: None,
        });
    }

    fn write(&mut self, line: Line) {
        self.last_number += 1;
        self.lines.insert(self.last_number, line);
    }

    /// What an ID without a row of its own leads to.
    fn successor(&self, id: &SessionId, now: Timestamp) -> Lookup {
        let is_successor = |line: &&Line| line.previous.as_ref().is_some_and(|(old, _)| old == id);
        let mut lines = self.lines.iter().rev();
        let found = lines.find(|(_, line)| is_successor(line));
        let Some((
            number,
            line @ Line {
                previous: Some((_, previous)),
                ..
            },
        )) = found
        else {
            return Lookup::Absent;
        };
        let is_newest = self.newest(&line.key) == Some(*number);
        if is_newest && previous.leads_to(&line.row, now) {
            return Lookup::Row(line.key.clone(), line.row.clone());
        }
        match now < previous.until {
            true => Lookup::Replaced,
            false => Lookup::Absent,
        }
    }

    fn update(&mut self, id: &SessionId, seen: Timestamp, new: &Row) -> Written {
        let newest = self.newest(id);
        let line = newest.and_then(|number| self.lines.get_mut(&number));
        let Some(line) = line.filter(|line| line.row.modified_on == seen) else {
            return Written::Missed;
        };
        let is_as_it_was =
            line.row.extras.save_token.is_some() && line.row.extras.owner == new.extras.owner;
        if let (false, Some((_, previous))) = (is_as_it_was, &mut line.previous) {
            previous.grace_until = None;
        }
        line.row = Row {
            created_on: line.row.created_on,
            ..new.clone()
        };
        Written::Saved
    }

    fn rename(&mut self, change: IdChange<'_>, row: &Row) -> Written {
        let IdChange {
            old,
            seen,
            new,
            previous,
        } = change;
        let version = self.version(old);
        if version.is_none() || seen.is_some() && seen != version {
            return Written::Missed;
        }
        self.delete(old);
        self.write(Line {
            key: new.clone(),
            row: row.clone(),
            previous: Some((old.clone(), previous)),
        });
        Written::Saved
    }

    fn delete(&mut self, id: &SessionId) -> u64 {
        self.remove(|line| line.key == *id)
    }

    fn delete_version(&mut self, id: &SessionId, seen: Timestamp) -> Written {
        if self.version(id) != Some(seen) {
            return Written::Missed;
        }
        self.delete(id);
        Written::Saved
    }

    fn remove(&mut self, is_meant: impl Fn(&Line) -> bool) -> u64 {
        let before = self.lines.len();
        self.lines.retain(|_, line| !is_meant(line));
        (before - self.lines.len()) as u64
    }

    fn find(&self, handle: &SessionHandle, now: Timestamp) -> Option<(SessionId, Row)> {
        let mut live = self.newest_of_each_key(now).into_iter();
        live.find(|(_, row)| row.extras.handle.as_ref() == Some(handle))
    }

    fn owned(&self, owner: &str, now: Timestamp) -> Vec<(SessionId, Row)> {
        let mut owned = self.newest_of_each_key(now);
        owned.retain(|(_, row)| row.extras.owner.as_deref() == Some(owner));
        owned
    }

    /// The sessions that are alive, newest first.
    fn newest_of_each_key(&self, now: Timestamp) -> Vec<(SessionId, Row)> {
        let newest = |(number, line): &(&i64, &Line)| self.newest(&line.key) == Some(**number);
        let lines = self.lines.iter().filter(newest);
        let live = lines.filter(|(_, line)| !line.row.is_expired(now));
        let mut rows: Vec<_> = live
            .map(|(_, line)| (line.key.clone(), line.row.clone()))
            .collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.modified_on));
        rows
    }

    fn revoke(&mut self, revocation: &Revocation<'_>) -> Revoked {
        let lines = self.lines.values();
        let theirs = lines.filter(|line| revocation.removes(&line.key, &line.row));
        let keys: Vec<_> = theirs.map(|line| line.key.clone()).collect();
        let removed = self.remove(|line| keys.contains(&line.key));
        Revoked::new(removed, removed)
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> PeerWritten {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_meant = |(number, line): &(&i64, &Line)| {
            PeerWrittenCursor::new(**number) > after && line.row.extras.save_token.is_none()
        };
        let batch: Vec<_> = self.lines.iter().filter(is_meant).take(limit).collect();
        let next = batch.last().filter(|_| batch.len() == limit);
        let next = next.map(|(number, _)| PeerWrittenCursor::new(**number));
        let rows = batch
            .iter()
            .map(|(_, line)| (line.key.clone(), line.row.clone()));
        PeerWritten::new(rows.collect(), next)
    }

    fn sweep(&mut self, batch: &SweepBatch) -> Swept {
        let limit = usize::try_from(batch.limit).unwrap_or(usize::MAX);
        let places = self.places(batch);
        let looked_at = &places[..places.len().min(limit)];
        let before = self.lines.len();
        for place in looked_at {
            if batch.removes(&self.lines[&place.row].row) {
                self.lines.remove(&place.row);
            }
        }
        let full = !looked_at.is_empty() && looked_at.len() == limit;
        let next = looked_at.last().copied().filter(|_| full);
        Swept::new((before - self.lines.len()) as u64, next)
    }

    /// The places of the rows a sweep has still before it, in its order.
    fn places(&self, batch: &SweepBatch) -> Vec<SweepCursor> {
        let mut places: Vec<_> = self
            .lines
            .iter()
            .filter(|(_, line)| line.row.expires_on < batch.expired_before)
            .map(|(number, line)| SweepCursor::new(line.row.expires_on, *number))
            .filter(|place| *place > batch.after)
            .collect();
        places.sort_unstable();
        places
    }
}
