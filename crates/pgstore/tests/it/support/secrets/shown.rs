//! What the library's values and errors show of themselves, whoever prints them.

use std::error::Error;
use std::fmt;

use super::capture::heard;

/// The source of all `Debug` outputs in the capture.
pub(super) const DEBUG: &str = "Debug";

/// The source of all errors in the capture.
pub(super) const ERROR: &str = "error";

/// Anything with a `Debug` output.
pub(crate) trait Shown: Sized {
    /// Shows it to the capture, in both forms.
    fn shown(self) -> Self;
}

impl<T: fmt::Debug> Shown for T {
    fn shown(self) -> Self {
        heard(DEBUG, format_args!("{self:?} {self:#?}"));
        self
    }
}

/// A result that may be an error.
pub(crate) trait Told: Sized {
    /// Tells the capture the error, if it is one.
    fn told(self) -> Self;
}

impl<T, E: Error + 'static> Told for Result<T, E> {
    fn told(self) -> Self {
        if let Err(error) = &self {
            tell(error);
        }
        self
    }
}

/// Tells the capture an error.
pub(crate) fn tell(error: &(dyn Error + 'static)) {
    heard(ERROR, Telling(error));
}

/// All that an error tells: itself and what is behind it, for readers and for developers.
pub(super) struct Telling<'a>(pub(super) &'a (dyn Error + 'static));

impl fmt::Display for Telling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = std::iter::successors(Some(self.0), |&error| error.source());
        chain
            .into_iter()
            .try_for_each(|error| write!(f, "{error} {error:#} {error:?} {error:#?} | "))
    }
}
