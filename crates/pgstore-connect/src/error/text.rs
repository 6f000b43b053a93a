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

/// `source` of an error of several attempts is none of theirs, so their causes stand in the text.
pub(super) fn write_attempts(
    f: &mut fmt::Formatter<'_>,
    attempts: &[impl Error],
    separator: &str,
) -> fmt::Result {
    for (place, attempt) in attempts.iter().enumerate() {
        let before = if place == 0 { "" } else { separator };
        write!(f, "{before}{attempt}")?;
        if let Some(cause) = attempt.source() {
            write!(f, " ({cause})")?;
        }
    }
    Ok(())
}
