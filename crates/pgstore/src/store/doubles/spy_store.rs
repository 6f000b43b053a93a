//! A store that records its calls, for tests.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::intercept::Intercept;
use super::method::StoreMethod;
use crate::store::{MemoryStore, Store, StoreFuture};

/// A [`Store`] around another one that records its calls, and can hold a call.
///
/// Use it in tests to check how often the store is called, and to decide the order of concurrent
/// calls. Clones share their record. To make calls fail, use a
/// [`FaultyStore`](super::FaultyStore) or [`MemoryStore::fail_with`].
///
/// ```
/// use pgstore::{MemoryStore, Store};
/// use pgstore::store::SpyStore;
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
/// A held call lets the test decide which of two concurrent calls comes first:
///
/// ```
/// use pgstore::{MemoryStore, Store};
/// use pgstore::store::SpyStore;
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
/// store.delete(&id).await?; // The second call overtakes the first.
/// held.release();
/// first.await??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SpyStore<S = MemoryStore> {
    inner: S,
    record: Arc<Mutex<CallRecord>>,
}

#[derive(Debug, Default)]
struct CallRecord {
    calls: Vec<&'static str>,
    held: Option<HeldCall>,
}

/// The next call of a [`SpyStore`], which waits until it is released.
#[derive(Clone, Debug)]
pub struct HeldCall(Arc<[Notify; 2]>);

impl<S> SpyStore<S> {
    /// Records the calls of this store.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            record: Arc::default(),
        }
    }

    /// The store inside. Its own calls are not recorded.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the record: the names of the methods called since the last time, in order.
    #[allow(clippy::must_use_candidate)] // A caller may want to clear the record only.
    pub fn calls(&self) -> Vec<&'static str> {
        mem::take(&mut self.record().calls)
    }

    /// Holds the next call before it reaches the store, until it is released.
    #[must_use]
    pub fn hold(&self) -> HeldCall {
        let held = HeldCall(Arc::default());
        self.record().held = Some(held.clone());
        held
    }

    fn record(&self) -> MutexGuard<'_, CallRecord> {
        // No code panics while it holds the lock.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldCall {
    /// Waits until the call is made.
    pub async fn reached(&self) {
        self.0[0].notified().await;
    }

    /// Lets the call proceed.
    pub fn release(&self) {
        self.0[1].notify_one();
    }

    async fn wait(&self) {
        self.0[0].notify_one();
        self.0[1].notified().await;
    }
}

impl<S: Store> Intercept for SpyStore<S> {
    type Inner = S;

    fn inner_store(&self) -> &S {
        &self.inner
    }

    fn intercept<'a, T: Send + 'a>(
        &'a self,
        method: StoreMethod,
        call: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        let mut record = self.record();
        record.calls.push(method.name());
        match record.held.take() {
            Some(held) => Box::pin(async move {
                held.wait().await;
                call.await
            }),
            None => call,
        }
    }
}
