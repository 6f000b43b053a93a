//! The session as an argument of axum handlers.

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::middleware::{SessionFailure, refusal};
use crate::registry::Sessions;
use crate::session::{Session, SessionError};

/// Extracting is free: the session is read at its first use.
impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = MissingSessionLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingSessionLayer> {
        left_by_the_layer(parts)
    }
}

/// Extracting is free: each session is read at its first use.
impl<S: Sync> FromRequestParts<S> for Sessions {
    type Rejection = MissingSessionLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingSessionLayer> {
        left_by_the_layer(parts)
    }
}

fn left_by_the_layer<T: Clone + Send + Sync + 'static>(
    parts: &Parts,
) -> Result<T, MissingSessionLayer> {
    parts.extensions.get().cloned().ok_or(MissingSessionLayer)
}

/// A handler asks for a [`Session`] and no [`SessionLayer`](crate::SessionLayer) lies above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no session: add a pgstore::SessionLayer to the router, after the routes that use it")]
#[non_exhaustive]
pub struct MissingSessionLayer;

impl IntoResponse for MissingSessionLayer {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

/// So that handlers can use `?`: 503 when the store is away, 409 when the session has ended,
/// otherwise 500. The cause is logged, not sent, and lies in the response's extensions as a
/// [`SessionFailure`](crate::middleware::SessionFailure).
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        refusal(SessionFailure::log(self)).map(Body::from)
    }
}
