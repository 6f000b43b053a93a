use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::{SessionBody, SessionFuture, SessionLayer};
use crate::registry::Sessions;

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
        let asked = layer.asked(&request);
        let (sessions, session) = layer.begin(request.headers()); // 1 cookie, 2 id
        request.extensions_mut().insert(session);
        request.extensions_mut().insert(sessions.clone());
        let response = self.inner.call(request); // 3 row, 4 values: at a session's first use
        let mut head = UntilTheHead::of(&layer, sessions);
        SessionFuture::new(async move {
            let response = response.await.inspect_err(|_| head.note_failure())?;
            let sessions = head.produced();
            if response.status().is_server_error() {
                sessions.discard_changes();
            }
            let (headers, result) = layer.finish(&sessions).await; // 5 row, 6 cookie
            let mut response = layer.answer(asked.as_ref(), response, result);
            headers.write(response.headers_mut());
            Ok(response)
        })
    }
}

/// Closes the sessions when the response's head is there, and also when it never will be: the
/// service failed, panicked or was dropped. Later changes are errors then, not silence.
struct UntilTheHead {
    layer: SessionLayer,
    sessions: Option<Sessions>,
    /// Whether the service, not the client, is why there is no head.
    failed: bool,
}

impl UntilTheHead {
    fn of(layer: &SessionLayer, sessions: Sessions) -> Self {
        Self {
            layer: layer.clone(),
            sessions: Some(sessions),
            failed: false,
        }
    }

    fn note_failure(&mut self) {
        self.failed = true;
    }

    /// The sessions, for a response that is there.
    fn produced(mut self) -> Sessions {
        // It is taken here and in `drop` only.
        let sessions = self.sessions.take().expect("the head is produced once");
        sessions.close();
        sessions
    }
}

impl Drop for UntilTheHead {
    fn drop(&mut self) {
        if let Some(sessions) = self.sessions.take() {
            sessions.close();
            let failed = self.failed || std::thread::panicking();
            self.layer.clean_up(&sessions, failed);
        }
    }
}
