//! The application's function that finds a session's owner among its values.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::session::check_owner;

/// A function that finds the owner of a session among its values.
///
/// ```
/// use std::collections::HashMap;
/// use pgstore::opaque::OwnerOf;
///
/// let owner = OwnerOf::new(|values: &HashMap<String, String>| values.get("user").cloned());
/// let values = HashMap::from([("user".to_owned(), "ada".to_owned())]);
/// assert_eq!(owner.find(&values).as_deref(), Some("ada"));
/// ```
pub struct OwnerOf<V: ?Sized>(Arc<OwnerFunction<V>>);

type OwnerFunction<V> = dyn Fn(&V) -> Option<String> + Send + Sync;

impl<V: ?Sized> OwnerOf<V> {
    /// Uses this function.
    #[must_use]
    pub fn new(function: impl Fn(&V) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }

    /// The owner of a session with these values. None if the function panics, or gives an empty text,
    /// one with NUL, or more than 1000 bytes.
    #[must_use]
    pub fn find(&self, values: &V) -> Option<String> {
        // It only reads the values, so a panic leaves them as they are.
        let owner = catch_unwind(AssertUnwindSafe(|| (self.0)(values)));
        let owner = owner.unwrap_or_else(|_| {
            tracing::error!(
                "the function that finds the owner among a session's values has panicked: the \
                 session counts as without"
            );
            None
        });
        owner.filter(|owner| check_owner(owner).is_ok())
    }
}

impl<V: ?Sized> Clone for OwnerOf<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: ?Sized> fmt::Debug for OwnerOf<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerOf(..)")
    }
}
