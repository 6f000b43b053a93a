//! The response in place of the handler's when its session failed.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use crate::session::SessionError;
use crate::wire::ErrorClass;

/// Why a session was not loaded or not saved: look for it among the response's extensions.
#[derive(Clone, Debug)]
pub struct SessionFailure(Arc<SessionError>);

impl Deref for SessionFailure {
    type Target = SessionError;

    fn deref(&self) -> &SessionError {
        &self.0
    }
}

impl SessionFailure {
    /// Logs the error with all it comes from; what clients bring about is no reason for an alarm.
    pub(crate) fn log(error: SessionError) -> Self {
        let causes = error.with_causes();
        match error.class() {
            ErrorClass::Client => tracing::info!(error = causes, "a session failed"),
            _ => tracing::warn!(error = causes, "a session failed"),
        }
        Self(Arc::new(error))
    }
}

/// Tells the client as much as it may know.
pub(crate) fn refusal(failure: SessionFailure) -> Response<Bytes> {
    let (status, text) = status_and_text(&failure);
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.extensions_mut().insert(failure);
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
