//! The application's own answer when a session fails.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};

use super::refusal::{SessionFailure, refusal};
use crate::session::{Session, SessionError};

/// A request whose session failed, as [`on_failure`](super::SessionLayer::on_failure) gets it.
///
/// ```
/// use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
/// use http::Response;
/// use pgstore::middleware::Failed;
///
/// /// A page for browsers, JSON for scripts. The status and `Retry-After` stay as they are.
/// fn answer(failed: Failed<'_>) -> Option<Response<bytes::Bytes>> {
///     let accept = failed.headers.get(ACCEPT)?.to_str().ok()?;
///     let status = failed.status.as_u16();
///     let (content_type, body) = if accept.contains("text/html") {
///         ("text/html; charset=utf-8", format!("<h1>Error {status}</h1><p>Please try again."))
///     } else {
///         ("application/json", format!(r#"{{"error":{status}}}"#))
///     };
///     let mut response = failed.response().map(|_| body.into());
///     response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
///     Some(response)
/// }
///
/// # fn layer(layer: pgstore::SessionLayer) -> pgstore::SessionLayer {
/// layer.on_failure(answer)
/// # }
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Failed<'a> {
    /// Why the session failed. Do not show it to the client.
    pub error: &'a SessionError,
    /// The status that the layer answers with.
    pub status: StatusCode,
    /// When the client may ask again, if waiting helps: the layer sends it as `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The request's method.
    pub method: &'a Method,
    /// The request's URI, as the layer received it.
    pub uri: &'a Uri,
    /// The request's headers, such as `Accept`. They include its cookies: do not log them.
    pub headers: &'a HeaderMap,
    /// Whether the handler had ended the session: [`destroy`](Session::destroy). The user wanted to
    /// log out, and the response removes the browser's cookie.
    pub session_ended: bool,
    failure: &'a SessionFailure,
}

impl Failed<'_> {
    /// Returns the layer's own answer, to be sent with changes: a line of plain text, with
    /// `Cache-Control: no-store`, and with `Retry-After` if waiting helps.
    ///
    /// ```
    /// use http::header::{HeaderValue, RETRY_AFTER};
    ///
    /// # fn layer(layer: pgstore::SessionLayer) -> pgstore::SessionLayer {
    /// layer.on_failure(|failed| {
    ///     let mut response = failed.response();
    ///     if failed.retry_after.is_some() {
    ///         response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    ///     }
    ///     Some(response)
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn response(&self) -> Response<Bytes> {
        refusal(self.failure)
    }
}

/// Without the headers: they hold cookies.
impl fmt::Debug for Failed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failed")
            .field("error", &self.error)
            .field("status", &self.status)
            .field("method", &self.method)
            .field("uri", &self.uri)
            .field("session_ended", &self.session_ended)
            .finish_non_exhaustive()
    }
}

/// What is kept of a request in case its session fails.
pub(super) struct KeptRequest {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    session: Session,
}

impl KeptRequest {
    pub(super) fn new<B>(request: &Request<B>, session: Session) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            session,
        }
    }
}

type Answer = dyn Fn(Failed<'_>) -> Option<Response<Bytes>> + Send + Sync;

#[derive(Clone)]
pub(super) struct OnFailure(Arc<Answer>);

impl OnFailure {
    pub(super) fn new(
        answer: impl Fn(Failed<'_>) -> Option<Response<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }

    pub(super) fn answer(
        &self,
        request: &KeptRequest,
        failure: &SessionFailure,
    ) -> Option<Response<Bytes>> {
        (self.0)(Failed {
            error: failure,
            status: failure.status(),
            retry_after: failure.retry_after(),
            method: &request.method,
            uri: &request.uri,
            headers: &request.headers,
            session_ended: request.session.is_ended(),
            failure,
        })
    }
}

impl fmt::Debug for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnFailure")
    }
}
