//! CSRF tokens for pages, and the check of those that scripts send back.

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::{SessionRejection, left_by_the_layer};
use crate::session::{CsrfToken, Session, SessionError};

/// Where scripts put the token.
const HEADER: &str = "x-csrf-token";

/// A token for the page that the handler makes, as [`Session::csrf_token`] gives it: the session
/// is read, and its first token is a change.
///
/// A handler that calls [`renew`](Session::renew) asks the session afterwards instead.
impl<S: Sync> FromRequestParts<S> for CsrfToken {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let session: Session = left_by_the_layer(parts)?;
        Ok(session.csrf_token().await?)
    }
}

/// Proof that a request carried a good [`CsrfToken`] in its header `X-CSRF-Token`: 403 otherwise,
/// and the handler does not run.
///
/// For requests that scripts make; the page's [`CsrfToken`] is where they find it. Forms cannot
/// send headers: they carry the token in a field, which the handler gives to
/// [`Session::check_csrf`]. The check is the same for every method, `GET` as well.
///
/// ```
/// use axum::Router;
/// use axum::middleware::from_extractor;
/// use axum::routing::{delete, get, put};
/// use pgstore::{CsrfHeader, CsrfToken, Session, SessionError, SessionLayer};
///
/// /// Scripts do `fetch("/name", { method: "PUT", headers: { "X-CSRF-Token": … }, … })`.
/// async fn page(token: CsrfToken) -> String {
///     format!(r#"<meta name="csrf-token" content="{token}">"#)
/// }
///
/// async fn rename(_: CsrfHeader, session: Session, name: String) -> Result<(), SessionError> {
///     session.insert("name", &name)
/// }
///
/// async fn log_out(session: Session) -> Result<(), SessionError> {
///     session.destroy()
/// }
///
/// # fn router(layer: SessionLayer) -> Router {
/// Router::new()
///     .route("/session", delete(log_out))
///     .route_layer(from_extractor::<CsrfHeader>()) // for the routes above
///     .route("/name", put(rename)) // asks for it by itself
///     .route("/", get(page))
///     .layer(layer)
/// # }
/// ```
///
/// Cost: the session is read; a missing header and what is no token cost nothing.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CsrfHeader;

impl<S: Sync> FromRequestParts<S> for CsrfHeader {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let session: Session = left_by_the_layer(parts)?;
        let token = parts.headers.get(HEADER);
        let token = token.and_then(|token| token.to_str().ok());
        let token = token.ok_or(SessionError::CsrfMismatch)?;
        session.check_csrf(token).await?;
        Ok(Self)
    }
}
