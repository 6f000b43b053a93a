//! All sessions of one request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use http::header::HeaderValue;

use crate::cookie;
use crate::manager::SessionManager;
use crate::name::{CookieError, CookieName};
use crate::options::CookieOptions;
use crate::session::{Session, SessionError};

/// The sessions of one request, each under the name of its cookie.
///
/// Use it where a request has more than one session: for preferences that outlive the login, for
/// example. They are saved one by one, in the order of their names. Clones are the same sessions.
///
/// ```
/// # use pgstore::{Sessions, SessionError};
/// # async fn handler(sessions: Sessions) -> Result<(), Box<dyn std::error::Error>> {
/// let login = sessions.get("login")?;
/// let preferences = sessions.get("preferences")?;
/// preferences.insert("theme", "dark")?;
/// login.destroy()?;
/// # Ok(())
/// # }
/// ```
// Go: gorilla/sessions Registry.
#[derive(Clone)]
pub struct Sessions(Arc<RequestSessions>);

struct RequestSessions {
    manager: SessionManager,
    cookies: Vec<HeaderValue>,
    state: Mutex<OpenSessions>,
}

#[derive(Default)]
struct OpenSessions {
    by_name: BTreeMap<CookieName, Session>,
    closed: bool,
}

impl SessionManager {
    /// Returns all sessions of a request by cookie name. Each name gives the same session every
    /// time.
    ///
    /// ```
    /// # use http::HeaderMap;
    /// # use pgstore::{SessionError, SessionManager};
    /// # async fn example(sessions: SessionManager, request: HeaderMap) -> Result<(), SessionError> {
    /// let all = sessions.sessions(&request);
    /// all.get("preferences")?.insert("theme", "dark")?;
    /// all.get("login")?.destroy()?;
    ///
    /// let mut response = HeaderMap::new();
    /// sessions.save_all(&all, &mut response).await?;
    /// # Ok(())
    /// # }
    /// ```
    // Go: gorilla/sessions GetRegistry.
    #[must_use]
    pub fn sessions(&self, request: &HeaderMap) -> Sessions {
        Sessions::new(self.clone(), cookie::headers(request))
    }

    /// Saves all sessions of a request that were changed, in the order of their names.
    ///
    /// Each is saved on its own: if one fails, the others are still saved, and the headers set the
    /// cookies of those that were.
    ///
    /// ```
    /// # use http::HeaderMap;
    /// # use pgstore::{SessionError, SessionManager, Sessions};
    /// # async fn example(manager: SessionManager, sessions: Sessions) -> Result<(), SessionError> {
    /// let mut response = HeaderMap::new();
    /// manager.save_all(&sessions, &mut response).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The first [`SessionError`] in the order of names. Further ones are logged as warnings.
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
}

impl Sessions {
    fn new(manager: SessionManager, cookies: Vec<HeaderValue>) -> Self {
        Self(Arc::new(RequestSessions {
            manager,
            cookies,
            state: Mutex::default(),
        }))
    }

    /// Returns the session under a name: the same one every time. The store is not asked yet.
    ///
    /// ```
    /// # use pgstore::{CookieError, Sessions};
    /// # fn handler(sessions: Sessions) -> Result<(), CookieError> {
    /// let preferences = sessions.get("preferences")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CookieError`] if the name is not a token, or if browsers would drop a cookie of that name
    /// with the manager's attributes.
    pub fn get(&self, name: &str) -> Result<Session, CookieError> {
        let name = CookieName::new(name)?;
        let options = self.0.manager.options_for(&name)?;
        Ok(self.open(&name, options))
    }

    /// The session under a name whose options have been checked.
    pub(crate) fn open(&self, name: &CookieName, options: CookieOptions) -> Session {
        let mut state = self.state();
        if let Some(session) = state.by_name.get(name) {
            return session.clone();
        }
        let session = self.0.manager.begin(name.clone(), options, &self.0.cookies);
        if state.closed {
            session.close();
        }
        state.by_name.insert(name.clone(), session.clone());
        session
    }

    pub(crate) fn in_order_of_names(&self) -> Vec<Session> {
        self.state().by_name.values().cloned().collect()
    }

    /// Makes later changes an error, since nothing would save them.
    #[cfg(feature = "middleware")]
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.by_name.values().for_each(Session::close);
    }

    /// Forgets what the handler has changed, except for ends of sessions and new IDs.
    #[cfg(feature = "middleware")]
    pub(crate) fn discard_changes(&self) {
        let state = self.state();
        state.by_name.values().for_each(Session::discard_changes);
    }

    fn state(&self) -> MutexGuard<'_, OpenSessions> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.state().by_name.values())
            .finish()
    }
}
