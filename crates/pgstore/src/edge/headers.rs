//! What the sessions of a request change in the headers of its response.

use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE, VARY};

use crate::session::{CookieChange, Session};

/// The changes that a request's sessions make to the response's headers.
#[derive(Debug, Default)]
pub(crate) struct HeaderChanges {
    /// Each `Set-Cookie` header, its session, and what it changes.
    cookies: Vec<(HeaderValue, Session, CookieChange)>,
    looked_at: bool,
}

impl HeaderChanges {
    /// Notes whether the handler looked at a session, so that the response depends on the cookie.
    pub(super) fn note_look(&mut self, looked_at: bool) {
        self.looked_at |= looked_at;
    }

    pub(super) fn set_cookie(&mut self, header: HeaderValue, of: Session, change: CookieChange) {
        self.cookies.push((header, of, change));
    }

    /// Takes in what another session of the request changes.
    pub(super) fn merge(&mut self, other: Self) {
        self.cookies.extend(other.cookies);
        self.looked_at |= other.looked_at;
    }

    /// Writes the headers. Only now does the session count its cookie as given: a save whose
    /// caller was dropped reaches no browser.
    pub(crate) fn write(self, response: &mut HeaderMap) {
        if self.looked_at {
            vary_by_cookie(response);
        }
        if !self.cookies.is_empty() {
            never_cache(response);
        }
        for (header, session, change) in self.cookies {
            response.append(SET_COOKIE, header);
            session.note_given(&change);
        }
    }
}

/// Adds `Vary: Cookie`, so that no cache gives this response to another user.
fn vary_by_cookie(response: &mut HeaderMap) {
    let covers_cookies = |value: &HeaderValue| {
        let value = value.to_str().unwrap_or_default();
        value
            .split(',')
            .map(str::trim)
            .any(|name| name == "*" || name.eq_ignore_ascii_case("cookie"))
    };
    if !response.get_all(VARY).iter().any(covers_cookies) {
        response.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// Replaces the handler's `Cache-Control`: a cached `Set-Cookie` would log other users in.
fn never_cache(response: &mut HeaderMap) {
    response.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
