//! CSRF tokens for pages, and the check of those that scripts send back.

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::{SessionRejection, left_by_the_layer};
use crate::session::{CsrfToken, Session, SessionError};

/// The token's header. Sites elsewhere cannot send it: browsers ask this one first.
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
/// For requests that scripts make. Ask for it in a handler, or for a group of routes at once; it
/// looks at every method, `GET` as well. Forms cannot send headers: they carry the token in a
/// field, which the handler gives to [`Session::check_csrf`].
///
/// ```
/// use axum::{Router, middleware::from_extractor, routing::{delete, get, post}};
/// use pgstore::{CsrfHeader, CsrfToken, Session, SessionError};
///
/// /// The page's scripts send the token back: `headers: { "X-CSRF-Token": … }`.
/// async fn page(token: CsrfToken) -> String {
///     format!(r#"<meta name="csrf-token" content="{token}">"#)
/// }
///
/// async fn rename(_: CsrfHeader, session: Session, name: String) -> Result<(), SessionError> {
///     session.insert("name", &name)
/// }
///
/// async fn forget(session: Session) -> Result<(), SessionError> {
///     session.remove("name")
/// }
///
/// let app: Router = Router::new()
///     .route("/name", delete(forget))
///     .route_layer(from_extractor::<CsrfHeader>()) // for all routes above
///     .route("/", get(page))
///     .route("/name", post(rename)); // asks for it by itself
/// // and last of all .layer(SessionLayer::new(…)?)
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
