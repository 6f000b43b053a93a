//! A struct as the session's view, as an argument of handlers.

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{SessionRejection, left_by_the_layer};
use crate::session::{Session, Typed};

/// The session is read, as by [`Typed::load`]; what that brings is the rejection.
impl<T: Serialize + DeserializeOwned, S: Sync> FromRequestParts<S> for Typed<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let session: Session = left_by_the_layer(parts)?;
        Ok(Self::load(session).await?)
    }
}
