//! A store around another one: every call passes one hook.

use std::fmt::Debug;

use super::method::StoreMethod;
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::{IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row};
use crate::store::{Store, StoreError, StoreFuture, SweepBatch, Swept, Written};

/// A [`Store`] around another one that sees every call.
///
/// Implement it for a test double of your own: the type is a [`Store`] then, and each of its
/// methods calls [`intercept`](Intercept::intercept).
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use pgstore::{MemoryStore, Store};
/// use pgstore::store::{Intercept, StoreFuture, StoreMethod};
/// use pgstore::SessionId;
///
/// /// Counts the writes.
/// #[derive(Debug, Default)]
/// struct Counting(MemoryStore, AtomicUsize);
///
/// impl Intercept for Counting {
///     type Inner = MemoryStore;
///
///     fn inner_store(&self) -> &MemoryStore {
///         &self.0
///     }
///
///     fn intercept<'a, T: Send + 'a>(
///         &'a self,
///         method: StoreMethod,
///         call: StoreFuture<'a, T>,
///     ) -> StoreFuture<'a, T> {
///         self.1.fetch_add(usize::from(method.writes()), Ordering::Relaxed);
///         call
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = Counting::default();
/// store.delete(&SessionId::generate()?).await?;
/// store.probe().await?;
/// assert_eq!(store.1.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Intercept: Debug + Send + Sync + 'static {
    /// The store inside.
    type Inner: Store;

    /// The store inside.
    fn inner_store(&self) -> &Self::Inner;

    /// Returns the future that answers a call. `call` is the call of the store inside, which runs
    /// only when `call` is awaited.
    fn intercept<'a, T: Send + 'a>(
        &'a self,
        method: StoreMethod,
        call: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T>;
}

impl<I: Intercept> Store for I {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        let call = self.inner_store().load(id, now);
        self.intercept(StoreMethod::Load, call)
    }

    fn load_all<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Result<Lookup, StoreError>>> {
        let call = self.inner_store().load_all(ids, now);
        self.intercept(StoreMethod::LoadAll, call)
    }

    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()> {
        let call = self.inner_store().insert(id, row);
        self.intercept(StoreMethod::Insert, call)
    }

    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        let call = self.inner_store().update(id, seen, row);
        self.intercept(StoreMethod::Update, call)
    }

    fn rename<'a>(&'a self, change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        let call = self.inner_store().rename(change, row);
        self.intercept(StoreMethod::Rename, call)
    }

    fn confirm<'a>(
        &'a self,
        id: &'a SessionId,
        until: Timestamp,
        grace_until: Timestamp,
    ) -> StoreFuture<'a, ()> {
        let call = self.inner_store().confirm(id, until, grace_until);
        self.intercept(StoreMethod::Confirm, call)
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        let call = self.inner_store().delete(id);
        self.intercept(StoreMethod::Delete, call)
    }

    fn delete_version<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
    ) -> StoreFuture<'a, Written> {
        let call = self.inner_store().delete_version(id, seen);
        self.intercept(StoreMethod::DeleteVersion, call)
    }

    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>> {
        let call = self.inner_store().find(handle, now);
        self.intercept(StoreMethod::Find, call)
    }

    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>> {
        let call = self.inner_store().owned(owner, now);
        self.intercept(StoreMethod::Owned, call)
    }

    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked> {
        let call = self.inner_store().revoke(revocation);
        self.intercept(StoreMethod::Revoke, call)
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        let call = self.inner_store().peer_written(after, limit);
        self.intercept(StoreMethod::PeerWritten, call)
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        let call = self.inner_store().sweep(batch);
        self.intercept(StoreMethod::Sweep, call)
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        let call = self.inner_store().probe();
        self.intercept(StoreMethod::Probe, call)
    }

    fn collection_name(&self) -> Option<&str> {
        self.inner_store().collection_name()
    }
}
