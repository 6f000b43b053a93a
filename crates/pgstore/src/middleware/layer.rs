use tower_layer::Layer;

use super::SessionService;
use crate::manager::SessionManager;
use crate::name::{CookieError, CookieName};

/// Gives every request of the services below it a [`Session`](crate::Session).
///
/// Handlers find it in the request's extensions, or through the axum extractor (feature `axum`);
/// beside it lie the [`Sessions`](crate::Sessions) of all other names.
/// After the handler, and before the response's head leaves, changes are saved and the cookie is
/// set. A response of the 5xx classes, an error or a panic of the service saves no value;
/// [`renew`](crate::Session::renew) and [`destroy`](crate::Session::destroy) count even in a 5xx.
///
/// When saving fails the handler's response is not sent, since it may report a success that did
/// not happen: the client gets 503 with `Retry-After` when the store is away, 409 when another
/// request ended the session meanwhile, 500 otherwise. The cause is in the response's extensions
/// as [`NotSaved`](super::NotSaved); nothing of it is in the body.
///
/// ```
/// # use pgstore::{SessionLayer, SessionManager, store::memory::MemoryStore, wire::Keys};
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
}

impl SessionLayer {
    /// A layer that keeps sessions under this cookie name.
    ///
    /// # Errors
    /// [`CookieError`], when the name is not a token, or browsers would drop a cookie of that name
    /// with the manager's attributes.
    pub fn new(sessions: &SessionManager, name: &str) -> Result<Self, CookieError> {
        let name = CookieName::new(name)?;
        sessions.options.check(&name)?;
        Ok(Self {
            manager: sessions.clone(),
            name,
        })
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.manager.clone(), self.name.clone())
    }
}
