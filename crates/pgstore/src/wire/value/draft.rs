use std::fmt;

use serde::Serialize;

use super::{
    error::{ValueError, ValueErrorKind},
    go_peer::GoPeer,
    key::Key,
    named::check_all,
    rust_value::RustValue,
    serialize::RustSerializer,
};

/// A Rust value ready to be put into [`Values`](super::Values) that are loaded later.
///
/// ```
/// use pgstore::Values;
/// use pgstore::wire::Draft;
///
/// let draft = Draft::new("visits", 1_i64)?;
/// let mut values = Values::new(); // or those of a session, once it is loaded
/// values.put("visits", &draft);
/// assert_eq!(values.get::<u8>("visits")?, Some(1));
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Draft(pub(super) RustValue);

impl Draft {
    /// Serializes a value for `key`. Pass it by value or by reference.
    ///
    /// ```
    /// use pgstore::ValueErrorKind;
    /// use pgstore::wire::Draft;
    ///
    /// let tags = vec!["a", "b"];
    /// let draft = Draft::new("tags", &tags)?;
    /// let error = Draft::new("user", None::<String>).unwrap_err();
    /// assert_eq!(*error.kind(), ValueErrorKind::None);
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value cannot be stored; see the table of [`Values`](super::Values). The error names the
    /// key and what to do.
    pub fn new<T: Serialize>(key: impl Into<Key>, value: T) -> Result<Self, ValueError> {
        let value = value.serialize(RustSerializer::default());
        let draft = value.and_then(Self::of);
        draft.map_err(|kind| ValueError::new(&key.into(), kind))
    }

    /// The draft of a serialized value.
    pub(super) fn of(value: RustValue) -> Result<Self, ValueErrorKind> {
        match value {
            RustValue::None => Err(ValueErrorKind::None),
            RustValue::Unit => Err(ValueErrorKind::Unit),
            value => check_all(&value).map(|()| Self(value)),
        }
    }

    /// Checks that the draft can become a value of its own, without an existing one to fit.
    ///
    /// ```
    /// use pgstore::GoPeer;
    /// use pgstore::wire::Draft;
    ///
    /// let draft = Draft::new("names", std::collections::HashMap::from([(7, "seven")]))?;
    /// assert!(draft.check("names", &GoPeer::None).is_ok()); // the key is stored as "7"
    /// assert!(draft.check("names", &GoPeer::registered(["main.User"])).is_err());
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is a Go program that reads the session, and the draft contains a unit or a map with
    /// keys that are not strings; or two keys of a map have the same text.
    pub fn check(&self, key: impl Into<Key>, go: &GoPeer) -> Result<(), ValueError> {
        self.check_units(go)
            .and_then(|()| self.check_keys(go))
            .map_err(|kind| ValueError::new(&key.into(), kind))
    }

    pub(super) fn check_units(&self, go: &GoPeer) -> Result<(), ValueErrorKind> {
        let is_refused = go.is_some() && self.0.has_units();
        (!is_refused).then_some(()).ok_or(ValueErrorKind::UnitForGo)
    }

    fn check_keys(&self, go: &GoPeer) -> Result<(), ValueErrorKind> {
        if go.is_some() && self.0.has_text_keys() {
            return Err(ValueErrorKind::MapKeyForGo);
        }
        if self.0.has_equal_texts() {
            return Err(ValueErrorKind::MapKeyTwice);
        }
        Ok(())
    }
}

impl fmt::Debug for Draft {
    /// Without the value, which is private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").finish_non_exhaustive()
    }
}
