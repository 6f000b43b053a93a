//! What the request knows of a browser without a session.

use super::session_state::SessionState;
use crate::session::cookie_change::CookieChange;
use crate::session::csrf_seed::Seed;
use crate::store::Lookup;

impl SessionState {
    /// Whether the browser has no session, and none has begun in this request. A browser that brings a
    /// replaced ID has lost the response of a login: its pages are those of a stranger.
    pub(in crate::session) fn is_strangers(&self) -> bool {
        matches!(self.lookup(), Some(Lookup::Absent | Lookup::Replaced))
    }

    /// Whether the browser's cookie names a session that has ended.
    pub(in crate::session) fn leads_nowhere(&self) -> bool {
        self.is_strangers() && self.cookie().is_some()
    }

    /// The seed of new tokens of a stranger's pages. A session that begins gets it, so that the tokens
    /// stay valid. A login ends it.
    pub(in crate::session) fn strangers_seed(&self) -> Option<&Seed> {
        self.carried_seed.first().filter(|_| self.is_strangers())
    }

    /// Whether this is a seed of a stranger's pages. Once there is a session, none is.
    pub(in crate::session) fn accepts_strangers_seed(&mut self, seed: &Seed) -> bool {
        self.is_strangers() && self.carried_seed.accepts(seed)
    }

    /// What the browser is told about the cookie of its seed. `is_saved` says whether everything that the
    /// handler did is stored: a login that failed leaves the cookie, so that its form works again.
    pub(in crate::session) fn strangers_cookie(&self, is_saved: bool) -> CookieChange {
        let options = self.options().http_only(true);
        // The changes of a failed response are discarded, so that its session counts as unread.
        let may_be_strangers = self.is_strangers() || !self.is_read();
        match self.carried_seed.owed() {
            Some(cookie) if may_be_strangers => CookieChange::SetStrangers(cookie.clone(), options),
            _ if is_saved && self.carried_seed.is_stale() => CookieChange::RemoveStrangers(options),
            _ => CookieChange::Keep,
        }
    }
}
