//! CSRF tokens for pages, and the check of those that scripts send back.

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::rejection::SessionRejection;
use super::session::from_layer;
use crate::session::{CsrfToken, Session, SessionError};

/// The header in which scripts send the token.
const HEADER: &str = "x-csrf-token";

/// A token for the page that the handler makes, from [`Session::csrf_token`]. Extracting it reads
/// the session; a session's first token changes it.
///
/// A handler that calls [`renew`](Session::renew) must get the token from the session afterwards.
impl<S: Sync> FromRequestParts<S> for CsrfToken {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let session: Session = from_layer(parts)?;
        Ok(session.csrf_token().await?)
    }
}

/// Proof that a request sent a valid [`CsrfToken`] in its header `X-CSRF-Token`. Otherwise the
/// client gets 403 (503 while the store is unavailable), and the handler does not run.
///
/// Use it for requests from scripts, which find the token in the page. Forms cannot send headers:
/// they send the token in a field, which the handler gives to [`Session::check_csrf`]. The check is
/// the same for every method, including `GET`.
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
///     session.insert("name", name)
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
/// Cost: it reads the session. A missing or malformed token costs nothing.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CsrfHeader;

impl<S: Sync> FromRequestParts<S> for CsrfHeader {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let session: Session = from_layer(parts)?;
        let token = parts.headers.get(HEADER);
        let token = token.and_then(|token| token.to_str().ok());
        let token = token.ok_or(SessionError::CsrfMismatch)?;
        session.check_csrf(token).await?;
        Ok(Self)
    }
}
