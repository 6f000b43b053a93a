//! The response in place of the handler's when its session could not be saved.

use std::ops::Deref;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use super::SessionBody;
use crate::session::SessionError;

/// Why a session was not saved, for the log: look for it among the response's extensions.
#[derive(Clone, Debug)]
pub struct NotSaved(Arc<SessionError>);

impl Deref for NotSaved {
    type Target = SessionError;

    fn deref(&self) -> &SessionError {
        &self.0
    }
}

pub(super) fn refuse<B>(error: SessionError) -> Response<SessionBody<B>> {
    let (status, text) = status_and_text(&error);
    tracing::warn!(%error, %status, "a session was not saved");
    let mut response = Response::new(SessionBody::text(text));
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
    response.extensions_mut().insert(NotSaved(Arc::new(error)));
    response
}

/// What a client is told. Never the cause.
pub(crate) fn status_and_text(error: &SessionError) -> (StatusCode, &'static str) {
    if error.is_unavailable() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Sessions are not available right now.\n",
        )
    } else if matches!(error, SessionError::Gone) {
        (StatusCode::CONFLICT, "The session has ended.\n")
    } else {
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The session could not be used.\n",
        )
    }
}
