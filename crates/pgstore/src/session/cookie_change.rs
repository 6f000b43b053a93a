//! What a response tells the browser about the session's cookie.

use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::options::CookieOptions;

/// What the browser must be told.
#[derive(Debug)]
pub(crate) enum CookieChange {
    /// Nothing: its cookie is up to date.
    Keep,
    /// To keep this cookie from now on.
    Set(GivenCookie),
    /// To drop the cookie: the session has ended.
    Remove(CookieOptions),
}

/// A cookie as the browser gets it.
#[derive(Debug)]
pub(crate) struct GivenCookie {
    pub(crate) id: SessionId,
    pub(crate) options: CookieOptions,
    pub(crate) at: Timestamp,
}
