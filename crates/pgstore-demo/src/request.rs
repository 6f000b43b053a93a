//! What handlers take from a request.

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, request::Parts};
use axum::response::{IntoResponse, Response};
use pgstore::Session;
use serde::Deserialize;

use crate::demo::COOKIE_NAME;
use crate::page::PageError;

/// The session of a user who is signed in. Others are sent to the start page.
pub(crate) struct SignedIn {
    pub(crate) session: Session,
    pub(crate) user: String,
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state).await;
        let session = session.map_err(IntoResponse::into_response)?;
        match session.owner().await {
            Ok(Some(user)) => Ok(Self { session, user }),
            Ok(None) => Err(PageError::SignedOut.into_response()),
            Err(error) => Err(error.into_response()),
        }
    }
}

/// A form that is a button alone.
#[derive(Deserialize)]
pub(crate) struct Csrf {
    pub(crate) csrf: String,
}

/// The session's cookie as the browser sent it.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter();
    let cookies = cookies.filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies
        .flat_map(|cookies| cookies.split("; "))
        .filter_map(|cookie| cookie.split_once('='));
    pairs.find_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
}
