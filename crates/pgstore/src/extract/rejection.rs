//! What a client gets in place of a handler that could not get its session.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;

use crate::error_text::debug_as_text;
use crate::middleware::{SessionFailure, refusal};
use crate::session::SessionError;

/// A handler asks for a [`Session`](crate::Session), and no [`SessionLayer`](crate::SessionLayer)
/// is above it.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no session: add a pgstore::SessionLayer to the router, after the routes that use it")]
#[non_exhaustive]
pub struct MissingSessionLayer;

/// Why an extractor that uses the session failed: [`CsrfToken`](crate::CsrfToken),
/// [`CsrfHeader`](crate::CsrfHeader) or [`Typed`](crate::Typed).
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SessionRejection {
    /// No layer is above the handler.
    #[error(transparent)]
    MissingLayer(#[from] MissingSessionLayer),
    /// The session could not be used, or it refused the request.
    #[error(transparent)]
    Session(#[from] SessionError),
}

debug_as_text!(MissingSessionLayer);
debug_as_text!(SessionRejection);

/// 500, with the name of the layer that is missing. It is logged as an error.
impl IntoResponse for MissingSessionLayer {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

/// So that handlers can use `?`: 503 when the store is unavailable, 409 when the session has ended,
/// 403 for a CSRF token that does not match or whose session has ended, 500 otherwise. The cause is
/// logged, not sent; the response's extensions hold it as a
/// [`SessionFailure`](crate::middleware::SessionFailure).
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        refusal(&SessionFailure::log(self)).map(Body::from)
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
