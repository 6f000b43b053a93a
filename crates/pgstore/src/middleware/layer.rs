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
///
/// # Who else has the session?
///
/// Every middleware between the layer and the handler: it may read and change the session before
/// the handler and after it, and all of them have the same one, read once. In axum, that is what is
/// added to the router *before* the session layer.
///
/// ```
/// use axum::Router;
/// use axum::extract::Request;
/// use axum::middleware::{Next, from_fn};
/// use axum::response::{IntoResponse, Redirect, Response};
/// use axum::routing::get;
/// use pgstore::{Session, SessionError, SessionLayer};
///
/// /// Whoever is not logged in is shown the login.
/// async fn only_users(
///     session: Session,
///     request: Request,
///     next: Next,
/// ) -> Result<Response, SessionError> {
///     match session.get::<String>("user").await? {
///         Some(_) => Ok(next.run(request).await),
///         None => Ok(Redirect::to("/login").into_response()),
///     }
/// }
///
/// # fn router(layer: SessionLayer) -> Router {
/// Router::new()
///     .route("/account", get(|| async { "Yours." }))
///     .route_layer(from_fn(only_users))
///     .route("/login", get(|| async { "Who are you?" }))
///     .layer(layer)
/// # }
/// ```
///
/// A plain tower service takes it from the extensions:
///
/// ```
/// # use http::Extensions;
/// use pgstore::{Session, SessionError};
///
/// /// Called with `request.extensions()`.
/// async fn user(extensions: &Extensions) -> Result<Option<String>, SessionError> {
///     match extensions.get::<Session>() {
///         Some(session) => session.get("user").await,
///         None => Ok(None), // there is no layer above
///     }
/// }
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
