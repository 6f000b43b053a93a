//! Decides what a save tells the browser about its cookie.

use super::plan::CookieDue;
use crate::clock::seconds_since;
use crate::options::CookieOptions;
use crate::policy::Touch;
use crate::session::change::Change;
use crate::session::cookie_change::{CookieChange, GivenCookie};
use crate::session::state::{SessionState, Snapshot};
use crate::session::{Session, SessionError};

impl Session {
    pub(super) fn cookie_without_saving(&self) -> CookieChange {
        let state = self.state();
        let is_destroyed = state.change() == Change::Destroyed;
        let has_ended = is_destroyed || state.cookie_is_stale();
        drop(state);
        match has_ended {
            true => self.removal(),
            false => CookieChange::Keep,
        }
    }

    /// Whether the browser must get a cookie although the handler has changed nothing.
    pub(super) fn cookie_due(&self, state: &SessionState) -> CookieDue {
        let is_due = state.cookie_is_owed() || self.cookie_is_old(state, self.rows().policy.touch);
        match is_due && state.row().is_some() {
            true => CookieDue::Now,
            false => CookieDue::No,
        }
    }

    /// The cookie of a session that this request has saved, if anything about the cookie changes.
    pub(super) fn cookie_for_saving(&self, snapshot: &Snapshot) -> CookieChange {
        let (rows, state) = (self.rows(), self.state());
        let cookie = state.cookie();
        let has_older_keys = cookie.is_some_and(|cookie| !cookie.by_current_keys);
        let has_another_age = match (&snapshot.row, state.row()) {
            (Some(before), Some(after)) => rows.given_age(before) != rows.given_age(after),
            _ => false,
        };
        let is_due = state.cookie_is_owed()
            || state.options_changed()
            || has_older_keys
            || has_another_age
            || self.cookie_is_old(&state, self.rows().policy.touch.or_default());
        drop(state);
        match is_due {
            true => self.give_cookie(snapshot.covers.options.clone()),
            false => CookieChange::Keep,
        }
    }

    /// Whether the part of the cookie's lifetime has passed after which it is sealed again.
    // Go: pgstore.go Save seals it every time.
    fn cookie_is_old(&self, state: &SessionState, touch: Touch) -> bool {
        let rows = self.rows();
        let lifetime = rows.cookie_lifetime(&state.stored(), state.options().lasting());
        let now = rows.clock.now().unix_seconds();
        let cookie = state.cookie();
        cookie.is_some_and(|cookie| touch.is_due(seconds_since(cookie.issued_at, now), lifetime))
    }

    /// The cookie of a session that could not be touched. What was read may be out of date: another request
    /// may have given the session another ID. An ID that this request gave nobody else knows.
    pub(super) fn cookie_without_touch(&self) -> CookieChange {
        let (gave_id, options) = {
            let state = self.state();
            (state.gave_id(), state.options())
        };
        match gave_id {
            true => self.give_cookie(options),
            false => CookieChange::Keep,
        }
    }

    fn give_cookie(&self, options: CookieOptions) -> CookieChange {
        let Some(id) = self.state().stored_id() else {
            return CookieChange::Keep;
        };
        let at = self.rows().clock.now();
        CookieChange::Set(GivenCookie { id, options, at })
    }

    pub(super) fn removal(&self) -> CookieChange {
        CookieChange::Remove(self.options())
    }

    /// What the browser is told about its cookie although the save failed: a logout still removes it.
    pub(super) fn cookie_after_failure(&self, error: &SessionError) -> CookieChange {
        match self.logout_failed(error) || self.state().cookie_is_stale() {
            true => self.removal(),
            false => CookieChange::Keep,
        }
    }

    /// Whether the store could not take a logout.
    pub(super) fn logout_failed(&self, error: &SessionError) -> bool {
        let is_logout = self.state().change().ends_the_session();
        is_logout && matches!(error, SessionError::Store(_))
    }

    /// What the browser is told about the cookie that carries a stranger's CSRF seed, when the save has
    /// succeeded or failed.
    pub(crate) fn strangers_cookie(&self, is_saved: bool) -> CookieChange {
        let state = self.state();
        let is_over = is_saved || state.change().ends_the_session();
        state.strangers_cookie(is_over)
    }
}
