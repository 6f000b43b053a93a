//! What a response tells the browser about the session's cookie.

use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::options::CookieOptions;
use crate::session::csrf_seed::Seed;

/// What the browser must be told.
#[derive(Debug)]
pub(crate) enum CookieChange {
    /// Nothing: its cookie is up to date.
    Keep,
    /// To keep this cookie from now on.
    Set(GivenCookie),
    /// To keep this cookie, which carries a stranger's CSRF seed.
    SetStrangers(StrangerCookie, CookieOptions),
    /// To drop the cookie that carries a stranger's CSRF seed.
    RemoveStrangers(CookieOptions),
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

/// The cookie of a browser without a session: what the CSRF tokens of its pages are checked with.
#[derive(Clone, Debug)]
pub(crate) struct StrangerCookie {
    pub(crate) seed: Seed,
    /// When the cookie was sealed, in seconds since the Unix epoch.
    pub(crate) issued_at: i64,
}
