use super::gob::GobError;

/// Who can mend an error: every error of this crate answers `class()` with one of these.
///
/// The three classes are gorilla/securecookie's (`Error.IsUsage`, `IsDecode`, `IsInternal`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The programmer or the configuration: it fails every time until the code is changed.
    Usage,
    /// The client or the stored bytes: expected on the open internet, no reason for an alarm.
    Client,
    /// The machine: the database, the network, the system's randomness.
    Internal,
}

/// A sealed text is longer than the maximal length allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text is {length} characters long, the limit is {limit}")]
#[non_exhaustive]
pub struct TooLong {
    /// How many characters it has or would have.
    pub length: usize,
    /// How many it may have.
    pub limit: usize,
}

impl TooLong {
    /// Always [`ErrorClass::Usage`]: what is sealed comes from the application.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// Why a sealed text did not open. None of it is remarkable on the open internet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is longer than the maximal length.
    #[error(transparent)]
    TooLong(TooLong),
    /// It is not base64.
    #[error("the text is not base64")]
    Encoding,
    /// No key pair signed it under this name.
    #[error("the text was not signed by any of the keys under this name")]
    NotSigned,
    /// Its date is not a number.
    #[error("the date is not a number")]
    Timestamp,
    /// It is younger than the minimal age.
    #[error("the text is too new")]
    TooNew,
    /// It is older than the maximal age.
    #[error("the text has expired")]
    Expired,
    /// It is too short to have been encrypted.
    #[error("the text could not be decrypted")]
    NotDecrypted,
    /// What was sealed is not what was expected there.
    #[error("what was sealed could not be read")]
    Value(#[source] GobError),
}

impl OpenError {
    /// Always [`ErrorClass::Client`].
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Client
    }
}
