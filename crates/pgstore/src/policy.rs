//! What an application decides about its sessions beyond the cookie. Each policy has a default.

use std::time::Duration;

#[cfg(feature = "middleware")]
use http::StatusCode;

use crate::clock::OVERDUE;

/// What a request gets if its session cannot be read because the store is unavailable.
///
/// ```
/// # use pgstore::{OnOutage, SessionManagerBuilder};
/// # fn example(builder: SessionManagerBuilder) -> SessionManagerBuilder {
/// builder.on_outage(OnOutage::Anonymous)
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnOutage {
    /// An error (the default), which as a response is 503 with `Retry-After`. No user appears to be
    /// logged out.
    #[default]
    Required,
    /// An empty session that can be read but not changed, for pages that are useful without a
    /// session. [`is_degraded`](crate::Session::is_degraded) tells it from a new one, and no cookie
    /// is written. Reading returns nothing, also [`flashes`](crate::Session::flashes). Every
    /// change, and [`csrf_token`](crate::Session::csrf_token), is the error
    /// [`SessionError::Degraded`](crate::SessionError::Degraded), which as a response is 503: leave
    /// forms out of such pages. A request without a cookie asks the store nothing and is not
    /// degraded; its changes fail when they are saved.
    Anonymous,
}

/// What a request gets if its row cannot be opened: its keys are gone, it is damaged, or a value in
/// it exceeds the decoder's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUndecodable {
    /// An error (the default), until [`destroy`](crate::Session::destroy) or
    /// [`renew`](crate::Session::renew) is called.
    #[default]
    Error,
    /// A new session. A save writes it under a new ID; the old row stays for inspection until it is
    /// swept.
    StartFresh,
}

/// What happens to an [`insert`](crate::Session::insert), [`remove`](crate::Session::remove) or
/// [`clear`](crate::Session::clear) if another request has changed the same value since this one
/// read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// The later save wins (the default) and is logged. Use [`update`](crate::Session::update) for a
    /// value that depends on the old one: it never conflicts.
    #[default]
    LastWriterWins,
    /// The save fails with [`SessionError::Conflict`](crate::SessionError::Conflict) and writes
    /// nothing.
    Error,
}

/// Which responses save what the handler changed, by their status:
/// [`SessionLayer::save_on`](crate::SessionLayer::save_on).
///
/// A handler that failed half-way has made only a part of its changes. If a response saves nothing,
/// [flashes](crate::Session::flashes) that its request took are put back.
/// [`renew`](crate::Session::renew) and [`destroy`](crate::Session::destroy) count with every
/// status.
#[cfg(feature = "middleware")]
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum SaveOn {
    /// Every status but those of a handler that failed or was aborted: 408 (a timeout), 499 (the
    /// client disconnected), and 500 or above (the default). A 404 or 422 page may change its session.
    #[default]
    Completion,
    /// Only statuses below 400.
    Success,
    /// Every status.
    AnyStatus,
    /// Statuses for which the function returns `true`.
    ///
    /// ```
    /// use http::StatusCode;
    /// use pgstore::SaveOn;
    ///
    /// let but_teapots = SaveOn::When(|status| status != StatusCode::IM_A_TEAPOT);
    /// ```
    When(fn(StatusCode) -> bool),
}

#[cfg(feature = "middleware")]
impl SaveOn {
    /// Whether a response with this status saves what its handler changed.
    pub(crate) fn saves(self, status: StatusCode) -> bool {
        match self {
            Self::Completion => !matches!(status.as_u16(), 408 | 499 | 500..),
            Self::Success => status.as_u16() < 400,
            Self::AnyStatus => true,
            Self::When(saves) => saves(status),
        }
    }
}

/// When reading a session records that it was used, so that it lasts longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Touch {
    /// Once this part of its lifetime has passed since the last record: 8 (the default) is an
    /// eighth. At least 1. A session that is read all the time costs at most this many writes in a
    /// lifetime. It may end up to that part early, so at 8 up to 3¾ days of 30.
    AfterOneIn(u32),
    /// Never: a session lasts from its last save. One that changes nothing counts once an eighth of the
    /// lifetime has passed.
    Never,
}

impl Default for Touch {
    fn default() -> Self {
        Self::AfterOneIn(8)
    }
}

impl Touch {
    /// The policy for the cookie, which a save renews in any case: the default in place of never.
    pub(crate) fn or_default(self) -> Self {
        match self {
            Self::Never => Self::default(),
            part => part,
        }
    }

    /// Whether to record a use again that was recorded `idle` seconds ago and lasts `lifetime`
    /// seconds.
    pub(crate) fn is_due(self, idle: i64, lifetime: u64) -> bool {
        let Self::AfterOneIn(part) = self else {
            return idle == OVERDUE; // A time that is not true is corrected under every policy.
        };
        let idle = u64::try_from(idle).unwrap_or(0);
        idle > 0 && idle >= lifetime / u64::from(part.max(1))
    }
}

/// All policies of a manager.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) on_outage: OnOutage,
    pub(crate) on_undecodable: OnUndecodable,
    pub(crate) on_conflict: OnConflict,
    pub(crate) touch: Touch,
    /// How long after its beginning a session ends, even if it is used.
    pub(crate) absolute_timeout: Option<Duration>,
    /// How long a write by a replaced ID is `Gone`.
    pub(crate) retirement: Duration,
    /// How long the old ID of a gentle rotation still leads to the session.
    pub(crate) grace: Duration,
    /// How long saving a session may take.
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

    #[cfg(feature = "middleware")]
    #[test]
    fn which_statuses_save() {
        let saved = |policy: SaveOn| {
            let statuses = [200, 303, 404, 408, 422, 499, 500, 503, 999];
            let saves = |status: &u16| policy.saves(StatusCode::from_u16(*status).unwrap());
            statuses.into_iter().filter(saves).collect::<Vec<_>>()
        };
        let all = saved(SaveOn::AnyStatus);
        assert_eq!(all.len(), 9);
        assert_eq!(saved(SaveOn::default()), [200, 303, 404, 422]);
        assert_eq!(saved(SaveOn::Success), [200, 303]);
        let custom = SaveOn::When(|status| status == StatusCode::NOT_FOUND);
        assert_eq!(saved(custom), [404]);
    }

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
        assert!(Touch::Never.is_due(OVERDUE, 800));
    }
}
