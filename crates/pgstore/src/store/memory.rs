//! A store in memory, for an application's own tests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Row, Store, StoreError, StoreErrorKind, StoreFuture};
use super::{SweepBatch, SweepCursor, Swept, Written};
use crate::clock::Timestamp;
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
/// let sessions = SessionManager::new(store.clone(), keys);
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
/// [`SessionManager::clock`](crate::SessionManager::clock).
///
/// # As a store by itself
///
/// ```
/// use pgstore::store::{MemoryStore, Row, Store, Written};
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
/// };
/// assert_eq!(store.update(&id, row.modified_on, &row).await?, Written::Missed);
/// store.insert(&id, &row).await?;
/// assert_eq!(store.load(&id, Timestamp::from_unix_seconds(199)).await?, Some(row));
/// assert_eq!(store.load(&id, Timestamp::from_unix_seconds(200)).await?, None);
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
        self.table().rows.len()
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
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Option<Row>> {
        self.run(move |table| {
            let newest = table.newest(id)?;
            table.keep_only(id, newest);
            let row = &table.rows[&newest].1;
            (!row.is_past_its_time(now)).then(|| row.clone())
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

    fn rename<'a>(
        &'a self,
        old: &'a SessionId,
        seen: Option<Timestamp>,
        new: &'a SessionId,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        self.run(move |table| table.rename(old, seen, new, row))
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        self.run(move |table| table.delete(id))
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        self.run(move |table| table.sweep(batch))
    }
}

/// What http_sessions is: rows by their number; a key may have several.
#[derive(Default)]
struct Table {
    rows: BTreeMap<i64, (SessionId, Row)>,
    last_number: i64,
    failing: Option<StoreErrorKind>,
}

impl Table {
    /// The number of the newest row of a key.
    fn newest(&self, id: &SessionId) -> Option<i64> {
        let of_key = self.rows.iter().filter(|(_, (key, _))| key == id);
        let newest = of_key.max_by_key(|(number, (_, row))| (row.modified_on, **number));
        newest.map(|(number, _)| *number)
    }

    fn keep_only(&mut self, id: &SessionId, newest: i64) {
        self.rows
            .retain(|number, (key, _)| key != id || *number == newest);
    }

    fn insert(&mut self, id: &SessionId, row: &Row) {
        self.last_number += 1;
        self.rows
            .insert(self.last_number, (id.clone(), row.clone()));
    }

    fn update(&mut self, id: &SessionId, seen: Timestamp, new: &Row) -> Written {
        let newest = self
            .newest(id)
            .and_then(|number| self.rows.get_mut(&number));
        match newest {
            Some((_, row)) if row.modified_on == seen => {
                *row = Row {
                    created_on: row.created_on,
                    ..new.clone()
                };
                Written::Saved
            }
            _ => Written::Missed,
        }
    }

    fn rename(
        &mut self,
        old: &SessionId,
        seen: Option<Timestamp>,
        new: &SessionId,
        row: &Row,
    ) -> Written {
        let version = self
            .newest(old)
            .map(|number| self.rows[&number].1.modified_on);
        if version.is_none() || seen.is_some() && seen != version {
            return Written::Missed;
        }
        self.delete(old);
        self.insert(new, row);
        Written::Saved
    }

    fn delete(&mut self, id: &SessionId) -> u64 {
        let before = self.rows.len();
        self.rows.retain(|_, (key, _)| key != id);
        (before - self.rows.len()) as u64
    }

    fn sweep(&mut self, batch: &SweepBatch) -> Swept {
        let limit = usize::try_from(batch.limit).unwrap_or(usize::MAX);
        let places = self.places(batch);
        let looked_at = &places[..places.len().min(limit)];
        let before = self.rows.len();
        for place in looked_at {
            if batch.removes(&self.rows[&place.row].1) {
                self.rows.remove(&place.row);
            }
        }
        let full = !looked_at.is_empty() && looked_at.len() == limit;
        let next = looked_at.last().copied().filter(|_| full);
        Swept::new((before - self.rows.len()) as u64, next)
    }

    /// The places of the rows a sweep has still before it, in its order.
    fn places(&self, batch: &SweepBatch) -> Vec<SweepCursor> {
        let mut places: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, (_, row))| row.expires_on < batch.expired_before)
            .map(|(number, (_, row))| SweepCursor::new(row.expires_on, *number))
            .filter(|place| *place > batch.after)
            .collect();
        places.sort_unstable();
        places
    }
}
