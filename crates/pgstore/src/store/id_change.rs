//! Giving a session another ID, and what its earlier IDs lead to.

use std::time::Duration;

use super::{Lookup, Row};
use crate::clock::Timestamp;
use crate::id::SessionId;

/// Which session gets another ID, and how long the old one is remembered.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // A caller must state every part of the change.
pub struct IdChange<'a> {
    /// The ID that the session has.
    pub old: &'a SessionId,
    /// The version of its newest row, or `None` for any version.
    pub seen: Option<Timestamp>,
    /// The ID that it gets.
    pub new: &'a SessionId,
    /// How long the old ID is remembered.
    pub previous: PreviousId,
}

/// How long an earlier ID of a session is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // As for [`IdChange`].
pub struct PreviousId {
    /// Until this time a load of the ID answers [`Replaced`](Lookup::Replaced) at least.
    pub until: Timestamp,
    /// Until this time a load of the ID answers with the session's row. `None` for never, which is
    /// for logins: then no earlier ID of the session leads to it any more.
    pub grace_until: Option<Timestamp>,
}

impl PreviousId {
    /// How much longer a store remembers an ID so that a logout by it still ends the session. A
    /// logout that the store could not take is tried for two hours.
    pub const STILL_ENDS_THE_SESSION_FOR: Duration = Duration::from_secs(3 * 60 * 60);

    /// What a load of the ID answers at `now`. `session` is the session's current ID and its newest
    /// row, if it has not ended.
    #[must_use]
    pub fn lookup(&self, session: Option<(SessionId, Row)>, now: Timestamp) -> Lookup {
        match session {
            Some((id, row)) if self.leads_to(&row, now) => Lookup::Row(id, row),
            _ if now < self.until => Lookup::Replaced,
            _ => Lookup::Absent,
        }
    }

    fn leads_to(&self, row: &Row, now: Timestamp) -> bool {
        self.grace_until.is_some_and(|end| now < end)
            && row.extras.save_token.is_some()
            && !row.is_expired(now)
    }

    /// The same after a request has brought the ID that followed: the grace time ends at
    /// `grace_until` at the latest, and the ID is known until `until` at least.
    #[must_use]
    pub fn confirmed(self, until: Timestamp, grace_until: Timestamp) -> Self {
        match self.grace_until {
            Some(end) if end > grace_until => Self {
                until: self.until.max(until),
                grace_until: Some(grace_until),
            },
            _ => self, // It was confirmed before.
        }
    }

    /// The same after a login: it does not lead to the session any more.
    #[must_use]
    pub fn retired(self, until: Timestamp) -> Self {
        Self {
            until: self.until.max(until),
            grace_until: None,
        }
    }

    /// Whether a sweep at `now` forgets the ID.
    #[must_use]
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        let before = now.minus(Self::STILL_ENDS_THE_SESSION_FOR);
        self.until < before && self.grace_until.is_none_or(|end| end < before)
    }
}
