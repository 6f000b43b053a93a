//! The session's ID in the cookie: opened in stage 2, sealed in stage 6.

use std::collections::HashSet;

use http::header::HeaderValue;

use crate::cookie;
use crate::id::SessionId;
use crate::manager::SessionManager;
use crate::name::CookieName;
use crate::options::{CookieOptions, MaxAge};
use crate::random;
use crate::session::{CookieChange, CookieId, GivenCookie, SessionError};
use crate::telemetry::{self, CookieKind, CookieRefusal, Sealed};
use crate::wire::{OpenError, Opened, gob};

/// How many bytes of cookies of one name are opened. Others count as absent. A server usually takes
/// less in all headers together.
const MOST_BYTES_OPENED: usize = 64 * 1024;

impl SessionManager {
    /// Opens every cookie of the name that it can: usually the only one. If there are several, the
    /// store tells which counts. So a cookie that a neighbouring host, an attacker, or an application
    /// with another `Path` has put in front of it does not log the user out.
    ///
    /// A cookie older than the maximal age comes last: its session may have a longer lifetime of its
    /// own.
    // Go: net/http Request.Cookie takes the first, whether it opens or not.
    pub(super) fn open_all<'a>(
        &self,
        name: &CookieName,
        values: impl Iterator<Item = &'a [u8]>,
    ) -> Vec<CookieId> {
        let now = self.now().unix_seconds();
        let mut cookies = Vec::new();
        for value in within_bound(name, values, CookieKind::Session) {
            match self.open(name, value, now) {
                Ok(Some(cookie)) => {
                    note_keys(cookie.by_current_keys);
                    cookies.push(cookie);
                }
                Ok(None) => {
                    telemetry::cookie_refused(CookieKind::Session, CookieRefusal::Content);
                }
                Err(error) => {
                    telemetry::cookie_refused(CookieKind::Session, refusal(&error));
                    tracing::debug!(name = name.as_str(), %error, "a cookie does not open");
                }
            }
        }
        cookies.sort_by_key(|cookie| !self.codec().is_young(cookie.issued_at, now));
        without_repetitions(cookies)
    }

    fn open(
        &self,
        name: &CookieName,
        text: &[u8],
        now: i64,
    ) -> Result<Option<CookieId>, OpenError> {
        let (codec, longest) = (self.cookie_codec(), CookieOptions::LONGEST);
        let opened = codec.open_within(longest, name.as_str(), text, now, gob::decode_string)?;
        let Opened {
            value,
            issued_at,
            by_current_keys,
            ..
        } = opened;
        Ok(SessionId::parse(&value).map(|id| CookieId {
            id,
            issued_at,
            by_current_keys,
        }))
    }

    /// The `Set-Cookie` header that makes this change.
    pub(super) fn set_cookie(
        &self,
        name: &CookieName,
        change: &CookieChange,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let removed = |options: &CookieOptions| options.clone().max_age(MaxAge::Delete);
        let (name, text, options) = match change {
            CookieChange::Keep => return Ok(None),
            CookieChange::Set(given) => {
                let text = self.seal(name, given)?;
                (name.clone(), text, given.options.clone())
            }
            CookieChange::SetStrangers(cookie, options) => {
                let text = self.seal_stranger(name, cookie)?;
                (name.of_seed(), text, options.clone())
            }
            CookieChange::Remove(options) => (name.clone(), String::new(), removed(options)),
            CookieChange::RemoveStrangers(options) => {
                (name.of_seed(), String::new(), removed(options))
            }
        };
        Ok(cookie::set_cookie(&name, &text, &options, self.now()))
    }

    fn seal(&self, name: &CookieName, given: &GivenCookie) -> Result<String, SessionError> {
        let plaintext = gob::encode_string(given.id.as_bytes());
        let (codec, now) = (self.cookie_codec(), given.at.unix_seconds());
        let iv = codec.iv(random::bytes)?;
        let sealed = codec.seal(name.as_str(), &plaintext, now, iv);
        sealed.map_err(SessionError::TooLarge)
    }
}

/// The first of these values, up to the number of bytes that are opened.
pub(super) fn within_bound<'a>(
    name: &CookieName,
    values: impl Iterator<Item = &'a [u8]>,
    kind: CookieKind,
) -> impl Iterator<Item = &'a [u8]> {
    let mut bytes = 0;
    values.take_while(move |value| {
        bytes += value.len();
        let is_within = bytes <= MOST_BYTES_OPENED;
        if !is_within {
            telemetry::cookie_refused(kind, CookieRefusal::TooMany);
            tracing::debug!(name = name.as_str(), "too many cookies of one name");
        }
        is_within
    })
}

/// Counts a cookie that older keys have sealed.
pub(super) fn note_keys(by_current_keys: bool) {
    if !by_current_keys {
        telemetry::has_older_keys(Sealed::Cookie);
    }
}

/// Why a cookie does not open, for metrics.
pub(super) fn refusal(error: &OpenError) -> CookieRefusal {
    match error {
        OpenError::TooLong(_) => CookieRefusal::TooLong,
        OpenError::Encoding => CookieRefusal::Encoding,
        OpenError::NotSigned => CookieRefusal::NotSigned,
        OpenError::Timestamp => CookieRefusal::Date,
        OpenError::TooNew => CookieRefusal::TooNew,
        OpenError::Expired => CookieRefusal::Expired,
        OpenError::NotDecrypted => CookieRefusal::NotDecrypted,
        OpenError::Value(_) => CookieRefusal::Content,
    }
}

/// Each ID once, in the same order.
fn without_repetitions(mut cookies: Vec<CookieId>) -> Vec<CookieId> {
    if cookies.len() > 1 {
        let mut ids = HashSet::new();
        cookies.retain(|cookie| ids.insert(cookie.id.clone()));
    }
    cookies
}
