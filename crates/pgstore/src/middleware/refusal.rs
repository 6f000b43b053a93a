//! The response in place of the handler's when its session failed.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use crate::session::SessionError;

/// When the client may ask again while the store is away.
const SOON: Duration = Duration::from_secs(1);

/// Why a session could not be loaded or saved: look for it among the response's extensions.
#[derive(Clone)]
pub struct SessionFailure(Arc<SessionError>);

impl Deref for SessionFailure {
    type Target = SessionError;

    fn deref(&self) -> &SessionError {
        &self.0
    }
}

impl fmt::Debug for SessionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl SessionFailure {
    /// Logs the error with its causes: as a warning if it is answered with a server error. What
    /// clients can cause is logged as information, so that it raises no alarm.
    pub(crate) fn log(error: SessionError) -> Self {
        let failure = Self(Arc::new(error));
        let (error, status) = (failure.with_causes(), failure.status().as_u16());
        if failure.status().is_server_error() {
            tracing::warn!(error, status, "a session failed");
        } else {
            tracing::info!(error, status, "a session failed");
        }
        failure
    }

    /// The status of the layer's own answer.
    pub(super) fn status(&self) -> StatusCode {
        status_and_text(self).0
    }

    /// When the client may ask again, if waiting helps.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON)
    }
}

/// Tells the client as much as it may know.
pub(crate) fn refusal(failure: &SessionFailure) -> Response<Bytes> {
    let (status, text) = status_and_text(failure);
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

/// What a client is told. Never the cause.
fn status_and_text(error: &SessionError) -> (StatusCode, &'static str) {
    match error {
        SessionError::Gone => (StatusCode::CONFLICT, "The session has ended.\n"),
        SessionError::Conflict(_) => (
            StatusCode::CONFLICT,
            "The session was changed by another request.\n",
        ),
        SessionError::CsrfMismatch => (
            StatusCode::FORBIDDEN,
            "This request does not come from a page of this session. Load the page again.\n",
        ),
        SessionError::Contended => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The session is in use by too many requests.\n",
        ),
        error if error.is_unavailable() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Sessions are not available right now.\n",
        ),
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The session could not be used.\n",
        ),
    }
}
