//! The store, which locks its table for each call.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::memory_table::MemoryTable;
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::{IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row};
use crate::store::{Store, StoreError, StoreErrorKind, StoreFuture, SweepBatch, Swept, Written};

/// A [`Store`] that keeps its rows in memory and behaves as `PgStore` does.
///
/// Use it in tests without a database. It is not for production: rows are lost when the last clone
/// is dropped, and other processes do not see them. Clones share their rows, so a test can keep one
/// and give another to the application.
///
/// # How does an application test its own handlers?
///
/// It runs them with this store in place of `PgStore`:
///
/// ```
/// use http::HeaderMap;
/// use http::header::{COOKIE, SET_COOKIE};
/// use pgstore::{MemoryStore, StoreErrorKind};
/// use pgstore::Keys;
/// use pgstore::{Session, SessionError, SessionManager};
///
/// // A handler of the application …
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
/// // The next request sends the cookie.
/// let (cookie, _attributes) = response[SET_COOKIE].to_str()?.split_once(';').unwrap();
/// let request = HeaderMap::from_iter([(COOKIE, cookie.parse()?)]);
/// let session = sessions.get(&request, "shop")?;
/// assert_eq!(add_to_cart(&session, "pears").await?, 2);
///
/// // Another request comes while the database is unreachable.
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
/// To let time pass, give the session manager a clock that the test sets.
///
/// # How is a store used directly?
///
/// ```
/// use pgstore::{MemoryStore, Store};
/// use pgstore::store::{Lookup, Row, RowExtras, Written};
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
/// # How does an application behave while the database is unreachable?
///
/// [`MemoryStore::fail_with`] simulates it:
///
/// ```
/// use pgstore::{MemoryStore, Store, StoreErrorKind};
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
    table: Arc<Mutex<MemoryTable>>,
}

impl MemoryStore {
    /// An empty store.
    ///
    /// ```
    /// use pgstore::MemoryStore;
    ///
    /// assert!(MemoryStore::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows there are, including expired ones.
    ///
    /// ```
    /// use pgstore::MemoryStore;
    ///
    /// assert_eq!(MemoryStore::new().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.table().len()
    }

    /// Whether there are no rows.
    ///
    /// ```
    /// use pgstore::MemoryStore;
    ///
    /// let store = MemoryStore::new();
    /// let clone = store.clone(); // Shares the rows.
    /// assert_eq!(store.is_empty(), clone.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes every later call fail with this kind and change nothing. `None` ends the failure.
    ///
    /// ```
    /// use pgstore::{MemoryStore, Store, StoreErrorKind};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let store = MemoryStore::new();
    /// store.fail_with(Some(StoreErrorKind::Timeout));
    /// assert_eq!(store.probe().await.unwrap_err().kind(), StoreErrorKind::Timeout);
    /// store.fail_with(None);
    /// assert!(store.probe().await.is_ok());
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn fail_with(&self, kind: Option<StoreErrorKind>) {
        self.table().failing = kind;
    }

    fn table(&self) -> MutexGuard<'_, MemoryTable> {
        // No change of the table panics half-way, so the table is consistent even when poisoned.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<'a, T: Send + 'a>(
        &'a self,
        change: impl FnOnce(&mut MemoryTable) -> T + Send + 'a,
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
        self.run(move |table| table.load(id, now))
    }

    fn load_all<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Result<Lookup, StoreError>>> {
        self.run(move |table| ids.iter().map(|id| Ok(table.load(id, now))).collect())
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

    fn confirm<'a>(
        &'a self,
        id: &'a SessionId,
        until: Timestamp,
        grace_until: Timestamp,
    ) -> StoreFuture<'a, ()> {
        self.run(move |table| table.confirm(id, until, grace_until))
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        self.run(move |table| table.end(id))
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
