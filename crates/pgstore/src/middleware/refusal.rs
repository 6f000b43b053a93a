//! The response in place of the handler's when its session failed.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use crate::session::{Gravity, SessionError, WeighedErrors};

/// When the client may ask again while the store is unavailable.
const SOON: Duration = Duration::from_secs(1);

/// Why a session could not be loaded or saved: look for it among the response's extensions.
///
/// It is the [`SessionError`] that decided the response. If several sessions of the request failed,
/// this is the gravest: a logout that was not done, then an unavailable store, then the rest, then a
/// session that has ended. [`errors`](Self::errors) has them all.
#[derive(Clone)]
pub struct SessionFailure(Arc<[(Gravity, Arc<SessionError>)]>);

impl Deref for SessionFailure {
    type Target = SessionError;

    fn deref(&self) -> &SessionError {
        // Both constructors put one in at least.
        &self.0[0].1
    }
}

impl fmt::Debug for SessionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.errors()).finish()
    }
}

impl SessionFailure {
    /// Returns all errors of the request's sessions, the gravest first.
    ///
    /// ```
    /// use http::Response;
    /// use pgstore::middleware::SessionFailure;
    ///
    /// fn count<B>(response: &Response<B>) -> usize {
    ///     let failure = response.extensions().get::<SessionFailure>();
    ///     failure.map_or(0, |failure| failure.errors().count())
    /// }
    /// ```
    pub fn errors(&self) -> impl Iterator<Item = &SessionError> {
        self.0.iter().map(|(_, error)| &**error)
    }

    /// Logs an error of a handler.
    #[cfg(feature = "axum")]
    pub(crate) fn log(error: SessionError) -> Self {
        let gravity = Gravity::of(&error);
        log(gravity, &error);
        Self([(gravity, Arc::new(error))].into())
    }

    /// Logs the errors of the saves of a request, and adds them to that of its handler, if it had
    /// one. `None` if there are no errors.
    pub(super) fn of(handlers: Option<&Self>, saves: WeighedErrors) -> Option<Self> {
        let saves = saves.into_vec().into_iter();
        let mut errors: Vec<_> = saves
            .map(|(gravity, error)| (gravity, Arc::new(error)))
            .collect();
        let each = errors.iter();
        each.for_each(|(gravity, error)| log(*gravity, error));
        errors.extend(
            handlers
                .iter()
                .flat_map(|failure| failure.0.iter().cloned()),
        );
        errors.sort_by_key(|(gravity, _)| std::cmp::Reverse(*gravity));
        (!errors.is_empty()).then(|| Self(errors.into()))
    }

    /// Whether another failure's deciding error is this one's, too.
    pub(super) fn is_decided_by(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0[0].1, &other.0[0].1)
    }

    /// The status of the layer's own answer.
    pub(super) fn status(&self) -> StatusCode {
        self.status_and_text().0
    }

    fn status_and_text(&self) -> (StatusCode, &'static str) {
        let (gravity, error) = &self.0[0]; // Both constructors put one in at least.
        status_and_text(*gravity, error)
    }

    /// When the client may ask again, if waiting helps.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON)
    }
}

/// Logs an error with its causes: as a warning if it is answered with a server error. What clients can
/// cause is logged as information, so that it raises no alarm. What the store has logged for all
/// callers, such as an outage, is logged at debug.
fn log(gravity: Gravity, error: &SessionError) {
    let (causes, status) = (error.for_the_log(), status_and_text(gravity, error).0);
    if error.is_reported() && gravity != Gravity::LogoutNotDone {
        tracing::debug!(error = causes, status = status.as_u16(), "a session failed");
    } else if status.is_server_error() {
        tracing::warn!(error = causes, status = status.as_u16(), "a session failed");
    } else {
        tracing::info!(error = causes, status = status.as_u16(), "a session failed");
    }
}

/// Whether the handler's response holds although another request ended its session: it reports no
/// success.
pub(super) fn holds_though_gone(status: StatusCode) -> bool {
    status.is_client_error()
}

/// Tells the client as much as it may know.
pub(crate) fn refusal(failure: &SessionFailure) -> Response<Bytes> {
    let (status, text) = failure.status_and_text();
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(soon) = failure.retry_after() {
        headers.insert(RETRY_AFTER, soon.as_secs().into());
    }
    response.extensions_mut().insert(failure.clone());
    response
}

const NOT_AVAILABLE: (StatusCode, &str) = (
    StatusCode::SERVICE_UNAVAILABLE,
    "Sessions are not available right now.\n",
);

/// What a client is told. Never the cause.
fn status_and_text(gravity: Gravity, error: &SessionError) -> (StatusCode, &'static str) {
    match error {
        // Whatever the reason, this node keeps trying: the client may ask again.
        _ if gravity == Gravity::LogoutNotDone => NOT_AVAILABLE,
        SessionError::Gone => (StatusCode::CONFLICT, "The session has ended.\n"),
        SessionError::Conflict(_) => (
            StatusCode::CONFLICT,
            "The session was changed by another request.\n",
        ),
        SessionError::CsrfMismatch => (
            StatusCode::FORBIDDEN,
            "This request does not come from a page of this session. Load the page again.\n",
        ),
        SessionError::CsrfSessionEnded => (
            StatusCode::FORBIDDEN,
            "The session of this page has ended. Load the page again.\n",
        ),
        SessionError::Contended => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The session is in use by too many requests.\n",
        ),
        error if error.is_unavailable() => NOT_AVAILABLE,
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The session could not be used.\n",
        ),
    }
}
