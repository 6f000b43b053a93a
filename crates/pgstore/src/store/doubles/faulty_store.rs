//! A store that fails on command, for tests.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::intercept::Intercept;
use super::method::StoreMethod;
use crate::store::{MemoryStore, Store, StoreError, StoreErrorKind, StoreFuture};

/// A [`Store`] around another one that fails on command.
///
/// A call gets the first fault that applies: of [`once`](FaultyStore::once), then of
/// [`next`](FaultyStore::next), then of [`every`](FaultyStore::every). Clones share their faults.
///
/// ```
/// use pgstore::{MemoryStore, Store, StoreErrorKind};
/// use pgstore::store::{Fault, FaultyStore};
/// use pgstore::SessionId;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, id) = (FaultyStore::new(MemoryStore::new()), SessionId::generate()?);
///
/// // The store performs a logout, but its answer is lost.
/// store.next(Fault::LosesTheAnswer);
/// let error = store.delete(&id).await.unwrap_err();
/// assert!(error.is_unavailable() && error.is_in_doubt());
/// assert_eq!(store.delete(&id).await?, 0);
///
/// // An outage that lasts until `mend`.
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
    script: Arc<Mutex<FaultScript>>,
}

/// How a call of a [`FaultyStore`] fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The call fails and does not reach the store.
    Fails(StoreErrorKind),
    /// The store performs the call, and the answer is lost. The call fails as unavailable; a write
    /// is [in doubt](StoreError::is_in_doubt).
    LosesTheAnswer,
    /// The call is lost on its way to the store. It fails with the same error as
    /// [`LosesTheAnswer`](Fault::LosesTheAnswer).
    LosesTheCall,
    /// The call waits until [`release`](FaultyStore::release), then reaches the store.
    NeverAnswers,
    /// The call panics and does not reach the store.
    Panics,
}

#[derive(Debug, Default)]
struct FaultScript {
    next: VecDeque<Fault>,
    once: HashMap<StoreMethod, VecDeque<Fault>>,
    every: HashMap<StoreMethod, Fault>,
    /// How often waiting calls were released.
    releases: watch::Sender<u64>,
}

impl<S> FaultyStore<S> {
    /// A store without faults.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            script: Arc::default(),
        }
    }

    /// The store inside. Its own calls have no faults.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Adds a fault for the next call that has none yet, of any method.
    pub fn next(&self, fault: Fault) {
        self.script().next.push_back(fault);
    }

    /// Sets a fault for every call of this method of [`Store`], such as `"load"`, until
    /// [`mend`](FaultyStore::mend).
    ///
    /// # Panics
    /// When `method` is not the name of a method of [`Store`].
    pub fn every(&self, method: &'static str, fault: Fault) {
        let method = parse(method);
        self.script().every.insert(method, fault);
    }

    /// Adds a fault for the next call of this method that has none yet.
    ///
    /// # Panics
    /// When `method` is not the name of a method of [`Store`].
    pub fn once(&self, method: &'static str, fault: Fault) {
        let method = parse(method);
        let mut script = self.script();
        script.once.entry(method).or_default().push_back(fault);
    }

    /// Removes all faults and releases the waiting calls.
    pub fn mend(&self) {
        let mut script = self.script();
        script.next.clear();
        script.once.clear();
        script.every.clear();
        drop(script);
        self.release();
    }

    /// Lets the waiting calls reach the store.
    pub fn release(&self) {
        self.script().releases.send_modify(|count| *count += 1);
    }

    fn script(&self) -> MutexGuard<'_, FaultScript> {
        // No code panics while it holds the lock.
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> Intercept for FaultyStore<S> {
    type Inner = S;

    fn inner_store(&self) -> &S {
        &self.inner
    }

    fn intercept<'a, T: Send + 'a>(
        &'a self,
        method: StoreMethod,
        call: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        let mut script = self.script();
        match script.fault_of(method) {
            None => call,
            Some(Fault::Fails(kind)) => Box::pin(async move { Err(StoreError::new(kind)) }),
            Some(Fault::LosesTheAnswer) => Box::pin(async move {
                call.await?;
                Err(lost(method))
            }),
            Some(Fault::LosesTheCall) => Box::pin(async move { Err(lost(method)) }),
            Some(Fault::NeverAnswers) => {
                let mut releases = script.releases.subscribe();
                Box::pin(async move {
                    // It cannot fail: the sender lives in the store, which this future borrows.
                    let _ = releases.changed().await;
                    call.await
                })
            }
            Some(Fault::Panics) => {
                Box::pin(async move { panic!("{} panics, as the test demands", method.name()) })
            }
        }
    }
}

impl FaultScript {
    /// The fault of the next call of this method. It is used up unless it is for every call.
    fn fault_of(&mut self, method: StoreMethod) -> Option<Fault> {
        let once = self.once.get_mut(&method).and_then(VecDeque::pop_front);
        let next = once.or_else(|| self.next.pop_front());
        next.or_else(|| self.every.get(&method).copied())
    }
}

fn parse(method: &str) -> StoreMethod {
    StoreMethod::parse(method).unwrap_or_else(|| panic!("a store has no method `{method}`"))
}

/// The error of a call whose answer was lost. A write is in doubt then.
fn lost(method: StoreMethod) -> StoreError {
    let lost = StoreError::new(StoreErrorKind::Unavailable);
    match method.writes() {
        true => lost.in_doubt(),
        false => lost,
    }
}
