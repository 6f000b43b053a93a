//! The limits that end a session, as far as its row shows them. Loading and listing share them.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::store::{Row, RowExtras};
use crate::wire::SecureCookie;

/// The limits that end an application's sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    codec: &'a SecureCookie,
    absolute_timeout: Option<Duration>,
}

impl<'a> Limits<'a> {
    pub(crate) fn new(codec: &'a SecureCookie, absolute_timeout: Option<Duration>) -> Self {
        Self {
            codec,
            absolute_timeout,
        }
    }

    /// Whether the row's session is alive, without a look into its data: that would need the name
    /// of its cookie. A row whose data is no sealed text has no session.
    pub(crate) fn is_live(self, row: &Row, now: Timestamp) -> bool {
        let sealed_at = SecureCookie::claimed_date(&row.data);
        !row.is_expired(now)
            && !self.is_past_the_absolute_timeout(row, now)
            && sealed_at.is_some_and(|sealed_at| self.is_young(&row.extras, sealed_at, now))
    }

    /// Whether what was sealed at that time still opens.
    // Go: securecookie.go Decode: exactly as old as the maximal age is fine.
    pub(super) fn is_young(self, extras: &RowExtras, sealed_at: i64, now: Timestamp) -> bool {
        match own_max_age(extras) {
            Some(own) => sealed_at >= now.unix_seconds().saturating_sub(own),
            None => self.codec.is_young(sealed_at, now.unix_seconds()),
        }
    }

    pub(super) fn is_past_the_absolute_timeout(self, row: &Row, now: Timestamp) -> bool {
        let timeout = self.absolute_timeout;
        timeout.is_some_and(|timeout| row.created_on.min(now).plus(timeout) <= now)
    }
}

/// The session's own maximal age in seconds, unless it ends with the browser.
pub(super) fn own_max_age(extras: &RowExtras) -> Option<i64> {
    extras.max_age.filter(|own| *own > 0)
}
