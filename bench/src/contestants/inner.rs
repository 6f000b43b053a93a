//! The service inside the middleware, alone and in a session layer.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{ServiceExt, service_fn};

use super::{Answer, InProcess};
use crate::Outcome;
use crate::random::Random;
use crate::work::Cell;

/// What the handler does with its session, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handling {
    Leave,
    Read,
    Change,
}

/// The service alone: what a layer costs is what it adds to this.
pub(crate) struct Inner;

impl InProcess for Inner {
    fn operation<'a>(&'a self, _: Cell, _: Random) -> Answer<'a> {
        Box::pin(async {
            service_fn(leave).oneshot(Request::new(())).await?;
            Ok(())
        })
    }

    fn connections(&self) -> usize {
        0
    }
}

/// A handler that does not look at its session.
pub(super) async fn leave(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"ok"))))
}

/// The handler's answer: a 200, or a failure.
pub(super) fn expect_success<Body>(response: &Response<Body>) -> Outcome<()> {
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("the handler answered {status}").into()),
    }
}
