//! The class that every error has.

/// Who can fix an error. Every error of this crate answers `class()` with one of these.
///
/// ```
/// use pgstore::{ErrorClass, Keys};
///
/// let error = Keys::from_hex("").unwrap_err();
/// assert_eq!(error.class(), ErrorClass::Usage);
/// ```
// Go: securecookie.go Error has the same classes: IsUsage, IsDecode, IsInternal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The code or the configuration is wrong: the call fails until they are changed.
    Usage,
    /// The client sent, or the store contains, bytes that cannot be used. Clients cause this every
    /// day; it needs no alarm.
    Client,
    /// The database, the network or the random number generator failed.
    Internal,
}
