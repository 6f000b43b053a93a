use crate::error_text::debug_as_text;
use crate::name::CookieError;
use crate::wire::{ErrorClass, Key};

/// Why [`build`](super::SessionManagerBuilder::build) refused a configuration. Each says what is
/// wrong and what to set.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Browsers would drop a cookie with these attributes under any name.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// A duration of zero where that would end every session or fail every save.
    #[error("{setting} is zero: set a longer time, or leave it out for the default")]
    #[non_exhaustive]
    Zero {
        /// The builder's method.
        setting: &'static str,
    },
    /// A duration of more than 100 years.
    #[error("{setting} is more than 100 years: set a shorter time, or leave it out")]
    #[non_exhaustive]
    TooLong {
        /// The builder's method.
        setting: &'static str,
    },
    /// The owner or the label would be read from a value that the library keeps for itself.
    #[error("{setting} names {key}, a value of pgstore's own: name one that the application sets")]
    #[non_exhaustive]
    ReservedKey {
        /// The builder's method.
        setting: &'static str,
        /// The key it was given.
        key: Key,
    },
}

debug_as_text!(ConfigError);

impl ConfigError {
    /// Returns [`ErrorClass::Usage`], always.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}
