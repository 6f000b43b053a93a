//! What the sessions of one cookie name share, worked out once for each name.

use std::sync::{Arc, PoisonError, RwLock};

use crate::options::CookieOptions;
use crate::policy::OnOutage;
use crate::session::SealedRows;

/// The checked name of a cookie, with what its sessions share.
#[derive(Debug)]
pub(crate) struct NamedSessions {
    pub(crate) options: CookieOptions,
    pub(crate) rows: Arc<SealedRows>,
}

/// The names that a manager has been asked for. There are few in an application; more than these are
/// worked out for each request.
#[derive(Debug, Default)]
pub(super) struct KnownNames(RwLock<Vec<Arc<NamedSessions>>>);

const MOST_NAMES: usize = 16;

impl KnownNames {
    pub(super) fn find(&self, name: &str, on_outage: OnOutage) -> Option<Arc<NamedSessions>> {
        // No code panics while it holds the lock.
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|known| known.is(name, on_outage));
        found.cloned()
    }

    pub(super) fn add(&self, named: NamedSessions) -> Arc<NamedSessions> {
        let named = Arc::new(named);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_NAMES {
            known.push(Arc::clone(&named));
        }
        named
    }
}

impl NamedSessions {
    fn is(&self, name: &str, on_outage: OnOutage) -> bool {
        self.rows.name.as_str() == name && self.rows.policy.on_outage == on_outage
    }
}
