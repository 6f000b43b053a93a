use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tokio::runtime::Handle;
use tower_layer::Layer;

use super::on_failure::{Asked, Failed, OnFailure};
use super::refusal::refusal;
use super::{SessionBody, SessionFailure, SessionService};
use crate::edge::HeaderChanges;
use crate::manager::SessionManager;
use crate::name::{CookieError, CookieName};
use crate::options::CookieOptions;
use crate::policy::OnOutage;
use crate::registry::Sessions;
use crate::session::{Session, SessionError};

/// Gives every request of the services below it a [`Session`](crate::Session).
///
/// Handlers find it in the request's extensions, or through the axum extractor (feature `axum`);
/// beside it lie the [`Sessions`] of all other names. Of two layers, the inner one's are found.
///
/// After the handler, and before the response's head leaves, changes are saved and the cookie is
/// set. A response of the 5xx classes saves no value; [`renew`](Session::renew) and
/// [`destroy`](Session::destroy) count even then, and likewise when the service fails or panics
/// (an axum handler's errors are responses). A save that has begun goes on to its end when the
/// client goes away.
///
/// When saving fails the handler's response is not sent, since it may report a success that did
/// not happen: the client gets 503 with `Retry-After` when the store is away, 409 when another
/// request ended the session meanwhile (unless the handler itself answers 4xx), 500 otherwise.
/// [`on_failure`](SessionLayer::on_failure) answers in another way. The cause is logged, and lies
/// in the response's extensions as a [`SessionFailure`](super::SessionFailure); nothing of it is
/// in the body.
///
/// ```
/// # use pgstore::{SessionLayer, SessionManager, store::MemoryStore, wire::Keys};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = Keys::from_pairs(&[[7; 32]])?;
/// let sessions = SessionManager::builder(MemoryStore::new(), keys).build()?;
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
    on_failure: Option<OnFailure>,
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
            on_failure: None,
        })
    }

    /// Sets what requests of these routes get while the store is away. Default: the manager's.
    ///
    /// ```
    /// # use pgstore::{OnOutage, SessionLayer, SessionManager, store::MemoryStore, wire::Keys};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// # let sessions = SessionManager::builder(MemoryStore::new(), keys).build()?;
    /// // Pages that strangers may see, too.
    /// let public = SessionLayer::new(&sessions, "session-key")?.on_outage(OnOutage::Anonymous);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_outage(mut self, policy: OnOutage) -> Self {
        self.manager = self.manager.with_on_outage(policy);
        self
    }

    /// Sets how a failure of a session is answered; `None` leaves it to the layer. Default: a line
    /// of plain text.
    ///
    /// It is asked when a save fails, and for errors that an axum handler has returned as they are.
    /// [`Gone`](SessionError::Gone) is for requests that were under way when their session ended;
    /// later ones find a new session, so pages for members still look who is there.
    /// Of the response that it gives, everything is sent; `Retry-After`, say, is up to it.
    ///
    /// ```
    /// # use pgstore::{SessionLayer, SessionManager, store::MemoryStore, wire::Keys};
    /// use http::{Response, StatusCode, header::LOCATION};
    /// use pgstore::SessionError;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// # let sessions = SessionManager::builder(MemoryStore::new(), keys).build()?;
    /// let layer = SessionLayer::new(&sessions, "session-key")?.on_failure(|failed| {
    ///     if !matches!(failed.error, SessionError::Gone) {
    ///         return None;
    ///     }
    ///     let to_login = Response::builder()
    ///         .status(StatusCode::SEE_OTHER)
    ///         .header(LOCATION, "/login");
    ///     to_login.body("".into()).ok()
    /// });
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_failure(
        mut self,
        answer: impl Fn(Failed<'_>) -> Option<Response<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        self.on_failure = Some(OnFailure::new(answer));
        self
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
        self.manager.finish_all(sessions.in_order_of_names()).await
    }

    /// What the application's answer to a failure may depend on, if it has one.
    pub(super) fn asked<B>(&self, request: &Request<B>) -> Option<Asked> {
        self.on_failure.as_ref().map(|_| Asked::by(request))
    }

    /// The handler's response, or the one in its place.
    pub(super) fn answer<B>(
        &self,
        asked: Option<&Asked>,
        response: Response<B>,
        result: Result<(), SessionError>,
    ) -> Response<SessionBody<B>> {
        let failure = match result {
            Ok(()) => response.extensions().get::<SessionFailure>().cloned(),
            // The handler has reported no success.
            Err(SessionError::Gone) if response.status().is_client_error() => None,
            Err(error) => {
                let failure = SessionFailure::log(error);
                return self
                    .answer_of_the_application(asked, &failure)
                    .unwrap_or_else(|| refusal(failure).map(SessionBody::bytes));
            }
        };
        let instead = failure.and_then(|failure| self.answer_of_the_application(asked, &failure));
        instead.unwrap_or_else(|| response.map(SessionBody::inner))
    }

    fn answer_of_the_application<B>(
        &self,
        asked: Option<&Asked>,
        failure: &SessionFailure,
    ) -> Option<Response<SessionBody<B>>> {
        let mut response = self.on_failure.as_ref()?.answer(asked?, failure)?;
        response.extensions_mut().insert(failure.clone());
        Some(response.map(SessionBody::bytes))
    }

    /// A request came to nothing, and there is nobody to answer: ends of sessions still count, and
    /// messages that were taken are for the next one. A new ID counts only where the service
    /// `failed`: a client that goes away has done nothing wrong, and would never hear of it.
    pub(super) fn clean_up(&self, sessions: &Sessions, failed: bool) {
        let sessions = sessions.in_order_of_names();
        for session in &sessions {
            session.discard_changes();
            if !failed {
                session.forget_new_id();
            }
        }
        let changed: Vec<_> = sessions.into_iter().filter(Session::is_changed).collect();
        if let (false, Ok(runtime)) = (changed.is_empty(), Handle::try_current()) {
            let manager = self.manager.clone();
            runtime.spawn(async move { manager.finish_all(changed).await.1 });
        }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.clone())
    }
}
