//! What Go's pgstore seals.

use pgstore::Values;
use pgstore::wire::{GobError, gob};

/// What a sealed text holds.
pub(crate) enum Content {
    Cookie(Vec<u8>),
    Data(Values),
}

impl Content {
    /// A string, or else a session's values.
    pub(crate) fn decode(gob: &[u8]) -> Result<Self, GobError> {
        match gob::decode_string(gob) {
            Ok(text) => Ok(Self::Cookie(text)),
            Err(GobError::WrongType(_)) => Values::decode(gob).map(Self::Data),
            Err(error) => Err(error),
        }
    }
}
