//! The CSRF seed that the cookie of a browser without a session carries.

use crate::clock::{Timestamp, seconds_since};
use crate::policy::Touch;
use crate::session::cookie_change::StrangerCookie;
use crate::session::csrf_seed::Seed;

/// What the browser's cookie carries in place of a session's ID.
#[derive(Debug, Default)]
pub(in crate::session) struct CarriedSeed {
    pub(super) cookie: Option<StrangerCookie>,
    /// Whether the browser must get the cookie.
    pub(super) is_owed: bool,
}

impl CarriedSeed {
    /// The browser has sent this cookie.
    pub(in crate::session) fn greet(&mut self, cookie: StrangerCookie) {
        self.cookie = Some(cookie);
    }

    /// A login: tokens of earlier pages are refused from now on.
    pub(in crate::session) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Has the browser's cookie carry this seed, for another lifetime if an eighth of it has passed.
    pub(in crate::session) fn carry(&mut self, seed: &Seed, now: Timestamp, lifetime: u64) {
        let now = now.unix_seconds();
        let is_up_to_date = self.cookie.as_ref().is_some_and(|carried| {
            let age = seconds_since(carried.issued_at, now);
            carried.seed.is(seed) && !Touch::default().is_due(age, lifetime)
        });
        if !is_up_to_date {
            let seed = seed.clone();
            self.cookie = Some(StrangerCookie {
                seed,
                issued_at: now,
            });
            self.is_owed = true;
        }
    }
}
