//! The session as an argument of axum handlers.

mod csrf;
mod rejection;
mod typed;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

pub use csrf::CsrfHeader;
pub use rejection::{MissingSessionLayer, SessionRejection};

use crate::registry::Sessions;
use crate::session::Session;

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
