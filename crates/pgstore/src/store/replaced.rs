//! An ID that another one has replaced: how it is replaced, and what becomes of it.

use super::Row;
use crate::clock::Timestamp;
use crate::id::SessionId;

/// Which session gets a new ID, and how long the old one is remembered.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // A literal of it must say all there is to a new ID.
pub struct Renaming<'a> {
    /// The ID that goes.
    pub old: &'a SessionId,
    /// The version of its newest row, or `None` to take whatever is there.
    pub seen: Option<Timestamp>,
    /// The ID that comes.
    pub new: &'a SessionId,
    /// What becomes of the old one.
    pub retirement: Retirement,
}

/// How long an ID that was replaced is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // As for [`Renaming`].
pub struct Retirement {
    /// Until then, requests that still bring it are known to be late.
    pub until: Timestamp,
    /// Until then, they are led to the new one; `None` for never, which is for logins.
    pub previous_grace_until: Option<Timestamp>,
}

impl Retirement {
    /// Whether whoever brings the old ID at `now` is led to `row`, which has the new one.
    #[must_use]
    pub fn honours(&self, row: &Row, now: Timestamp) -> bool {
        self.previous_grace_until.is_some_and(|end| now < end)
            && row.extras.save_token.is_some()
            && !row.is_expired(now)
    }
}

/// An ID that has no row any more, since another one replaced it a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // Whoever handles only one of them leaks sessions or loses them.
pub enum Retired {
    /// By a login, say: nothing leads from it to the new one.
    Dead,
    /// In passing: the session is the same, and goes by this ID now.
    Honoured(SessionId, Box<Row>),
}
