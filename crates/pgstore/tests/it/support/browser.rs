//! The library's own browser, each of whose responses is noted for the search for secrets.

use std::fmt::Debug;
use std::ops::Deref;

use http::header::{COOKIE, HeaderMap, SET_COOKIE};
use http::{Request, Response};
use http_body::Body;
use pgstore::testing::{self, Page};
use tower::Service;

use super::secrets;

/// A browser in front of a router or another service.
pub(crate) struct Browser<S>(testing::Browser<S>);

impl<S> Browser<S> {
    pub(crate) fn new(app: S) -> Self {
        Self(testing::Browser::new(app))
    }

    pub(crate) async fn get<B>(&mut self, path: &str) -> Page
    where
        S: Service<Request<String>, Response = Response<B>, Error: Debug> + Clone,
        B: Body<Error: Debug>,
    {
        noted(self.0.get(path).await)
    }

    pub(crate) async fn post_form<B>(&mut self, path: &str, form: &str) -> Page
    where
        S: Service<Request<String>, Response = Response<B>, Error: Debug> + Clone,
        B: Body<Error: Debug>,
    {
        noted(self.0.post_form(path, form).await)
    }

    pub(crate) async fn send<B>(&mut self, request: Request<String>) -> Page
    where
        S: Service<Request<String>, Response = Response<B>, Error: Debug> + Clone,
        B: Body<Error: Debug>,
    {
        noted(self.0.send(request).await)
    }
}

/// One request with this `Cookie` header; with none if it is empty.
pub(crate) async fn ask<S, B>(app: S, method: &str, path: &str, cookie: &str) -> Page
where
    S: Service<Request<String>, Response = Response<B>, Error: Debug> + Clone,
    B: Body<Error: Debug>,
{
    let mut request = Request::builder().method(method).uri(path);
    if !cookie.is_empty() {
        request = request.header(COOKIE, cookie);
    }
    let request = request.body(String::new()).unwrap();
    Browser::new(app).send(request).await
}

/// A browser's memory, for the direct API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookies(testing::Cookies);

impl Cookies {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    pub(crate) fn follow(&mut self, response: &HeaderMap) {
        secrets::headers(response);
        self.0.follow(response);
    }
}

impl Deref for Cookies {
    type Target = testing::Cookies;

    fn deref(&self) -> &testing::Cookies {
        &self.0
    }
}

/// The headers of a new browser's next request, when it got this response.
pub(crate) fn next_request(response: &HeaderMap) -> HeaderMap {
    let mut cookies = Cookies::none();
    cookies.follow(response);
    cookies.request()
}

/// `name=value` of the first cookie that a response sets or removes.
pub(crate) fn cookie_of(response: &HeaderMap) -> Option<String> {
    let header = response.get(SET_COOKIE)?.to_str().unwrap();
    Some(header.split(';').next().unwrap().to_owned())
}

fn noted(page: Page) -> Page {
    secrets::page(&page);
    page
}
