//! What every [`Store`] must do, as a list of behaviours to run against one of your own.
//!
//! ```
//! use std::sync::Arc;
//! use pgstore::store::{MemoryStore, conformance};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! for behaviour in conformance::behaviours() {
//!     behaviour.check(Arc::new(MemoryStore::new())).await;
//! }
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod extras;
mod owners;
mod previous_ids;
mod rows;
mod support;
mod sweeps;
mod together;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::Store;

/// One thing a store must do.
#[derive(Clone, Copy)]
pub struct Behaviour {
    name: &'static str,
    check: Check,
}

type Check = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

impl Behaviour {
    /// What it says, as a sentence with underscores, such as `deleting_nothing_is_no_error`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tries it on a store, which must be empty and used by nobody else meanwhile.
    ///
    /// # Panics
    /// When the store behaves otherwise.
    pub async fn check(&self, store: Arc<dyn Store>) {
        (self.check)(store).await;
    }
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Behaviour").field(&self.name).finish()
    }
}

/// All behaviours. Each wants an empty store; they may run at the same time.
#[must_use]
pub fn behaviours() -> Vec<Behaviour> {
    let lists = [
        rows::list(),
        extras::list(),
        previous_ids::list(),
        owners::list(),
        together::list(),
        sweeps::list(),
    ];
    lists.concat()
}

/// Lists `async fn(Arc<dyn Store>)`s as behaviours.
macro_rules! list {
    ($($check:ident),* $(,)?) => {
        pub(super) fn list() -> Vec<super::Behaviour> {
            vec![$(super::Behaviour {
                name: stringify!($check),
                check: |store| Box::pin($check(store)),
            }),*]
        }
    };
}
use list;
