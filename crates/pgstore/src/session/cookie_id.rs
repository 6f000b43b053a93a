//! The ID that a request's cookie carries.

use crate::clock::Timestamp;
use crate::id::SessionId;

/// A session ID from a cookie, and how the cookie was sealed.
#[derive(Clone, Debug)]
pub(crate) struct CookieId {
    pub(crate) id: SessionId,
    /// When the cookie was sealed, in seconds since the Unix epoch.
    pub(crate) issued_at: i64,
    /// Whether the key pair that seals new cookies sealed it.
    pub(crate) by_current_keys: bool,
}

impl CookieId {
    /// The ID as a cookie carries it that is sealed now.
    pub(crate) fn fresh(id: SessionId, now: Timestamp) -> Self {
        Self {
            id,
            issued_at: now.unix_seconds(),
            by_current_keys: true,
        }
    }
}
