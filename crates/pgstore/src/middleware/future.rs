use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::body::SessionBody;
use super::head_guard::{HeadGuard, Place};
use super::layer::{Saving, SessionLayer};
use super::on_failure::KeptRequest;
use crate::edge::HeaderChanges;
use crate::registry::Sessions;
use crate::session::WeighedErrors;

pin_project! {
    /// The future of a [`SessionService`](super::SessionService): the handler, then the save.
    pub struct SessionFuture<F, B> {
        #[pin]
        stage: Stage<F, B>,
        layer: Arc<SessionLayer>,
        place: Place,
        kept: Option<KeptRequest>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F, B> {
        Handling { #[pin] response: F, head: Option<HeadGuard> },
        Saving { response: Option<Response<B>>, saving: Saving },
        Done,
    }
}

impl<F, B> SessionFuture<F, B> {
    pub(super) fn new(
        layer: Arc<SessionLayer>,
        place: Place,
        kept: Option<KeptRequest>,
        response: F,
        head: HeadGuard,
    ) -> Self {
        let head = Some(head);
        Self {
            stage: Stage::Handling { response, head },
            layer,
            place,
            kept,
        }
    }
}

impl<F, B, E> Future for SessionFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<SessionBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let (response, headers, errors) = match this.stage.as_mut().project() {
                StageProjection::Handling { response, head } => {
                    let (response, sessions) = ready!(handle(response, head, context))?;
                    let status = response.status();
                    if let Some(saving) = this.layer.finish(sessions, *this.place, status) {
                        this.stage.set(Stage::Saving {
                            response: Some(response),
                            saving,
                        });
                        continue;
                    }
                    (
                        Some(response),
                        HeaderChanges::default(),
                        WeighedErrors::default(),
                    )
                }
                StageProjection::Saving { response, saving } => {
                    let (headers, errors) = ready!(saving.as_mut().poll(context));
                    (response.take(), headers, errors)
                }
                StageProjection::Done => (None, HeaderChanges::default(), WeighedErrors::default()),
            };
            this.stage.set(Stage::Done);
            let response = response.expect("a future is not polled after its end");
            let mut response = this.layer.answer(this.kept.as_ref(), response, errors);
            headers.write(response.headers_mut());
            return Poll::Ready(Ok(response));
        }
    }
}

/// The handler's response, and the sessions of its request.
fn handle<F, B, E>(
    response: Pin<&mut F>,
    kept_head: &mut Option<HeadGuard>,
    context: &mut Context<'_>,
) -> Poll<Result<(Response<B>, Sessions), E>>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    // It is held here while the handler runs, so that it sees whether the handler panics.
    let mut head = kept_head
        .take()
        .expect("a future is not polled after its end");
    match response.poll(context) {
        Poll::Pending => {
            *kept_head = Some(head);
            Poll::Pending
        }
        Poll::Ready(Ok(response)) => Poll::Ready(Ok((response, head.produced()))),
        Poll::Ready(Err(error)) => {
            head.note_failure();
            Poll::Ready(Err(error))
        }
    }
}

impl<F, B> fmt::Debug for SessionFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFuture").finish_non_exhaustive()
    }
}
