//! All sessions of one request.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(feature = "middleware")]
use http::Extensions;
use http::HeaderMap;
use http::header::HeaderValue;

use crate::cookie;
use crate::manager::{ManagedSession, NamedSessions, SessionManager};
use crate::name::{CookieError, CookieName};
use crate::session::{Session, SessionError};

/// The sessions of one request, each under the name of its cookie.
///
/// Use it where a request has more than one session: for preferences that outlive the login, for
/// example. Each is saved on its own, all at the same time. Clones are the same sessions.
///
/// A request has one registry, however many [layers](crate::SessionLayer) it passes. The first that
/// opens a name, which is the outermost layer of that name, decides about its manager and options.
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
pub struct Sessions {
    /// Opens the names that the request has not opened yet.
    manager: SessionManager,
    request: Arc<RequestSessions>,
    /// Whose registry this is.
    #[cfg(feature = "middleware")]
    layer: Depth,
}

/// How many session layers of the request are further out.
#[cfg(feature = "middleware")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Depth(usize);

struct RequestSessions {
    cookies: Arc<[HeaderValue]>,
    state: Mutex<OpenSessions>,
}

#[derive(Default)]
struct OpenSessions {
    /// Most requests have one session.
    first: Option<OpenSession>,
    others: Vec<OpenSession>,
    closed: bool,
}

struct OpenSession {
    managed: ManagedSession,
    /// The innermost layer whose policies apply to it: the one that opened it, or one of the same name.
    #[cfg(feature = "middleware")]
    layer: Depth,
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

    /// Saves all sessions of a request that were changed, all at the same time.
    ///
    /// Each is saved on its own: if one fails, the others are still saved, and the headers set the
    /// cookies of those that were. A session that another manager opened in the same request is saved
    /// in that manager's store.
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
    /// The gravest [`SessionError`]: a logout that was not done, then an unavailable store, then the
    /// rest, then [`Gone`](SessionError::Gone). Further ones are logged as warnings.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    // Go: gorilla/sessions sessions.Save.
    pub async fn save_all(
        &self,
        sessions: &Sessions,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        let (changes, errors) = Self::finish_all(sessions.used_in_order_of_names()).await;
        changes.write(response);
        errors.into_gravest()
    }
}

impl Sessions {
    fn new(manager: SessionManager, cookies: Arc<[HeaderValue]>) -> Self {
        let state = Mutex::default();
        Self {
            manager,
            request: Arc::new(RequestSessions { cookies, state }),
            #[cfg(feature = "middleware")]
            layer: Depth(0),
        }
    }

    /// The registry that a layer further out has put into the request, for this layer's manager.
    /// `None` if there is none, or if its response is already made.
    #[cfg(feature = "middleware")]
    pub(crate) fn of_layer_further_out(
        manager: &SessionManager,
        request: &Extensions,
    ) -> Option<Self> {
        let outer = request.get::<Self>()?;
        let is_open = !outer.state().closed;
        is_open.then(|| Self {
            manager: manager.clone(),
            request: Arc::clone(&outer.request),
            layer: Depth(outer.layer.0 + 1),
        })
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
        Ok(self.open(&*self.manager.named(name)?))
    }

    /// The session that a layer gives to the handlers inside it. Its policies apply to it from now on.
    #[cfg(feature = "middleware")]
    pub(crate) fn open_for_layer(&self, named: &NamedSessions) -> Session {
        let session = self.open(named);
        if let Some(open) = self.state().find(&named.rows.name) {
            open.layer = self.layer;
        }
        session
    }

    /// The session under a name whose options have been checked. If the name is open already, the
    /// manager and the options stay those with which it was opened.
    fn open(&self, named: &NamedSessions) -> Session {
        let mut state = self.state();
        if let Some(open) = state.find(&named.rows.name) {
            warn_of_two_managers(&open.managed, &self.manager);
            return open.managed.session.clone();
        }
        let (manager, rows) = (self.manager.clone(), Arc::clone(&named.rows));
        let session = manager.begin(rows, named.options.clone(), &self.request.cookies);
        if state.closed {
            session.close();
        }
        state.add(OpenSession {
            managed: ManagedSession {
                manager,
                session: session.clone(),
            },
            #[cfg(feature = "middleware")]
            layer: self.layer,
        });
        session
    }

    /// The sessions that were looked at. The others have nothing to save.
    pub(crate) fn used_in_order_of_names(&self) -> Vec<ManagedSession> {
        let state = self.state();
        let used = state.all().filter(|open| open.managed.session.looked_at());
        let mut used: Vec<_> = used.map(|open| open.managed.clone()).collect();
        used.sort_by(|one, other| one.session.cookie_name().cmp(other.session.cookie_name()));
        used
    }

    /// Makes later changes an error, since nothing would save them.
    #[cfg(feature = "middleware")]
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.all().for_each(|open| open.managed.session.close());
    }

    /// Forgets what the handler has changed, except for ends of sessions and new IDs. The sessions that
    /// layers further out have opened are left to those.
    #[cfg(feature = "middleware")]
    pub(crate) fn discard_changes(&self) {
        let state = self.state();
        let own = state.all().filter(|open| open.layer >= self.layer);
        own.for_each(|open| open.managed.session.discard_changes());
    }

    /// Returns to the store, in the background, the flashes that no page of this request shows.
    #[cfg(feature = "middleware")]
    pub(crate) fn return_flashes(&self) {
        let open = self.used_in_order_of_names();
        open.iter().for_each(|open| open.session.return_flashes());
    }

    fn state(&self) -> MutexGuard<'_, OpenSessions> {
        self.request
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenSessions {
    fn all(&self) -> impl Iterator<Item = &OpenSession> {
        self.first.iter().chain(&self.others)
    }

    fn find(&mut self, name: &CookieName) -> Option<&mut OpenSession> {
        let mut all = self.first.iter_mut().chain(&mut self.others);
        all.find(|open| open.managed.session.cookie_name() == name)
    }

    fn add(&mut self, open: OpenSession) {
        match self.first {
            None => self.first = Some(open),
            Some(_) => self.others.push(open),
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.state().all().map(|open| &open.managed.session))
            .finish()
    }
}

/// One cookie cannot hold two sessions.
fn warn_of_two_managers(open: &ManagedSession, manager: &SessionManager) {
    if !open.manager.is(manager) {
        tracing::warn!(
            name = open.session.name(),
            "two session managers use one cookie name in one request: the outermost layer's counts; \
             give the other layer another name"
        );
    }
}
