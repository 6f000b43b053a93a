//! A store in which things go wrong as a test says.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{
    IdChange, Lookup, MemoryStore, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row,
};
use super::{Store, StoreError, StoreErrorKind, StoreFuture, SweepBatch, Swept, Written};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;

/// A [`Store`] around another one in which things go wrong as a test says.
///
/// The next calls get the faults of [`next`](FaultyStore::next) in their order; the others those of
/// [`every`](FaultyStore::every). Clones share their faults.
///
/// ```
/// use pgstore::store::{Fault, FaultyStore, MemoryStore, Store, StoreErrorKind};
/// use pgstore::SessionId;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, id) = (FaultyStore::new(MemoryStore::new()), SessionId::generate()?);
///
/// // A logout that the store does, while nobody learns of it.
/// store.next(Fault::LosesTheAnswer);
/// let error = store.delete(&id).await.unwrap_err();
/// assert!(error.is_unavailable() && error.is_in_doubt());
/// assert_eq!(store.delete(&id).await?, 0);
///
/// // An outage for as long as the test likes.
/// store.every("delete", Fault::Fails(StoreErrorKind::Timeout));
/// let error = store.delete(&id).await.unwrap_err();
/// assert!(error.is_unavailable() && !error.is_in_doubt());
/// store.mend();
/// assert_eq!(store.delete(&id).await?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct FaultyStore<S = MemoryStore> {
    inner: S,
    script: Arc<Mutex<Script>>,
}

/// What goes wrong in a call of a [`FaultyStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It fails, and the store is not asked.
    Fails(StoreErrorKind),
    /// The store does it, and the answer is lost: it fails as unavailable, and a write
    /// [in doubt](StoreError::is_in_doubt).
    LosesTheAnswer,
    /// The store is not asked, and nobody can tell: it fails in the same way.
    LosesTheCall,
    /// It waits, and the store is not asked, until [`release`](FaultyStore::release) or for ever.
    NeverAnswers,
    /// It panics, and the store is not asked.
    Panics,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Fault>,
    once: HashMap<&'static str, VecDeque<Fault>>,
    every: HashMap<&'static str, Fault>,
    /// How often the waiting calls were released.
    releases: watch::Sender<u64>,
}

impl<S> FaultyStore<S> {
    /// The methods of [`Store`] that change something.
    const WRITES: [&'static str; 7] = [
        "insert",
        "update",
        "rename",
        "delete",
        "delete_version",
        "revoke",
        "sweep",
    ];
    /// Those that do not.
    const READS: [&'static str; 5] = ["load", "find", "owned", "peer_written", "probe"];

    /// A store in which nothing goes wrong yet.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            script: Arc::default(),
        }
    }

    /// The store inside, in which nothing goes wrong.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// What goes wrong in the next call, or in the one after those that have a fault already.
    pub fn next(&self, fault: Fault) {
        self.script().next.push_back(fault);
    }

    /// What goes wrong in every call of this method of [`Store`], such as `"load"`, from now on.
    ///
    /// # Panics
    /// When there is no such method.
    pub fn every(&self, method: &'static str, fault: Fault) {
        Self::must_be_a_method(method);
        self.script().every.insert(method, fault);
    }

    /// What goes wrong in the next call of this method, or in the one after those that have a
    /// fault already.
    ///
    /// # Panics
    /// When there is no such method.
    pub fn once(&self, method: &'static str, fault: Fault) {
        Self::must_be_a_method(method);
        let mut script = self.script();
        script.once.entry(method).or_default().push_back(fault);
    }

    fn must_be_a_method(method: &'static str) {
        let methods = [&Self::READS[..], &Self::WRITES[..]].concat();
        assert!(methods.contains(&method), "a store has no `{method}`");
    }

    /// Nothing goes wrong any more; calls that wait are released.
    pub fn mend(&self) {
        let mut script = self.script();
        script.next.clear();
        script.once.clear();
        script.every.clear();
        drop(script);
        self.release();
    }

    /// The calls that wait now ask the store, and answer.
    pub fn release(&self) {
        self.script().releases.send_modify(|count| *count += 1);
    }

    fn tried<'a, T: Send + 'a>(
        &'a self,
        method: &'static str,
        answer: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        let mut script = self.script();
        let once = script.once.get_mut(method).and_then(VecDeque::pop_front);
        let next = once.or_else(|| script.next.pop_front());
        match next.or_else(|| script.every.get(method).copied()) {
            None => answer,
            Some(Fault::Fails(kind)) => Box::pin(async move { Err(StoreError::new(kind)) }),
            Some(Fault::LosesTheAnswer) => Box::pin(async move {
                answer.await?;
                Err(Self::lost(method))
            }),
            Some(Fault::LosesTheCall) => Box::pin(async move { Err(Self::lost(method)) }),
            Some(Fault::NeverAnswers) => {
                let mut releases = script.releases.subscribe();
                Box::pin(async move {
                    // It cannot fail: the store, which is borrowed, has the sender.
                    let _ = releases.changed().await;
                    answer.await
                })
            }
            Some(Fault::Panics) => {
                Box::pin(async move { panic!("{method} panics as it was told") })
            }
        }
    }

    /// The error of a call that nobody heard of any more.
    fn lost(method: &'static str) -> StoreError {
        let lost = StoreError::new(StoreErrorKind::Unavailable);
        match Self::WRITES.contains(&method) {
            true => lost.in_doubt(),
            false => lost,
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        // Nothing panics while it is held.
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        self.tried("load", self.inner.load(id, now))
    }

    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()> {
        self.tried("insert", self.inner.insert(id, row))
    }

    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        self.tried("update", self.inner.update(id, seen, row))
    }

    fn rename<'a>(&'a self, change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        self.tried("rename", self.inner.rename(change, row))
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        self.tried("delete", self.inner.delete(id))
    }

    fn delete_version<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
    ) -> StoreFuture<'a, Written> {
        self.tried("delete_version", self.inner.delete_version(id, seen))
    }

    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>> {
        self.tried("find", self.inner.find(handle, now))
    }

    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>> {
        self.tried("owned", self.inner.owned(owner, now))
    }

    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked> {
        self.tried("revoke", self.inner.revoke(revocation))
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        self.tried("peer_written", self.inner.peer_written(after, limit))
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        self.tried("sweep", self.inner.sweep(batch))
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        self.tried("probe", self.inner.probe())
    }
}
