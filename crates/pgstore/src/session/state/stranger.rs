//! What the request knows of a browser without a session.

use super::session_state::SessionState;
use crate::session::cookie_change::StrangerCookie;
use crate::session::csrf_seed::Seed;
use crate::store::Lookup;

impl SessionState {
    /// Whether the browser has no session, and none has begun in this request.
    pub(in crate::session) fn is_strangers(&self) -> bool {
        matches!(self.lookup(), Some(Lookup::Absent))
    }

    /// Whether the browser's cookie names a session that has ended.
    pub(in crate::session) fn leads_nowhere(&self) -> bool {
        let leads_nowhere = matches!(self.lookup(), Some(Lookup::Absent | Lookup::Replaced));
        leads_nowhere && self.cookie().is_some()
    }

    /// The seed of the tokens of a stranger's pages. A session that begins gets it, so that the tokens
    /// stay valid. A login ends it.
    pub(in crate::session) fn strangers_seed(&self) -> Option<&Seed> {
        let carried = self.carried_seed.cookie.as_ref();
        let carried = carried.filter(|_| self.is_strangers());
        carried.map(|carried| &carried.seed)
    }

    /// The stranger's cookie, if the browser must get it.
    pub(in crate::session) fn owed_strangers_cookie(&self) -> Option<StrangerCookie> {
        let is_owed = self.carried_seed.is_owed && self.is_strangers();
        self.carried_seed.cookie.clone().filter(|_| is_owed)
    }

    pub(in crate::session) fn record_strangers_cookie(&mut self) {
        self.carried_seed.is_owed = false;
    }
}
