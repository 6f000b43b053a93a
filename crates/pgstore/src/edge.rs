//! Headers to session and back: the six stages in a row. The direct API and the middleware both
//! stand on it.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE, VARY};

use crate::cookie;
use crate::id::SessionId;
use crate::manager::SessionManager;
use crate::name::{CookieName, InvalidCookieName};
use crate::options::{CookieOptions, MaxAge};
use crate::random;
use crate::session::{CookieChange, Presented, SealedRows, Session, SessionError};
use crate::wire::{OpenError, Opened, gob};

/// How many cookies of one name are tried before the request counts as having none.
const MOST_COOKIES_TRIED: usize = 5;

impl SessionManager {
    /// The session that a request's headers name, or a new one. It is not read yet.
    ///
    /// Every call gives a session of its own; within one request, share one.
    ///
    /// # Errors
    /// [`InvalidCookieName`]; a cookie that does not open is no error but a new session.
    // Go: pgstore.go Get and New.
    pub fn get(&self, request: &HeaderMap, name: &str) -> Result<Session, InvalidCookieName> {
        Ok(Edge::new(self, CookieName::new(name)?).begin(request))
    }

    /// Saves a session, if it was changed, and tells the browser in the response's headers.
    ///
    /// May be called again after further changes.
    ///
    /// # Errors
    /// [`SessionError`]; then nothing is known to be saved, and the headers are unchanged.
    // Go: pgstore.go Save, which writes the row and the cookie even when nothing has changed.
    pub async fn save(
        &self,
        session: &Session,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        Edge::new(self, session.cookie_name().clone())
            .finish(session, response)
            .await
    }
}

/// The manager with one cookie name: what the stages need.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    rows: Arc<SealedRows>,
    options: CookieOptions,
}

impl Edge {
    pub(crate) fn new(manager: &SessionManager, name: CookieName) -> Self {
        let rows = SealedRows {
            store: Arc::clone(&manager.store),
            codec: manager.codec.clone(),
            clock: Arc::clone(&manager.clock),
            name,
        };
        Self {
            rows: Arc::new(rows),
            options: manager.options.clone(),
        }
    }

    /// Stages 1 and 2. Stages 3 and 4 wait for the session's first use.
    pub(crate) fn begin(&self, request: &HeaderMap) -> Session {
        let headers = cookie::headers(request);
        let presented = self.open_first(cookie::values(&headers, &self.rows.name));
        Session::new(Arc::clone(&self.rows), presented, self.options.clone())
    }

    /// Stages 5 and 6.
    pub(crate) async fn finish(
        &self,
        session: &Session,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        let cookie = session.save().await?;
        let set_cookie = self.set_cookie(cookie)?;
        if session.looked_at() {
            vary_by_cookie(response);
        }
        if let Some(set_cookie) = set_cookie {
            response.append(SET_COOKIE, set_cookie);
            never_cache(response);
        }
        Ok(())
    }

    /// The first cookie that opens. What a neighbouring host or an attacker put in front of it
    /// under the same name does not log the user out.
    // Go: net/http Request.Cookie takes the first, whether it opens or not.
    fn open_first<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> Option<Presented> {
        values.take(MOST_COOKIES_TRIED).find_map(|value| match self.open(value) {
            Ok(presented) => presented,
            Err(error) => {
                tracing::debug!(name = self.rows.name.as_str(), %error, "a cookie does not open");
                None
            }
        })
    }

    fn open(&self, text: &[u8]) -> Result<Option<Presented>, OpenError> {
        let now = self.rows.clock.now().unix_seconds();
        let opened =
            self.rows
                .codec
                .open(self.rows.name.as_str(), text, now, gob::decode_string)?;
        let Opened {
            value,
            issued_at,
            by_current_keys,
            ..
        } = opened;
        Ok(SessionId::parse(&value).map(|id| Presented {
            id,
            issued_at,
            by_current_keys,
        }))
    }

    fn set_cookie(&self, change: CookieChange) -> Result<Option<HeaderValue>, SessionError> {
        let now = self.rows.clock.now();
        match change {
            CookieChange::Keep => Ok(None),
            CookieChange::Set(id, options) => {
                let text = self.seal(&id)?;
                Ok(cookie::set_cookie(&self.rows.name, &text, &options, now))
            }
            CookieChange::Remove(options) => {
                let options = options.max_age(MaxAge::Delete);
                Ok(cookie::set_cookie(&self.rows.name, "", &options, now))
            }
        }
    }

    fn seal(&self, id: &SessionId) -> Result<String, SessionError> {
        let plaintext = gob::encode_string(id.as_bytes());
        let now = self.rows.clock.now().unix_seconds();
        let sealed =
            self.rows
                .codec
                .seal(self.rows.name.as_str(), &plaintext, now, random::bytes()?);
        sealed.map_err(SessionError::TooLarge)
    }
}

/// The response depends on the cookie, so no cache may give it to anybody else.
fn vary_by_cookie(response: &mut HeaderMap) {
    let names = |value: &HeaderValue| {
        let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
        value
            .split(',')
            .any(|name| matches!(name.trim(), "cookie" | "*"))
    };
    if !response.get_all(VARY).iter().any(names) {
        response.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// A cached `Set-Cookie` would log strangers in. It overrides whatever the handler said.
fn never_cache(response: &mut HeaderMap) {
    response.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
