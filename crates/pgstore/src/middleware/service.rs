use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::refusal::refuse;
use super::{SessionBody, SessionFuture};
use crate::edge::Edge;
use crate::session::Session;

/// The service that a [`SessionLayer`](super::SessionLayer) makes.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    edge: Edge,
}

impl<S> SessionService<S> {
    pub(super) fn new(inner: S, edge: Edge) -> Self {
        Self { inner, edge }
    }
}

impl<S, RequestBody, Body> Service<Request<RequestBody>> for SessionService<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    Body: Send + 'static,
{
    type Response = Response<SessionBody<Body>>;
    type Error = S::Error;
    type Future = SessionFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let edge = self.edge.clone();
        let session = edge.begin(request.headers()); // 1 cookie, 2 id
        request.extensions_mut().insert(session.clone());
        let response = self.inner.call(request); // 3 row, 4 values: at the session's first use
        let head = UntilTheHead(session);
        SessionFuture::new(async move {
            let mut response = response.await?;
            let session = head.produced();
            if response.status().is_server_error() {
                session.discard_values();
            }
            Ok(match edge.finish(&session, response.headers_mut()).await {
                // 5 row, 6 cookie
                Ok(()) => response.map(SessionBody::inner),
                Err(error) => refuse(error),
            })
        })
    }
}

/// Closes the session when the response's head is there, and also when it never will be: the
/// service failed, panicked or was dropped. Later changes are errors then, not silence.
struct UntilTheHead(Session);

impl UntilTheHead {
    fn produced(&self) -> Session {
        self.0.close();
        self.0.clone()
    }
}

impl Drop for UntilTheHead {
    fn drop(&mut self) {
        self.0.close();
    }
}
