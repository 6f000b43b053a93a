//! What all errors have in common: their class, and a `Debug` form that reads as a sentence.

use std::error::Error;
use std::fmt;

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

/// Writes the error's message and those of its causes, for `Debug` of an error that `main` returns.
pub(crate) fn write_sentence(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{error}")?;
    let mut source = error.source();
    while let Some(cause) = source {
        write!(f, ": {cause}")?;
        source = cause.source();
    }
    Ok(())
}

/// Implements `Debug` for errors by [`write_sentence`].
macro_rules! as_sentence {
    ($($error:ty),+ $(,)?) => {$(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::wire::error::write_sentence(self, f)
            }
        }
    )+};
}

pub(crate) use as_sentence;
