//! Errors as text, with their causes.

use std::error::Error;
use std::fmt;

/// An error's message, followed by those of its causes: `what failed: why: why that`.
pub(crate) struct WithCauses<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Makes an error's `Debug` its message with its causes. `main() -> Result` prints `Debug`.
macro_rules! debug_as_text {
    ($error:ty) => {
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", crate::error_text::WithCauses(self))
            }
        }
    };
}

pub(crate) use debug_as_text;
