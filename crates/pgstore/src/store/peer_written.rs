//! Rows that a peer (a Go program on the same table) wrote last.

use super::Row;
use crate::id::SessionId;

/// A place among the rows, in the order of their numbers in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerWrittenCursor(pub(crate) i64);

impl PeerWrittenCursor {
    /// Before every row.
    pub const START: Self = Self(i64::MIN);

    /// The place of the row with this number.
    #[must_use]
    pub const fn new(row: i64) -> Self {
        Self(row)
    }
}

/// One batch of rows that a peer wrote last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeerWritten {
    /// The rows with their keys. Rows that cannot be decoded are left out.
    pub rows: Vec<(SessionId, Row)>,
    /// Where the next batch begins, or `None` when this was the last one.
    pub next: Option<PeerWrittenCursor>,
}

impl PeerWritten {
    /// What a store answers to [`Store::peer_written`](super::Store::peer_written).
    #[must_use]
    pub fn new(rows: Vec<(SessionId, Row)>, next: Option<PeerWrittenCursor>) -> Self {
        Self { rows, next }
    }
}
