//! One behaviour, and the macro that lists a file's behaviours.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::store::Store;

/// One thing a store must do.
#[derive(Clone, Copy)]
pub struct Behaviour {
    name: &'static str,
    check: Check,
}

/// A check of a behaviour; it panics when the store behaves otherwise.
type Check = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

impl Behaviour {
    pub(super) fn new(name: &'static str, check: Check) -> Self {
        Self { name, check }
    }

    /// Its name, a sentence with underscores, such as `deleting_nothing_is_no_error`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Checks a store, which must be empty and not in use otherwise.
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

/// Lists `async fn(Arc<dyn Store>)`s as behaviours.
macro_rules! list {
    ($($check:ident),* $(,)?) => {
        pub(super) fn list() -> Vec<super::behaviour::Behaviour> {
            vec![$(super::behaviour::Behaviour::new(
                stringify!($check),
                |store| Box::pin($check(store)),
            )),*]
        }
    };
}
pub(super) use list;
