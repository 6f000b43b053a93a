use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::refusal::refusal;
use super::{SessionBody, SessionFuture, SessionLayer};
use crate::registry::Sessions;
use crate::session::Session;

/// The service that a [`SessionLayer`](super::SessionLayer) makes.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    layer: SessionLayer,
}

impl<S> SessionService<S> {
    pub(super) fn new(inner: S, layer: SessionLayer) -> Self {
        Self { inner, layer }
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
        let layer = self.layer.clone();
        let (sessions, session) = layer.begin(request.headers()); // 1 cookie, 2 id
        request.extensions_mut().insert(session);
        request.extensions_mut().insert(sessions.clone());
        let response = self.inner.call(request); // 3 row, 4 values: at a session's first use
        let head = UntilTheHead(sessions);
        SessionFuture::new(async move {
            let response = response.await?;
            let sessions = head.produced();
            if response.status().is_server_error() {
                sessions
                    .in_order_of_names()
                    .iter()
                    .for_each(Session::discard_changes);
            }
            let (headers, result) = layer.finish(&sessions).await; // 5 row, 6 cookie
            let mut response = match result {
                Ok(()) => response.map(SessionBody::inner),
                Err(error) => refusal(error).map(SessionBody::text),
            };
            headers.write(response.headers_mut());
            Ok(response)
        })
    }
}

/// Closes the sessions when the response's head is there, and also when it never will be: the
/// service failed, panicked or was dropped. Later changes are errors then, not silence.
struct UntilTheHead(Sessions);

impl UntilTheHead {
    fn produced(&self) -> Sessions {
        self.0.close();
        self.0.clone()
    }
}

impl Drop for UntilTheHead {
    fn drop(&mut self) {
        self.0.close();
    }
}
