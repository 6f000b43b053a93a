//! Ending an owner's sessions: which ones, and what was done.

use super::Row;
use crate::handle::SessionHandle;
use crate::id::SessionId;

/// Which of an owner's sessions end.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // A caller must state every part of the condition.
pub struct Revocation<'a> {
    /// The owner.
    pub owner: &'a str,
    /// Which of the owner's sessions.
    pub which: Which<'a>,
    /// Whether the column `owner` is right in every row.
    pub column: OwnerColumn,
}

/// Which of an owner's sessions.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // A store that ignores one of them keeps sessions that must end.
pub enum Which<'a> {
    /// All of them.
    All,
    /// The one with this handle, if it belongs to the owner.
    One(&'a SessionHandle),
    /// All but this one, which is known by its ID, its handle, or both.
    AllBut {
        /// Its ID, if it is stored.
        id: Option<&'a SessionId>,
        /// Its handle, if it has one.
        handle: Option<&'a SessionHandle>,
    },
}

/// How far the column `owner` can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // The column is either trusted or not.
pub enum OwnerColumn {
    /// The column alone says who owns a session.
    IsTheTruth,
    /// A value inside the session says who owns it, and the column repeats it as of this library's
    /// last save. Rows that a peer wrote since are spared; find them with
    /// [`Store::peer_written`](super::Store::peer_written) and read their values.
    IsAnIndex,
}

impl Revocation<'_> {
    /// Whether this revocation removes a row.
    #[must_use]
    pub fn removes(&self, id: &SessionId, row: &Row) -> bool {
        let belongs_to_owner = row.extras.owner.as_deref() == Some(self.owner);
        let is_trusted = self.column == OwnerColumn::IsTheTruth || row.extras.save_token.is_some();
        belongs_to_owner && is_trusted && self.which.includes(id, row)
    }
}

impl Which<'_> {
    /// Whether it includes a row of the owner.
    #[must_use]
    pub fn includes(&self, id: &SessionId, row: &Row) -> bool {
        let handle = row.extras.handle.as_ref();
        match self {
            Self::All => true,
            Self::One(one) => handle == Some(*one),
            Self::AllBut {
                id: kept_id,
                handle: kept_handle,
            } => *kept_id != Some(id) && (kept_handle.is_none() || handle != *kept_handle),
        }
    }
}

/// What [`Store::revoke`](super::Store::revoke) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revoked {
    /// How many rows it found that had to be removed.
    pub seen: u64,
    /// How many of them it removed. The others were removed or changed at the same moment.
    pub removed: u64,
}

impl Revoked {
    /// What a store answers to [`Store::revoke`](super::Store::revoke).
    #[must_use]
    pub fn new(seen: u64, removed: u64) -> Self {
        Self { seen, removed }
    }
}
