//! A struct as the session's view, as an argument of handlers.

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rejection::SessionRejection;
use super::session::from_layer;
use crate::session::{Session, Typed};

/// Extracting reads the session, as [`Typed::load`] does. Its error is the rejection.
impl<T: Serialize + DeserializeOwned, S: Sync> FromRequestParts<S> for Typed<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let session: Session = from_layer(parts)?;
        Ok(Self::load(session).await?)
    }
}
