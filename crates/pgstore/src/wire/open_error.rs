//! Why a text could not be sealed or opened.

use super::error::ErrorClass;
use super::gob::error::GobError;
use crate::error_text::debug_as_text;

/// A sealed text is longer than the maximum length.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the sealed text is {length} characters long, the limit is {limit}: store less in the session, \
     or raise the limit with the session manager's max_length"
)]
#[non_exhaustive]
pub struct TooLong {
    /// The length of the sealed text, in characters.
    pub length: usize,
    /// The maximum length, in characters.
    pub limit: usize,
}

impl TooLong {
    /// Always [`ErrorClass::Usage`]: the application stores too much, or has set the limit too low.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// Why a sealed text could not be opened. Clients cause such errors every day.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The text is longer than the maximum length.
    #[error(transparent)]
    TooLong(TooLong),
    /// The text is not base64.
    #[error("the text is not base64")]
    Encoding,
    /// No key pair has signed the text under this name.
    #[error("the text is not signed with any of the keys under this name")]
    NotSigned,
    /// The date in the text is not a number.
    #[error("the date in the text is not a number")]
    Timestamp,
    /// The text is younger than the minimum age.
    #[error("the text is too new")]
    TooNew,
    /// The text is older than the maximum age.
    #[error("the text has expired")]
    Expired,
    /// The content is too short to be encrypted.
    #[error("the text cannot be decrypted: it is too short")]
    NotDecrypted,
    /// The content of the text cannot be decoded.
    #[error("the content of the text cannot be decoded")]
    Value(#[source] GobError),
}

impl OpenError {
    /// Always [`ErrorClass::Client`].
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Client
    }
}

debug_as_text!(TooLong);
debug_as_text!(OpenError);
