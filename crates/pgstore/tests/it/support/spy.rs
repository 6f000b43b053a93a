//! A store that notes what it is asked, and fails when it is told to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pgstore::store::MemoryStore;
use pgstore::store::{
    Row, Store, StoreError, StoreErrorKind, StoreFuture, SweepBatch, Swept, Written,
};
use pgstore::{SessionId, Timestamp};
use tokio::sync::Notify;

/// A `MemoryStore` under observation. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spy {
    inner: MemoryStore,
    calls: Arc<Mutex<Vec<&'static str>>>,
    down: Arc<AtomicBool>,
    held: Arc<Mutex<Option<Held>>>,
}

/// A call that waits inside the store.
#[derive(Clone, Debug)]
pub(crate) struct Held(Arc<[Notify; 2]>);

impl Held {
    /// Ends once the call has begun.
    pub(crate) async fn reached(&self) {
        self.0[0].notified().await;
    }

    pub(crate) fn release(&self) {
        self.0[1].notify_one();
    }

    async fn wait(&self) {
        self.0[0].notify_one();
        self.0[1].notified().await;
    }
}

impl Spy {
    /// What it was asked since the last time this was asked.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// From now on it cannot be reached, or can again.
    pub(crate) fn is_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Keeps the next call waiting until it is released.
    pub(crate) fn hold(&self) -> Held {
        let held = Held(Arc::default());
        *self.held.lock().unwrap() = Some(held.clone());
        held
    }

    fn note<'a, T: 'a>(
        &'a self,
        call: &'static str,
        answer: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        self.calls.lock().unwrap().push(call);
        if self.down.load(Ordering::SeqCst) {
            Box::pin(async { Err(StoreError::new(StoreErrorKind::Unavailable)) })
        } else if let Some(held) = self.held.lock().unwrap().take() {
            Box::pin(async move {
                held.wait().await;
                answer.await
            })
        } else {
            answer
        }
    }
}

impl Store for Spy {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Option<Row>> {
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

    fn rename<'a>(
        &'a self,
        old: &'a SessionId,
        seen: Option<Timestamp>,
        new: &'a SessionId,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        self.note("rename", self.inner.rename(old, seen, new, row))
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        self.note("delete", self.inner.delete(id))
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        self.note("sweep", self.inner.sweep(batch))
    }
}
