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
        let strangers = state.owed_strangers_cookie().filter(|_| !is_destroyed);
        if let Some(cookie) = strangers {
            return CookieChange::SetStrangers(cookie, state.options());
        }
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
        let state = self.state();
        let cookie = state.cookie();
        let has_older_keys = cookie.is_some_and(|cookie| !cookie.by_current_keys);
        let has_another_lifetime = match (&snapshot.row, state.row()) {
            (Some(before), Some(after)) => before.lifetime() != after.lifetime(),
            _ => false,
        };
        let is_due = state.cookie_is_owed()
            || state.options_changed()
            || has_older_keys
            || has_another_lifetime
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

    /// A logout that the store could not take still removes the browser's cookie, and continues in the
    /// background.
    pub(super) fn cookie_after_failure(&self, error: &SessionError) -> CookieChange {
        let state = self.state();
        let (is_logout, is_stale) = (state.change().ends_the_session(), state.cookie_is_stale());
        let cookies = state.cookies();
        drop(state);
        let logout_failed = is_logout && matches!(error, SessionError::Store(_));
        for cookie in cookies.into_iter().filter(|_| logout_failed) {
            self.rows().logouts.take_over(cookie.id);
        }
        match logout_failed || is_stale {
            true => self.removal(),
            false => CookieChange::Keep,
        }
    }
}
