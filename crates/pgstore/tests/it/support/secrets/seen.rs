//! What the library hands out: the cookies in it are secrets, and its `Debug` must not show them.

use http::header::{HeaderMap, SET_COOKIE};
use http::{Extensions, Response};
use pgstore::SessionId;
use pgstore::middleware::SessionFailure;
use pgstore::testing::Page;

use super::known;
use super::shown::{Shown, tell};

/// The headers of a response.
pub(crate) fn headers(headers: &HeaderMap) {
    headers.shown();
    for cookie in headers.get_all(SET_COOKIE) {
        known::cookie(cookie.to_str().expect("our cookies are text"));
    }
}

/// A page of an application behind the layer.
pub(crate) fn page(page: &Page) {
    page.shown();
    headers(page.headers());
    failure(page.extensions());
}

/// A response of an application behind the layer.
pub(crate) fn response<B>(response: Response<B>) -> Response<B> {
    headers(response.headers());
    failure(response.extensions());
    response
}

fn failure(extensions: &Extensions) {
    if let Some(failure) = extensions.get::<SessionFailure>() {
        failure.shown();
        tell(&**failure);
    }
}

/// An ID that no session has.
pub(crate) fn fresh_id() -> SessionId {
    let id = SessionId::generate().expect("the system gives random bytes");
    known::id(&id);
    id.shown()
}
