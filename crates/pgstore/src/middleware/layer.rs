use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::head_guard::Place;
use super::on_failure::{Failed, OnFailure};
use super::refusal::holds_though_gone;
use crate::edge::HeaderChanges;
use crate::manager::{NamedSessions, SessionManager};
use crate::name::CookieError;
use crate::policy::{OnOutage, SaveOn};
use crate::registry::Sessions;
use crate::session::{Session, WeighedErrors};

/// Gives every request of the services below it a [`Session`](crate::Session).
///
/// Handlers find it in the request's extensions, or through the axum extractor (feature `axum`).
/// The extensions also hold the [`Sessions`] of all other names.
///
/// After the handler, and before the response's head is sent, the layer saves what changed and sets
/// the cookie. A response with status 408, 499, or 500 and above saves no value, since its handler
/// failed or was aborted; [`save_on`](SessionLayer::save_on) chooses other statuses. A
/// [`renew`](Session::renew) or [`destroy`](Session::destroy) counts even then, and also if the
/// service fails or panics (an axum handler's errors are responses). A save that has begun runs to
/// its end even if the client disconnects.
///
/// If saving fails, the handler's response is not sent, since it may report a success that did not
/// happen. The client gets 503 with `Retry-After` when the store is unavailable, 409 when another
/// request ended the session (unless the handler itself answers 4xx), and 500 otherwise. Set
/// [`on_failure`](SessionLayer::on_failure) to answer in another way. If several sessions fail, the
/// gravest error decides: a logout that was not done, then an unavailable store, then the rest,
/// then a session that has ended. The layer logs the causes and puts them into the response's
/// extensions as a [`SessionFailure`](super::SessionFailure); the body does not contain them.
///
/// ```
/// # use pgstore::{Keys, MemoryStore, SessionLayer, SessionManager};
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
/// Every middleware between the layer and the handler. It may read and change the session before
/// the handler and after it; all of them have the same one, read once. In axum, these are the layers
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
/// /// Users who are not logged in are sent to the login.
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
/// A plain tower service takes it from the extensions, and [all sessions](Sessions::of_request) too:
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
///
/// # May one layer be inside another?
///
/// Yes: for two cookies, or for routes with a policy of their own. Handlers get the [`Session`] of the
/// innermost layer, and all layers share the request's [`Sessions`]. The outermost one saves them all,
/// once, each in the store of its own manager, and sets their cookies on whatever response it sends.
/// Each layer discards the changes of its session, and of those that were opened inside it, if it sees a
/// response that [saves nothing](SessionLayer::save_on). It leaves those of the layers further out to
/// them. It answers the failures of handlers inside it; failed saves are answered by the outermost.
///
/// Two layers under one cookie name give one session. The outer one's manager, cookie options and
/// [outage policy](SessionLayer::on_outage) count; if the managers differ, a warning is logged.
///
/// # Where does it stand among other layers?
///
/// Layers outside it see the response with its cookie; layers inside it are part of the handler. A
/// timeout inside it answers with a status that saves no value; a timeout outside it counts as a
/// disconnected client.
///
/// ```
/// use std::time::Duration;
/// use axum::Router;
/// use axum::http::StatusCode;
/// use pgstore::SessionLayer;
/// use tower::ServiceBuilder;
/// use tower_http::compression::CompressionLayer;
/// use tower_http::timeout::TimeoutLayer;
/// use tower_http::trace::TraceLayer;
///
/// # fn router(router: Router, sessions: SessionLayer) -> Router {
/// let in_time = Duration::from_secs(10);
/// router.layer(
///     ServiceBuilder::new()
///         .layer(TraceLayer::new_for_http())
///         .layer(CompressionLayer::new())
///         .layer(sessions)
///         .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, in_time)),
/// )
/// # }
/// ```
///
/// An optional layer must not change the type of the body, so turn it back into axum's own:
///
/// ```
/// use axum::Router;
/// use axum::body::Body;
/// use pgstore::SessionLayer;
/// use tower::util::option_layer;
/// use tower_http::map_response_body::MapResponseBodyLayer;
///
/// # fn router(router: Router, sessions: Option<SessionLayer>) -> Router {
/// let sessions = sessions.map(|layer| (MapResponseBodyLayer::new(Body::new), layer));
/// router.layer(option_layer(sessions))
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "SessionManagerLayer")]
#[doc(alias = "CookieSession")]
pub struct SessionLayer {
    pub(super) manager: SessionManager,
    named: Arc<NamedSessions>,
    pub(super) save_on: SaveOn,
    pub(super) on_failure: Option<OnFailure>,
}

impl SessionLayer {
    /// Makes a layer that keeps sessions under this cookie name.
    ///
    /// ```
    /// # use pgstore::{CookieError, SessionLayer, SessionManager};
    /// # fn layers(sessions: SessionManager) -> Result<(), CookieError> {
    /// let layer = SessionLayer::new(&sessions, "__Host-session")?;
    ///
    /// let refused = SessionLayer::new(&sessions, "not a name");
    /// assert!(matches!(refused, Err(CookieError::Name { .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CookieError`] if the name is not a token, or if browsers would drop a cookie of that name
    /// with the manager's attributes.
    pub fn new(sessions: &SessionManager, name: &str) -> Result<Self, CookieError> {
        Ok(Self {
            named: sessions.named(name)?,
            manager: sessions.clone(),
            save_on: SaveOn::default(),
            on_failure: None,
        })
    }

    /// Sets what requests of these routes get while the store is unavailable. Default: the manager's
    /// [`on_outage`](crate::SessionManagerBuilder::on_outage).
    ///
    /// ```
    /// # use pgstore::{CookieError, OnOutage, SessionLayer, SessionManager};
    /// # fn layers(sessions: SessionManager) -> Result<(), CookieError> {
    /// // For pages that visitors without a session may see, too.
    /// let public = SessionLayer::new(&sessions, "session-key")?.on_outage(OnOutage::Anonymous);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_outage(mut self, policy: OnOutage) -> Self {
        self.manager = self.manager.with_on_outage(policy);
        self.named = self.manager.named_as(&self.named);
        self
    }

    /// Sets which responses save what the handler changed, by their status. Default:
    /// [`SaveOn::Completion`], every response but those with 408, 499, and 500 or above.
    ///
    /// Changes that are not saved are lost, and [flashes](Session::flashes) that the request took
    /// are put back. New IDs and ends of sessions are saved with every status.
    ///
    /// ```
    /// # use pgstore::{CookieError, SaveOn, SessionLayer, SessionManager};
    /// # fn layers(sessions: SessionManager) -> Result<(), CookieError> {
    /// // Refused requests change nothing either.
    /// let layer = SessionLayer::new(&sessions, "session-key")?.save_on(SaveOn::Success);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn save_on(mut self, policy: SaveOn) -> Self {
        self.save_on = policy;
        self
    }

    /// Sets how a failure of a session is answered. Return `None` to leave it to the layer. Default:
    /// a line of plain text.
    ///
    /// The layer calls the function when a save fails, and when an axum handler has returned a
    /// [`SessionError`](crate::SessionError) as its response. Your response is sent unchanged except
    /// for the session's cookie; set headers such as `Retry-After` yourself, or start from
    /// [`failed.response()`](Failed::response). Cost: the layer copies the headers of every request.
    ///
    /// [`Gone`](crate::SessionError::Gone) means that the session ended while the request was
    /// running. Later requests get a new session instead, so pages for members must still check the
    /// user.
    ///
    /// ```
    /// # use pgstore::{CookieError, SessionLayer, SessionManager};
    /// use http::header::{HeaderValue, LOCATION};
    /// use http::StatusCode;
    /// use pgstore::SessionError;
    ///
    /// # fn layers(sessions: SessionManager) -> Result<(), CookieError> {
    /// let layer = SessionLayer::new(&sessions, "session-key")?.on_failure(|failed| {
    ///     if !matches!(failed.error, SessionError::Gone) {
    ///         return None;
    ///     }
    ///     let mut to_login = failed.response().map(|_| "".into());
    ///     *to_login.status_mut() = StatusCode::SEE_OTHER;
    ///     to_login.headers_mut().insert(LOCATION, HeaderValue::from_static("/login"));
    ///     Some(to_login)
    /// });
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`Failed`] shows how to answer browsers with a page and scripts with JSON.
    #[must_use]
    #[doc(alias = "HandleErrorLayer")]
    pub fn on_failure(
        mut self,
        answer: impl Fn(Failed<'_>) -> Option<Response<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        self.on_failure = Some(OnFailure::new(answer));
        self
    }
}

impl SessionLayer {
    /// All sessions of a request, the one of this layer's name, and whether a layer further out
    /// saves them: stages 1 and 2.
    pub(super) fn begin<B>(&self, request: &Request<B>) -> (Sessions, Session, Place) {
        if let Some((sessions, session)) =
            Sessions::join(&self.manager, &self.named, request.extensions())
        {
            return (sessions, session, Place::Joined);
        }
        let (sessions, session) = Sessions::begin(&self.manager, &self.named, request.headers());
        (sessions, session, Place::Outermost)
    }

    /// Saves all sessions of a request whose response has this status: stages 5 and 6. If a save fails,
    /// flashes that the request took go back, unless the page is sent all the same. `None` if there is
    /// nothing to do.
    pub(super) fn finish(
        &self,
        sessions: Sessions,
        place: Place,
        status: StatusCode,
    ) -> Option<Saving> {
        if !self.save_on.saves(status) {
            sessions.discard_changes();
        }
        let used = match place {
            Place::Outermost => sessions.used_in_order_of_names(),
            Place::Joined => Vec::new(),
        };
        if used.is_empty() {
            return None;
        }
        let return_flashes = move |errors: &WeighedErrors| {
            let is_sent = errors.are_only_gone() && holds_though_gone(status);
            if !errors.is_empty() && !is_sent {
                sessions.return_flashes();
            }
        };
        let saving = SessionManager::finish_all_then(used, return_flashes);
        Some(Box::pin(saving))
    }
}

/// The save of a request's sessions: what it changes in the response's headers, and its errors.
pub(super) type Saving = Pin<Box<dyn Future<Output = (HeaderChanges, WeighedErrors)> + Send>>;
