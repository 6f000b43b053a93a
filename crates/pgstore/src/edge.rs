//! Headers to sessions and back: the six stages in a row. The direct API and the middleware both
//! stand on it.

use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE, VARY};

use crate::cookie;
use crate::id::SessionId;
use crate::manager::SessionManager;
use crate::name::{CookieError, CookieName};
use crate::options::{CookieOptions, MaxAge};
use crate::random;
use crate::registry::Sessions;
use crate::session::{CookieChange, CookieId, GivenCookie, Session, SessionError, Usage};
use crate::wire::{OpenError, Opened, gob};

/// How many cookies of one name are tried before the request counts as having none.
const MOST_COOKIES_TRIED: usize = 5;

impl SessionManager {
    /// The session that a request's headers name, or a new one. It is not read yet.
    ///
    /// Every call gives a session of its own; within one request, share one, or use
    /// [`sessions`](SessionManager::sessions).
    ///
    /// # Errors
    /// [`CookieError`]; a cookie that does not open is no error but a new session.
    // Go: pgstore.go Get and New.
    pub fn get(&self, request: &HeaderMap, name: &str) -> Result<Session, CookieError> {
        let name = CookieName::new(name)?;
        let options = self.options_for(&name)?;
        Ok(self.begin(name, options, &cookie::headers(request)))
    }

    /// Saves a session, if it was changed, and tells the browser in the response's headers.
    ///
    /// May be called again after further changes, and after an error: nothing is done twice.
    /// Once begun it goes on to its end, also if its future is dropped.
    ///
    /// # Errors
    /// [`SessionError`]; then nothing is known to be saved. After a [`destroy`](Session::destroy)
    /// that the store could not take, the headers still tell the browser to drop the cookie.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    // Go: pgstore.go Save, which writes the row and the cookie even when nothing has changed.
    pub async fn save(
        &self,
        session: &Session,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        let (changes, result) = self.finish_all(vec![session.clone()]).await;
        changes.write(response);
        result
    }

    /// All sessions of a request, by cookie name: each name gives the same session every time.
    // Go: gorilla/sessions GetRegistry.
    #[must_use]
    pub fn sessions(&self, request: &HeaderMap) -> Sessions {
        Sessions::new(self.clone(), cookie::headers(request))
    }

    /// Saves all sessions of a request that were changed, in the order of their names.
    ///
    /// Each is saved on its own: one that fails keeps no other from being saved, and the browser
    /// is told of those that were.
    ///
    /// # Errors
    /// The first [`SessionError`] in the order of names; further ones are logged.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    // Go: gorilla/sessions sessions.Save.
    pub async fn save_all(
        &self,
        sessions: &Sessions,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        let (changes, result) = self.finish_all(sessions.in_order_of_names()).await;
        changes.write(response);
        result
    }

    /// Stages 1 and 2. Stages 3 and 4 wait for the session's first use.
    pub(crate) fn begin(
        &self,
        name: CookieName,
        options: CookieOptions,
        cookies: &[HeaderValue],
    ) -> Session {
        let presented = self.open_first(&name, cookie::values(cookies, &name));
        Session::new(self.rows(name), presented, options, Usage::Request)
    }

    /// Stages 5 and 6 for every session of a request.
    pub(crate) async fn finish_all(
        &self,
        sessions: Vec<Session>,
    ) -> (HeaderChanges, Result<(), SessionError>) {
        if !sessions.iter().any(Session::has_work) {
            return self.finish_each(sessions).await; // It asks the store nothing.
        }
        let manager = self.clone();
        to_the_end(async move { manager.finish_each(sessions).await }).await
    }

    async fn finish_each(
        &self,
        sessions: Vec<Session>,
    ) -> (HeaderChanges, Result<(), SessionError>) {
        let (mut changes, mut result) = (HeaderChanges::default(), Ok(()));
        for session in sessions {
            match self.finish(&session, &mut changes).await {
                Err(error) if result.is_ok() => result = Err(error),
                Err(error) => {
                    let error = error.with_causes();
                    tracing::warn!(name = session.name(), %error, "a session was not saved either");
                }
                Ok(()) => {}
            }
        }
        (changes, result)
    }

    /// Stages 5 and 6.
    async fn finish(
        &self,
        session: &Session,
        changes: &mut HeaderChanges,
    ) -> Result<(), SessionError> {
        changes.looked_at |= session.looked_at();
        let (cookie, result) = session.save().await;
        if let Some(header) = self.set_cookie(session.cookie_name(), &cookie)? {
            changes.cookies.push((header, session.clone(), cookie));
        }
        result
    }

    /// The first cookie that opens. What a neighbouring host or an attacker put in front of it
    /// under the same name does not log the user out, nor does one from long ago: that counts
    /// only where there is no other, since its session may have a longer life of its own.
    // Go: net/http Request.Cookie takes the first, whether it opens or not.
    fn open_first<'a>(
        &self,
        name: &CookieName,
        values: impl Iterator<Item = &'a [u8]>,
    ) -> Option<CookieId> {
        let now = self.now().unix_seconds();
        let mut old = None;
        for value in values.take(MOST_COOKIES_TRIED) {
            match self.open(name, value, now) {
                Ok(Some(cookie)) if self.codec().is_young(cookie.issued_at, now) => {
                    return Some(cookie);
                }
                Ok(cookie) => old = old.or(cookie),
                Err(error) => {
                    tracing::debug!(name = name.as_str(), %error, "a cookie does not open");
                }
            }
        }
        old
    }

    fn open(
        &self,
        name: &CookieName,
        text: &[u8],
        now: i64,
    ) -> Result<Option<CookieId>, OpenError> {
        let opened = self.cookie_codec().max_age(CookieOptions::LONGEST).open(
            name.as_str(),
            text,
            now,
            gob::decode_string,
        )?;
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

    fn set_cookie(
        &self,
        name: &CookieName,
        change: &CookieChange,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let (text, options) = match change {
            CookieChange::Keep => return Ok(None),
            CookieChange::Set(given) => (self.seal(name, given)?, given.options.clone()),
            CookieChange::Remove(options) => {
                (String::new(), options.clone().max_age(MaxAge::Delete))
            }
        };
        Ok(cookie::set_cookie(name, &text, &options, self.now()))
    }

    fn seal(&self, name: &CookieName, given: &GivenCookie) -> Result<String, SessionError> {
        let plaintext = gob::encode_string(given.id.as_bytes());
        let (now, iv) = (given.at.unix_seconds(), random::bytes()?);
        let sealed = self.cookie_codec().seal(name.as_str(), &plaintext, now, iv);
        sealed.map_err(SessionError::TooLarge)
    }
}

/// Goes on to the end of a save, also when the client goes away and nobody waits any more.
async fn to_the_end<T: Send + 'static>(save: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(save).await {
        Ok(saved) => saved,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What a response has to say about its request's sessions.
#[derive(Debug, Default)]
pub(crate) struct HeaderChanges {
    /// Each cookie as a header, of which session, and what it says.
    cookies: Vec<(HeaderValue, Session, CookieChange)>,
    looked_at: bool,
}

impl HeaderChanges {
    /// Says it in a response's headers. Only then the browser counts as told: of a save that
    /// nobody waits for, it never hears.
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

/// The response depends on the cookie, so no cache may give it to anybody else.
fn vary_by_cookie(response: &mut HeaderMap) {
    let names_it = |value: &HeaderValue| {
        let value = value.to_str().unwrap_or_default();
        value
            .split(',')
            .map(str::trim)
            .any(|name| name == "*" || name.eq_ignore_ascii_case("cookie"))
    };
    if !response.get_all(VARY).iter().any(names_it) {
        response.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// A cached `Set-Cookie` would log strangers in. It overrides whatever the handler said.
fn never_cache(response: &mut HeaderMap) {
    response.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
