//! The response that leaves the layer: the handler's, or one in its place.

use http::{Request, Response};

use super::body::SessionBody;
use super::layer::SessionLayer;
use super::on_failure::KeptRequest;
use super::refusal::{SessionFailure, holds_though_gone, refusal};
use crate::session::{Session, SessionError, WeighedErrors};

impl SessionLayer {
    /// What the application's answer to a failure may depend on, if it has such answers.
    pub(super) fn keep<B>(&self, request: &Request<B>, session: &Session) -> Option<KeptRequest> {
        let keep = || KeptRequest::new(request, session.clone());
        self.on_failure.is_some().then(keep)
    }

    /// The handler's response, unless the gravest error of the request is one of its saves.
    pub(super) fn answer<B>(
        &self,
        request: Option<&KeptRequest>,
        mut response: Response<B>,
        saves: WeighedErrors,
    ) -> Response<SessionBody<B>> {
        let handlers = response.extensions().get::<SessionFailure>().cloned();
        let all_saved = saves.is_empty();
        let Some(failure) = SessionFailure::of(handlers.as_ref(), saves) else {
            return response.map(SessionBody::inner);
        };
        if !all_saved && !is_answered(&failure, handlers.as_ref(), &response) {
            let own = self.own_answer(request, &failure);
            return own.unwrap_or_else(|| refusal(&failure).map(SessionBody::bytes));
        }
        let asked = handlers.filter(|_| response.extensions().get::<Answered>().is_none());
        let own = asked.and_then(|_| self.own_answer(request, &failure));
        own.unwrap_or_else(|| {
            response.extensions_mut().insert(failure);
            response.map(SessionBody::inner)
        })
    }

    /// The application's answer.
    fn own_answer<B>(
        &self,
        request: Option<&KeptRequest>,
        failure: &SessionFailure,
    ) -> Option<Response<SessionBody<B>>> {
        let mut response = self.on_failure.as_ref()?.answer(request?, failure)?;
        response.extensions_mut().insert(failure.clone());
        response.extensions_mut().insert(Answered);
        Some(response.map(SessionBody::bytes))
    }
}

/// Marks a response that is the application's answer to a failure already, by a layer further in.
#[derive(Clone, Copy)]
struct Answered;

/// Whether the handler's response holds in spite of the errors. It must report no success; the error
/// that decides is then its own, or another request ended the session.
fn is_answered<B>(
    failure: &SessionFailure,
    handlers: Option<&SessionFailure>,
    response: &Response<B>,
) -> bool {
    let status = response.status();
    let is_its_own = handlers.is_some_and(|handlers| failure.is_decided_by(handlers));
    let is_answer = response.extensions().get::<Answered>().is_some();
    is_its_own && (is_answer || status.is_client_error() || status.is_server_error())
        || matches!(**failure, SessionError::Gone) && holds_though_gone(status)
}
