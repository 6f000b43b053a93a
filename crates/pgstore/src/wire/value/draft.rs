use std::fmt;

use serde::Serialize;

use super::{
    Key, ValueError, ValueErrorKind, named::check_all, serialize::TreeSerializer, tree::Tree,
};

/// A Rust value made ready to be put into [`Values`](super::Values), before they are at hand.
///
/// Everything that can be wrong with a value is found when its draft is made;
/// [`Values::put`](super::Values::put) cannot fail.
///
/// ```
/// use pgstore::wire::{Draft, Values};
///
/// let draft = Draft::new("visits", &1_i64)?;
/// let mut values = Values::new(); // or what the database had, later
/// values.put("visits", &draft);
/// assert_eq!(values.get::<u8>("visits")?, Some(1));
/// # Ok::<(), pgstore::wire::ValueError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Draft(pub(super) Tree);

impl Draft {
    /// Takes down a value that is meant for `key`.
    ///
    /// # Errors
    ///
    /// The value is one that gob or Go cannot hold; the error names the key and what to do.
    pub fn new<T: Serialize + ?Sized>(key: impl Into<Key>, value: &T) -> Result<Self, ValueError> {
        let key = key.into();
        let draft = Self::lenient(&key, value)?;
        if draft.0.has_other_keys() {
            return Err(ValueError::new(&key, ValueErrorKind::MapKey));
        }
        Ok(draft)
    }

    /// Also takes maps whose keys are no strings: a Go map of that kind may be there to hold them.
    pub(super) fn lenient<T: Serialize + ?Sized>(key: &Key, value: &T) -> Result<Self, ValueError> {
        match value.serialize(TreeSerializer::default()) {
            Ok(Tree::None) => Err(ValueError::new(key, ValueErrorKind::None)),
            Ok(tree) => match check_all(&tree) {
                Ok(()) => Ok(Self(tree)),
                Err(kind) => Err(ValueError::new(key, kind)),
            },
            Err(kind) => Err(ValueError::new(key, kind)),
        }
    }
}

impl fmt::Debug for Draft {
    /// Without the content, which is private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").finish_non_exhaustive()
    }
}
