//! Giving a session a new ID, and how long the previous one is remembered.

use super::Row;
use crate::clock::Timestamp;
use crate::id::SessionId;

/// Which session gets a new ID, and how long the old one is remembered.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // A caller must state every part of the change.
pub struct IdChange<'a> {
    /// The ID whose rows are removed.
    pub old: &'a SessionId,
    /// The version of its newest row, or `None` to replace any version.
    pub seen: Option<Timestamp>,
    /// The ID under which the row is written.
    pub new: &'a SessionId,
    /// How long the new row remembers the old ID.
    pub previous: PreviousId,
}

/// How long a row remembers the ID that it had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // As for [`IdChange`].
pub struct PreviousId {
    /// Until this time a load of the previous ID answers [`Replaced`](super::Lookup::Replaced).
    pub until: Timestamp,
    /// Until this time a load of the previous ID answers with the row; `None` for never, which is
    /// for logins.
    pub grace_until: Option<Timestamp>,
}

impl PreviousId {
    /// Whether a load of the previous ID at `now` answers with `row`, which has the new ID.
    #[must_use]
    pub fn leads_to(&self, row: &Row, now: Timestamp) -> bool {
        self.grace_until.is_some_and(|end| now < end)
            && row.extras.save_token.is_some()
            && !row.is_expired(now)
    }
}
