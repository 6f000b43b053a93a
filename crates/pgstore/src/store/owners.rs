//! Sessions by whose they are.

use super::Row;
use crate::handle::SessionHandle;
use crate::id::SessionId;

/// Which of an owner's sessions end.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // A literal of it must say which rows go.
pub struct Revocation<'a> {
    /// Whose.
    pub owner: &'a str,
    /// Which of them.
    pub which: Which<'a>,
    /// Whether the column `owner` can be believed in every row.
    pub column: OwnerColumn,
}

/// Which of an owner's sessions.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // A store that overlooks one of them spares what must go.
pub enum Which<'a> {
    /// All of them.
    All,
    /// The one with this handle, if it is theirs.
    One(&'a SessionHandle),
    /// All but this one, which is known by its ID, its handle, or both.
    AllBut {
        /// Its ID, if it is stored.
        id: Option<&'a SessionId>,
        /// Its handle, if it has one.
        handle: Option<&'a SessionHandle>,
    },
}

/// What the column `owner` is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // Either it is believed or it is not.
pub enum OwnerColumn {
    /// It says whose the session is.
    IsTheTruth,
    /// It repeats what a value says, as of our last save: a row that somebody else has written
    /// since is left alone, to be [looked into](super::Store::foreign).
    IsAnIndex,
}

impl Revocation<'_> {
    /// Whether a row is to go.
    #[must_use]
    pub fn removes(&self, id: &SessionId, row: &Row) -> bool {
        let is_theirs = row.extras.owner.as_deref() == Some(self.owner);
        let is_believed = self.column == OwnerColumn::IsTheTruth || row.extras.save_token.is_some();
        is_theirs && is_believed && self.which.includes(id, row)
    }
}

impl Which<'_> {
    /// Whether a row of the owner's is meant.
    #[must_use]
    pub fn includes(&self, id: &SessionId, row: &Row) -> bool {
        let handle = row.extras.handle.as_ref();
        match self {
            Self::All => true,
            Self::One(one) => handle == Some(*one),
            Self::AllBut {
                id: kept,
                handle: of_kept,
            } => *kept != Some(id) && (of_kept.is_none() || handle != *of_kept),
        }
    }
}

/// What [`Store::revoke`](super::Store::revoke) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revoked {
    /// How many rows it saw that were to go.
    pub seen: u64,
    /// How many it removed: the others went, or changed, at the same moment.
    pub removed: u64,
}

impl Revoked {
    /// What a store answers.
    #[must_use]
    pub fn new(seen: u64, removed: u64) -> Self {
        Self { seen, removed }
    }
}

/// A place among the rows: the number that the store has given one.
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

/// One batch of rows that somebody else wrote last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeerWritten {
    /// The rows with their keys, as far as they can be read.
    pub rows: Vec<(SessionId, Row)>,
    /// Where the next batch goes on, or `None` when this was the last one.
    pub next: Option<PeerWrittenCursor>,
}

impl PeerWritten {
    /// What a store answers.
    #[must_use]
    pub fn new(rows: Vec<(SessionId, Row)>, next: Option<PeerWrittenCursor>) -> Self {
        Self { rows, next }
    }
}
