//! Why an operation on a session failed.

use pgstore::{RngError, StoreError};

/// Why an operation failed. It holds no session key and no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the session's state cannot be written as JSON")]
    Encode,
    #[error("the session's row does not hold the JSON of a state")]
    Decode,
    #[error("the session has ended while it was being changed: the changes are not stored")]
    Gone,
    #[error("each of several new session keys is taken: the random generator is broken")]
    NoFreeKey,
    #[error("no session key can be drawn")]
    Random(#[from] RngError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
