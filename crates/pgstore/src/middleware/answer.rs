//! The response that leaves the layer: the handler's, or one in its place.

use http::{Request, Response};

use super::body::SessionBody;
use super::layer::SessionLayer;
use super::on_failure::KeptRequest;
use super::refusal::{SessionFailure, refusal};
use crate::session::{Session, SessionError};

impl SessionLayer {
    /// What the application's answer to a failure may depend on, if it has such answers.
    pub(super) fn keep<B>(&self, request: &Request<B>, session: &Session) -> Option<KeptRequest> {
        let keep = || KeptRequest::new(request, session.clone());
        self.on_failure.is_some().then(keep)
    }

    /// The handler's response, unless its session failed.
    pub(super) fn answer<B>(
        &self,
        request: Option<&KeptRequest>,
        response: Response<B>,
        saved: Result<(), SessionError>,
    ) -> Response<SessionBody<B>> {
        match saved {
            Err(error) if !is_answered(&error, &response) => {
                let failure = SessionFailure::log(error);
                let own = self.own_answer(request, &failure);
                own.unwrap_or_else(|| refusal(&failure).map(SessionBody::bytes))
            }
            _ => {
                let failure = response.extensions().get::<SessionFailure>();
                let own = failure.and_then(|failure| self.own_answer(request, failure));
                own.unwrap_or_else(|| response.map(SessionBody::inner))
            }
        }
    }

    /// The application's answer.
    fn own_answer<B>(
        &self,
        request: Option<&KeptRequest>,
        failure: &SessionFailure,
    ) -> Option<Response<SessionBody<B>>> {
        let mut response = self.on_failure.as_ref()?.answer(request?, failure)?;
        response.extensions_mut().insert(failure.clone());
        Some(response.map(SessionBody::bytes))
    }
}

/// Whether the handler's response holds in spite of the error: another request ended the session,
/// and the handler has reported no success.
fn is_answered<B>(error: &SessionError, response: &Response<B>) -> bool {
    matches!(error, SessionError::Gone) && response.status().is_client_error()
}
