//! What a client gets in place of a handler whose session could not be had.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;

use crate::middleware::{SessionFailure, refusal};
use crate::session::SessionError;

/// A handler asks for a [`Session`](crate::Session) and no [`SessionLayer`](crate::SessionLayer)
/// lies above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no session: add a pgstore::SessionLayer to the router, after the routes that use it")]
#[non_exhaustive]
pub struct MissingSessionLayer;

/// Why an extractor that uses the session gave nothing: of
/// [`CsrfToken`](crate::CsrfToken), [`CsrfHeader`](crate::CsrfHeader) and [`Typed`](crate::Typed).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionRejection {
    /// No layer lies above the handler.
    #[error(transparent)]
    MissingLayer(#[from] MissingSessionLayer),
    /// The session could not be used, or refused the request.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl IntoResponse for MissingSessionLayer {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

/// So that handlers can use `?`: 503 when the store is away, 409 when the session has ended, 403
/// for a CSRF token that does not fit, otherwise 500. The cause is logged, not sent, and lies in
/// the response's extensions as a [`SessionFailure`](crate::middleware::SessionFailure).
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        refusal(SessionFailure::log(self)).map(Body::from)
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        match self {
            Self::MissingLayer(error) => error.into_response(),
            Self::Session(error) => error.into_response(),
        }
    }
}
