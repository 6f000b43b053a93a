//! The CSRF seeds that cookies of their own carry for a browser without a session.

use std::cmp::Reverse;

use crate::clock::{Timestamp, seconds_since};
use crate::policy::Touch;
use crate::session::cookie_change::StrangerCookie;
use crate::session::csrf_seed::Seed;

/// The seeds that the browser has, or will have.
#[derive(Debug, Default)]
pub(in crate::session) struct CarriedSeed {
    /// Usually one. New tokens are made from the first.
    cookies: Vec<StrangerCookie>,
    /// Whether the browser must get the first cookie.
    is_owed: bool,
    /// Whether the browser has a cookie that counts no more.
    is_stale: bool,
}

impl CarriedSeed {
    /// The browser has sent these cookies. The newest counts first.
    pub(in crate::session) fn greet(&mut self, mut cookies: Vec<StrangerCookie>) {
        cookies.sort_by_key(|cookie| Reverse(cookie.issued_at));
        self.cookies = cookies;
    }

    /// A login or a logout: tokens of earlier pages are refused from now on.
    pub(in crate::session) fn forget(&mut self) {
        let had_cookie = !self.cookies.is_empty();
        *self = Self {
            is_stale: self.is_stale || had_cookie,
            ..Self::default()
        };
    }

    /// The seed of new tokens.
    pub(super) fn first(&self) -> Option<&Seed> {
        self.cookies.first().map(|cookie| &cookie.seed)
    }

    /// Whether one of the cookies carries this seed. From then on that one counts first: a session that
    /// begins gets the seed of the page that began it.
    pub(super) fn accepts(&mut self, seed: &Seed) -> bool {
        let mut places = 0..self.cookies.len();
        let place = places.find(|place| self.cookies[*place].seed.is(seed));
        if let Some(place) = place {
            self.cookies[..=place].rotate_right(1);
        }
        place.is_some()
    }

    /// Has the browser's cookie carry this seed, for another lifetime if an eighth of it has passed.
    pub(in crate::session) fn carry(&mut self, seed: &Seed, now: Timestamp, lifetime: u64) {
        let now = now.unix_seconds();
        let is_up_to_date = self.cookies.first().is_some_and(|carried| {
            let age = seconds_since(carried.issued_at, now);
            carried.seed.is(seed) && !Touch::default().is_due(age, lifetime)
        });
        if !is_up_to_date {
            let (seed, issued_at) = (seed.clone(), now);
            self.cookies.retain(|carried| !carried.seed.is(&seed));
            self.cookies.insert(0, StrangerCookie { seed, issued_at });
            self.is_owed = true;
        }
    }

    /// The cookie that the browser must get.
    pub(super) fn owed(&self) -> Option<&StrangerCookie> {
        self.cookies.first().filter(|_| self.is_owed)
    }

    /// Whether the browser has a cookie that counts no more.
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// The browser was told what becomes of its cookie.
    pub(in crate::session) fn record_told(&mut self) {
        self.is_owed = false;
        self.is_stale = false;
    }
}
