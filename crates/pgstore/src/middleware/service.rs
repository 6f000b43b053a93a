use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::body::SessionBody;
use super::future::SessionFuture;
use super::head_guard::{HeadGuard, Place};
use super::layer::SessionLayer;
use crate::registry::Sessions;

/// The service that a [`SessionLayer`] makes.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    layer: Arc<SessionLayer>,
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let layer = Arc::new(self.clone());
        SessionService { inner, layer }
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
    type Future = SessionFuture<S::Future, Body>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let layer = Arc::clone(&self.layer);
        let (sessions, session, place) = layer.begin(&request); // 1 cookie
        let kept = layer.keep(&request, &session);
        let extensions = request.extensions_mut();
        extensions.insert(session);
        match place {
            Place::Joined => drop(extensions.insert(sessions.clone())),
            Place::Outermost => drop(extensions.remove::<Sessions>()), // The session leads to it.
        }
        let response = self.inner.call(request); // 2 id, 3 row, 4 values: at a session's first use
        let head = HeadGuard::new(sessions, place);
        SessionFuture::new(layer, place, kept, response, head) // 5 row, 6 cookie
    }
}
