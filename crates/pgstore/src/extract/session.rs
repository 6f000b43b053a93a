//! The session, or all sessions of the request, as an argument of handlers.

use std::convert::Infallible;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use super::rejection::MissingSessionLayer;
use crate::registry::Sessions;
use crate::session::Session;

/// Extracting costs nothing: the session is read at its first use.
impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = MissingSessionLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingSessionLayer> {
        from_layer(parts)
    }
}

/// `Option<Session>` is `None` if no [`SessionLayer`](crate::SessionLayer) is above the handler.
impl<S: Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(from_layer(parts).ok())
    }
}

/// Extracting costs nothing: each session is read at its first use.
impl<S: Sync> FromRequestParts<S> for Sessions {
    type Rejection = MissingSessionLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingSessionLayer> {
        Self::of_request(&parts.extensions).ok_or(MissingSessionLayer)
    }
}

/// `Option<Sessions>` is `None` if no [`SessionLayer`](crate::SessionLayer) is above the handler.
impl<S: Sync> OptionalFromRequestParts<S> for Sessions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of_request(&parts.extensions))
    }
}

/// The session that the layer has put into the request's extensions.
pub(super) fn from_layer(parts: &Parts) -> Result<Session, MissingSessionLayer> {
    parts.extensions.get().cloned().ok_or(MissingSessionLayer)
}
