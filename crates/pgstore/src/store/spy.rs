//! A store that notes what it is asked, for tests.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{
    IdChange, Lookup, MemoryStore, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row,
};
use super::{Store, StoreFuture, SweepBatch, Swept, Written};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;

/// A [`Store`] around another one that notes what it is asked, and can keep a call waiting.
///
/// For tests of how often the store is asked, and of what happens meanwhile. Clones share their
/// notes. What fails or goes missing is up to a [`FaultyStore`](super::FaultyStore), or to
/// [`MemoryStore::fail_with`].
///
/// ```
/// use pgstore::store::{MemoryStore, SpyStore, Store};
/// use pgstore::{SessionId, Timestamp};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = SpyStore::new(MemoryStore::new());
/// let id = SessionId::generate()?;
/// store.load(&id, Timestamp::UNIX_EPOCH).await?;
/// store.delete(&id).await?;
/// assert_eq!(store.calls(), ["load", "delete"]);
/// assert!(store.calls().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// What comes first when two get into each other's way is for the test to say:
///
/// ```
/// use pgstore::store::{MemoryStore, SpyStore, Store};
/// use pgstore::SessionId;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, id) = (SpyStore::new(MemoryStore::new()), SessionId::generate()?);
/// let held = store.hold();
/// let first = tokio::spawn({
///     let (store, id) = (store.clone(), id.clone());
///     async move { store.delete(&id).await }
/// });
/// held.reached().await;
/// store.delete(&id).await?; // The second one overtakes it.
/// held.release();
/// first.await??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SpyStore<S = MemoryStore> {
    inner: S,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Debug, Default)]
struct Notes {
    calls: Vec<&'static str>,
    held: Option<HeldCall>,
}

/// A call that waits inside a [`SpyStore`], once it has come.
#[derive(Clone, Debug)]
pub struct HeldCall(Arc<[Notify; 2]>);

impl<S> SpyStore<S> {
    /// Watches a store.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            notes: Arc::default(),
        }
    }

    /// The store that is watched: what it is asked directly is not noted.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// What was asked since the last time this was: the methods' names, in order.
    #[allow(clippy::must_use_candidate)] // Asking for them is also how they are dropped.
    pub fn calls(&self) -> Vec<&'static str> {
        mem::take(&mut self.notes().calls)
    }

    /// Keeps the next call waiting, before the store is asked, until it is released.
    #[must_use]
    pub fn hold(&self) -> HeldCall {
        let held = HeldCall(Arc::default());
        self.notes().held = Some(held.clone());
        held
    }

    fn note<'a, T: 'a>(
        &'a self,
        call: &'static str,
        answer: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        let mut notes = self.notes();
        notes.calls.push(call);
        match notes.held.take() {
            Some(held) => Box::pin(async move {
                held.wait().await;
                answer.await
            }),
            None => answer,
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        // Nothing panics while it is held.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldCall {
    /// Ends once the call has come.
    pub async fn reached(&self) {
        self.0[0].notified().await;
    }

    /// Lets the call go on.
    pub fn release(&self) {
        self.0[1].notify_one();
    }

    async fn wait(&self) {
        self.0[0].notify_one();
        self.0[1].notified().await;
    }
}

impl<S: Store> Store for SpyStore<S> {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        self.note("load", self.inner.load(id, now))
    }

    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()> {
        self.note("insert", self.inner.insert(id, row))
    }

    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        self.note("update", self.inner.update(id, seen, row))
    }

    fn rename<'a>(&'a self, change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        self.note("rename", self.inner.rename(change, row))
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        self.note("delete", self.inner.delete(id))
    }

    fn delete_version<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
    ) -> StoreFuture<'a, Written> {
        self.note("delete_version", self.inner.delete_version(id, seen))
    }

    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>> {
        self.note("find", self.inner.find(handle, now))
    }

    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>> {
        self.note("owned", self.inner.owned(owner, now))
    }

    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked> {
        self.note("revoke", self.inner.revoke(revocation))
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        self.note("peer_written", self.inner.peer_written(after, limit))
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        self.note("sweep", self.inner.sweep(batch))
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        self.note("probe", self.inner.probe())
    }
}
