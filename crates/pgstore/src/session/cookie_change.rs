//! What the browser is to be told of its cookie, and what it has been told.

use super::plan::Change;
use super::state::{Job, State};
use super::{Session, SessionError};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::options::CookieOptions;
use crate::policy::Touch;

/// What the browser has to be told.
#[derive(Debug)]
pub(crate) enum CookieChange {
    /// Nothing: it has what it needs.
    Keep,
    /// This ID, from now on.
    Set(GivenCookie),
    /// That the session is over.
    Remove(CookieOptions),
}

/// A cookie as the browser gets it.
#[derive(Debug)]
pub(crate) struct GivenCookie {
    pub(crate) id: SessionId,
    pub(crate) options: CookieOptions,
    pub(crate) at: Timestamp,
}

impl Session {
    pub(super) fn cookie_without_saving(&self) -> CookieChange {
        let change = self.state().change();
        match change {
            Change::Destroyed => self.removal(),
            _ => self.cookie_for_reading(),
        }
    }

    /// The browser's cookie is due for a new date, or was never given: only a session that was
    /// found in this request counts.
    pub(super) fn cookie_for_reading(&self) -> CookieChange {
        let state = self.state();
        let is_due = state.row().is_some()
            && (state.cookie_is_owed() || self.cookie_is_old(&state, self.0.rows.policy.touch));
        let options = state.options();
        drop(state);
        if is_due {
            self.give_cookie(options)
        } else {
            CookieChange::Keep
        }
    }

    /// The session is saved: the cookie follows if anything about it has changed.
    pub(super) fn cookie_for_saving(&self, job: &Job) -> CookieChange {
        let state = self.state();
        let cookie = state.presented();
        let of_older_keys = cookie.is_some_and(|cookie| !cookie.by_current_keys);
        let of_another_life = match (&job.row, state.row()) {
            (Some(before), Some(after)) => before.life() != after.life(),
            _ => false,
        };
        let is_due = state.cookie_is_owed()
            || state.options_changed()
            || of_older_keys
            || of_another_life
            || self.cookie_is_old(&state, self.0.rows.policy.touch.or_default());
        drop(state);
        match is_due {
            true => self.give_cookie(job.covers.options.clone()),
            false => CookieChange::Keep,
        }
    }

    /// Whether a part of the cookie's life has passed since it was sealed.
    // Go: pgstore.go Save seals it every time.
    fn cookie_is_old(&self, state: &State, touch: Touch) -> bool {
        let rows = &self.0.rows;
        let life = rows.life_of_cookies(&state.stored(), state.options().lasting());
        let now = rows.clock.now().unix_seconds();
        let cookie = state.presented();
        cookie.is_some_and(|cookie| touch.is_due(now.saturating_sub(cookie.issued_at), life))
    }

    fn give_cookie(&self, options: CookieOptions) -> CookieChange {
        let Some(id) = self.state().stored_id() else {
            return CookieChange::Keep;
        };
        let at = self.0.rows.clock.now();
        CookieChange::Set(GivenCookie { id, options, at })
    }

    /// The browser is told.
    pub(crate) fn note_given(&self, change: &CookieChange) {
        if let CookieChange::Set(given) = change {
            self.state().record_cookie(given);
        }
    }

    pub(super) fn removal(&self) -> CookieChange {
        CookieChange::Remove(self.options())
    }

    /// A logout that the store could not take is one for the browser all the same, and goes on in
    /// the background.
    pub(super) fn cookie_after_failure(&self, error: &SessionError) -> CookieChange {
        let is_logout = self.state().change() == Change::Destroyed;
        if !is_logout || !matches!(error, SessionError::Store(_)) {
            return CookieChange::Keep;
        }
        let cookie = self.state().presented().cloned();
        if let Some(cookie) = cookie {
            self.0.rows.logouts.take_over(&self.0.rows, cookie.id);
        }
        self.removal()
    }
}
