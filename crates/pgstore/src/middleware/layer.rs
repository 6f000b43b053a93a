use http::HeaderMap;
use tower_layer::Layer;

use super::SessionService;
use crate::edge::HeaderChanges;
use crate::manager::SessionManager;
use crate::name::{CookieError, CookieName};
use crate::options::CookieOptions;
use crate::registry::Sessions;
use crate::session::{Session, SessionError};

/// Gives every request of the services below it a [`Session`](crate::Session).
///
/// Handlers find it in the request's extensions, or through the axum extractor (feature `axum`);
/// beside it lie the [`Sessions`] of all other names. Of two layers, the inner one's are found.
///
/// After the handler, and before the response's head leaves, changes are saved and the cookie is
/// set. A response of the 5xx classes saves no value; [`renew`](Session::renew) and
/// [`destroy`](Session::destroy) count even then. An error or a panic of the service (not of an
/// axum handler, whose errors are responses) saves and ends nothing.
///
/// When saving fails the handler's response is not sent, since it may report a success that did
/// not happen: the client gets 503 with `Retry-After` when the store is away, 409 when another
/// request ended the session meanwhile, 500 otherwise. The cause is logged, and lies in the
/// response's extensions as a [`SessionFailure`](super::SessionFailure); nothing of it is in the
/// body.
///
/// ```
/// # use pgstore::{SessionLayer, SessionManager, store::MemoryStore, wire::Keys};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::new(MemoryStore::new(), Keys::from_pairs(&[b"secret-key"])?);
/// let layer = SessionLayer::new(&sessions, "session-key")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SessionLayer {
    manager: SessionManager,
    name: CookieName,
    options: CookieOptions,
}

impl SessionLayer {
    /// A layer that keeps sessions under this cookie name.
    ///
    /// # Errors
    /// [`CookieError`], when the name is not a token, or browsers would drop a cookie of that name
    /// with the manager's attributes.
    pub fn new(sessions: &SessionManager, name: &str) -> Result<Self, CookieError> {
        let name = CookieName::new(name)?;
        let options = sessions.options_for(&name)?;
        Ok(Self {
            manager: sessions.clone(),
            name,
            options,
        })
    }
}

impl SessionLayer {
    /// All sessions of a request, and the one of this layer's name: stages 1 and 2.
    pub(super) fn begin(&self, request: &HeaderMap) -> (Sessions, Session) {
        let sessions = self.manager.sessions(request);
        let session = sessions.open(&self.name, self.options.clone());
        (sessions, session)
    }

    /// What the response has to say about them, once they are saved: stages 5 and 6.
    pub(super) async fn finish(
        &self,
        sessions: &Sessions,
    ) -> (HeaderChanges, Result<(), SessionError>) {
        self.manager.finish_all(sessions).await
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.clone())
    }
}
