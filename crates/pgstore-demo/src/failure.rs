//! The pages for what can go wrong: the session ended, the page is old, cookies are off, the database is
//! stopped.

use askama::Template;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use pgstore::{Failed, SessionError};

use crate::page::Page;

/// Tells browsers, also those without scripts, to load a page again after some seconds.
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// What has gone wrong, as far as the user should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    SessionEnded,
    OldPage,
    CookiesOff,
    Unavailable,
    NotFound,
    Other,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    failure: Failure,
}

impl Failure {
    fn of(failed: &Failed<'_>) -> Self {
        match failed.error {
            SessionError::Gone | SessionError::CsrfSessionEnded => Self::SessionEnded,
            SessionError::CsrfMismatch if !failed.headers.contains_key(COOKIE) => Self::CookiesOff,
            SessionError::CsrfMismatch => Self::OldPage,
            _ if failed.status == StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            _ => Self::Other,
        }
    }

    /// The page of an outage, which loads another page after some seconds: `2; url=/`.
    pub(crate) fn page(self, refresh: &'static str) -> impl IntoResponse {
        let headers = [("retry-after", "1"), ("refresh", refresh)];
        let page = Page(FailurePage { failure: self });
        (StatusCode::SERVICE_UNAVAILABLE, headers, page)
    }
}

/// For [`SessionLayer::on_failure`](pgstore::SessionLayer::on_failure).
#[allow(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub(crate) fn answer(failed: Failed<'_>) -> Option<Response<Bytes>> {
    let failure = Failure::of(&failed);
    let html = FailurePage { failure }.render().ok()?;
    let mut response = failed.response().map(|_| Bytes::from(html));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    if failure == Failure::Unavailable {
        headers.insert(REFRESH, HeaderValue::from_static(refresh(failed.method)));
    }
    Some(response)
}

/// A form is not sent again by itself: its user sees the start page, and decides.
fn refresh(method: &Method) -> &'static str {
    if method == Method::GET {
        "2"
    } else {
        "2; url=/"
    }
}

/// For addresses without a page.
pub(crate) async fn not_found() -> impl IntoResponse {
    let failure = Failure::NotFound;
    (StatusCode::NOT_FOUND, Page(FailurePage { failure }))
}
