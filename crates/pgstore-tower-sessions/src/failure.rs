//! Why an operation on a session failed.

use std::error::Error;

use pgstore::StoreError;

/// Why an operation failed. It holds no ID and no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the session's values cannot be written as JSON")]
    Encode,
    #[error("the session's row does not hold the JSON of values")]
    Decode,
    #[error("the session has ended while it was being changed: the changes are not stored")]
    Gone,
    #[error("each of several new session IDs is taken: the random generator is broken")]
    NoFreeId,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure {
    /// The error with its causes, in one line: tower-sessions keeps errors as text.
    pub(crate) fn text(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        text
    }
}
