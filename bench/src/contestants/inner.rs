//! The service inside the middleware, alone and in a session layer.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use tower::{Service, ServiceExt, service_fn};

use super::in_process::of_mix;
use super::{Answer, InProcess};
use crate::Outcome;
use crate::dataset::Dataset;
use crate::random::Random;
use crate::work::{Cell, Work};

/// What the handler does with its session, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handling {
    Leave,
    Read,
    Change,
}

impl Handling {
    /// What the handler of the next request does.
    fn of(work: Work, random: &mut Random) -> Handling {
        match work {
            Work::Untouched => Handling::Leave,
            Work::Mix => match of_mix(random) {
                Work::Save => Handling::Change,
                _ => Handling::Read,
            },
            Work::Read | Work::Save | Work::Insert | Work::Http => Handling::Read,
        }
    }
}

/// A service that takes requests without a socket. As in a router, each request gets a clone of it.
pub(super) struct Served {
    call: Box<dyn Fn(Request<()>) -> Answer<'static> + Send + Sync>,
    cookies: Vec<HeaderMap>,
}

impl Served {
    /// The service, and the headers of each visitor's request.
    pub(super) fn new<S, Body>(service: S, cookies: Vec<HeaderMap>) -> Served
    where
        S: Service<Request<()>, Response = Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
        Body: 'static,
    {
        let call = move |request| -> Answer<'static> {
            let service = service.clone();
            Box::pin(async move { expect_success(&service.oneshot(request).await?) })
        };
        Served {
            call: Box::new(call),
            cookies,
        }
    }

    /// One request of a visitor whom `random` chooses.
    pub(super) fn request(&self, cell: Cell, random: &mut Random) -> Answer<'static> {
        let visitor = random.below(self.cookies.len());
        let mut request = Request::new(());
        if cell.has_cookie() {
            *request.headers_mut() = self.cookies[visitor].clone();
        }
        let handling = Handling::of(cell.work, random);
        request.extensions_mut().insert(handling);
        (self.call)(request)
    }
}

/// The service alone: what a layer costs is what it adds to this.
pub(crate) struct Inner {
    service: Served,
}

impl Inner {
    pub(crate) fn start(dataset: Dataset) -> Outcome<Inner> {
        let service = service_fn(async |_| Ok(ok()));
        Ok(Inner {
            service: Served::new(service, dataset.requests()?),
        })
    }
}

impl InProcess for Inner {
    fn operation<'a>(&'a self, cell: Cell, mut random: Random) -> Answer<'a> {
        self.service.request(cell, &mut random)
    }
}

/// What each handler answers.
pub(super) fn ok() -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(b"ok")))
}

/// The handler's answer: a 200, or a failure.
fn expect_success<Body>(response: &Response<Body>) -> Outcome<()> {
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("the handler answered {status}").into()),
    }
}
