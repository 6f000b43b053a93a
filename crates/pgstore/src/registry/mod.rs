//! All sessions of one request.

// Without the middleware there is no layer, and so no session of one.
#[cfg_attr(not(feature = "middleware"), allow(dead_code))]
mod request_sessions;

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "middleware")]
use http::Extensions;
use http::HeaderMap;

use self::request_sessions::{Depth, Opener, RequestSessions};
use crate::cookie::CookieHeaders;
use crate::manager::{ManagedSession, NamedSessions, SessionManager};
use crate::name::CookieError;
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
        Sessions {
            manager: self.clone(),
            request: Arc::new(RequestSessions::new(CookieHeaders::of(request))),
            layer: Depth::default(),
        }
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
    /// Returns the sessions of a request that a [`SessionLayer`](crate::SessionLayer) has seen, from the
    /// request's extensions: for tower services. With axum, take it as an argument of your handler.
    ///
    /// ```
    /// # use http::Request;
    /// use pgstore::Sessions;
    ///
    /// fn theme_session(request: &Request<()>) -> Option<pgstore::Session> {
    ///     let sessions = Sessions::of_request(request.extensions())?;
    ///     sessions.get("preferences").ok()
    /// }
    /// ```
    #[cfg(feature = "middleware")]
    #[must_use]
    pub fn of_request(extensions: &Extensions) -> Option<Self> {
        let inner = extensions.get::<Self>().cloned();
        inner.or_else(|| Self::of_outermost_layer(extensions.get()?))
    }

    /// The registry of a request whose only layer so far has given it this session.
    #[cfg(feature = "middleware")]
    fn of_outermost_layer(session: &Session) -> Option<Self> {
        let request = session.holder::<RequestSessions>()?;
        Some(Self {
            manager: request.first()?.manager,
            request,
            layer: Depth::default(),
        })
    }

    /// The registry of a request that no layer further out has seen, and the session of the layer that
    /// sees it now.
    #[cfg(feature = "middleware")]
    pub(crate) fn begin(
        manager: &SessionManager,
        named: &Arc<NamedSessions>,
        request: &HeaderMap,
    ) -> (Self, Session) {
        let (manager, cookies) = (manager.clone(), CookieHeaders::of(request));
        let request = RequestSessions::of_layer(manager.clone(), Arc::clone(named), cookies);
        let request = Arc::new(request);
        let session = Session::held_by(request.clone());
        let sessions = Self {
            manager,
            request,
            layer: Depth::default(),
        };
        (sessions, session)
    }

    /// The registry that a layer further out has put into the request, for this layer's manager, and the
    /// session of this layer. `None` if there is none, or if its response is already made.
    #[cfg(feature = "middleware")]
    pub(crate) fn join(
        manager: &SessionManager,
        named: &NamedSessions,
        request: &Extensions,
    ) -> Option<(Self, Session)> {
        let outer = Self::of_request(request).filter(|outer| !outer.request.is_closed())?;
        let joined = Self {
            manager: manager.clone(),
            request: outer.request,
            layer: Depth(outer.layer.0 + 1),
        };
        let session = joined.open(named, Opener::Layer);
        Some((joined, session))
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
        let named = self.manager.named(name)?;
        Ok(self.open(&named, Opener::Handler))
    }

    /// If the name is open already, the manager and the options stay those with which it was opened.
    fn open(&self, named: &NamedSessions, opener: Opener) -> Session {
        let open = self
            .request
            .open(named, &self.manager, (self.layer, opener));
        warn_of_two_managers(&open, &self.manager);
        open.session
    }

    /// The sessions that were looked at. The others have nothing to save.
    pub(crate) fn used_in_order_of_names(&self) -> Vec<ManagedSession> {
        let mut used = self.request.used();
        used.sort_by(|one, other| one.session.cookie_name().cmp(other.session.cookie_name()));
        used
    }

    /// Makes later changes an error, since nothing would save them.
    #[cfg(feature = "middleware")]
    pub(crate) fn close(&self) {
        self.request.close();
    }

    /// Forgets what the handler has changed, except for ends of sessions and new IDs. The sessions that
    /// layers further out have opened are left to those.
    #[cfg(feature = "middleware")]
    pub(crate) fn discard_changes(&self) {
        let own = self.request.used_from(self.layer);
        own.iter().for_each(|open| open.session.discard_changes());
    }

    /// Returns to the store, in the background, the flashes that no page of this request shows.
    #[cfg(feature = "middleware")]
    pub(crate) fn return_flashes(&self) {
        let open = self.used_in_order_of_names();
        open.iter().for_each(|open| open.session.return_flashes());
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.used_in_order_of_names();
        let used = used.iter().map(|open| &open.session);
        f.debug_list().entries(used).finish()
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
