//! What an application decides about its sessions beyond the cookie: each a name, with a default.

use std::time::Duration;

/// What a request gets whose session cannot be read because the store is away or too slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnOutage {
    /// An error, which as a response is 503 with `Retry-After` (the default): nobody is taken for
    /// logged out.
    #[default]
    Required,
    /// An empty session that can be read and not changed, for pages that are of use to strangers.
    /// [`is_degraded`](crate::Session::is_degraded) tells it from a new one, and no cookie is
    /// written. Reading gives nothing, [`flashes`](crate::Session::flashes) too; every change is
    /// [`SessionError::Degraded`](crate::SessionError::Degraded), which as a response is 503, and so
    /// is a [`csrf_token`](crate::Session::csrf_token): leave forms out of such pages. A request
    /// without a cookie asks the store nothing and is not degraded; what it writes fails when it is
    /// saved.
    Anonymous,
}

/// What a request gets whose row is there and cannot be opened: its keys are gone, it is damaged,
/// or a value in it is beyond the decoder's bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUndecodable {
    /// An error (the default), until [`destroy`](crate::Session::destroy) or
    /// [`renew`](crate::Session::renew).
    #[default]
    Error,
    /// A new session. If it is saved, then under a new ID; the row stays for whoever looks into
    /// it, until it is swept.
    StartFresh,
}

/// What becomes of an [`insert`](crate::Session::insert) or [`remove`](crate::Session::remove)
/// when another request has changed the same key since this one read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// The later save wins (the default), with an event in the log. What depends on the value
    /// before belongs into [`update`](crate::Session::update), which never conflicts.
    #[default]
    LastWriterWins,
    /// The save fails with [`SessionError::Conflict`](crate::SessionError::Conflict), and nothing
    /// of it is written.
    Error,
}

/// When reading a session writes down that it was used, so that it lasts longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Touch {
    /// Once this part of its lifetime has passed since the last time: 8 (the default) is an eighth.
    /// At least 1. A session that is read all day long costs at most so many writes a lifetime;
    /// it may end up to that part early for whoever used it last right after a touch.
    AfterOneIn(u32),
    /// Never: a session lasts from its last change.
    Never,
}

impl Default for Touch {
    fn default() -> Self {
        Self::AfterOneIn(8)
    }
}

impl Touch {
    /// The default instead of never: saving looks after the cookie in any case.
    pub(crate) fn or_default(self) -> Self {
        match self {
            Self::Never => Self::default(),
            part => part,
        }
    }

    /// Whether what was last written `idle` seconds ago, and lasts so many, is to be written anew.
    pub(crate) fn is_due(self, idle: i64, lifetime: u64) -> bool {
        let Self::AfterOneIn(part) = self else {
            return false;
        };
        let idle = u64::try_from(idle).unwrap_or(0);
        idle > 0 && idle >= lifetime / u64::from(part.max(1))
    }
}

/// All of it, as the manager has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) on_outage: OnOutage,
    pub(crate) on_undecodable: OnUndecodable,
    pub(crate) on_conflict: OnConflict,
    pub(crate) touch: Touch,
    /// How long after its beginning a session ends, however much it is used.
    pub(crate) absolute_timeout: Option<Duration>,
    /// How long an ID that was replaced is known to be late.
    pub(crate) retirement: Duration,
    /// How long one that was replaced in passing still leads to the session.
    pub(crate) grace: Duration,
    /// How long reading a session may take, and saving it.
    pub(crate) deadline: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            on_outage: OnOutage::default(),
            on_undecodable: OnUndecodable::default(),
            on_conflict: OnConflict::default(),
            touch: Touch::default(),
            absolute_timeout: None,
            retirement: Duration::from_secs(60),
            grace: Duration::from_secs(30),
            deadline: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_is_due_after_its_part_of_the_lifetime() {
        let eighth = Touch::default();
        assert!(!eighth.is_due(99, 800));
        assert!(eighth.is_due(100, 800));
        assert!(
            !eighth.is_due(-100, 800),
            "a clock that went back changes nothing"
        );
        assert!(!eighth.is_due(0, 4), "not twice in one second");
        assert!(!Touch::AfterOneIn(1).is_due(799, 800));
        assert!(Touch::AfterOneIn(0).is_due(800, 800));
        assert!(!Touch::Never.is_due(800, 800));
    }
}
