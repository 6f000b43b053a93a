//! The text of an error with its causes.

use std::error::Error;
use std::fmt;

/// An error's text and those of all its causes, for a `Debug` that reads as a sentence.
pub(super) fn write_with_causes(
    f: &mut fmt::Formatter<'_>,
    error: &(dyn Error + 'static),
) -> fmt::Result {
    write!(f, "{error}")?;
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}
