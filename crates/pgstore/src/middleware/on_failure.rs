//! The application's own answer when a session fails.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, Uri};

use super::SessionFailure;
use crate::session::SessionError;

/// What an application's answer to a failure may depend on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Failed<'a> {
    /// Why. Nothing of it is for the client.
    pub error: &'a SessionError,
    /// The request's method.
    pub method: &'a Method,
    /// What was asked for, as the layer saw it.
    pub uri: &'a Uri,
}

/// The request's head, as far as it is kept.
#[derive(Debug)]
pub(super) struct Asked {
    method: Method,
    uri: Uri,
}

impl Asked {
    pub(super) fn by<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }
}

type Answer = dyn Fn(Failed<'_>) -> Option<Response<Bytes>> + Send + Sync;

#[derive(Clone)]
pub(super) struct OnFailure(Arc<Answer>);

impl OnFailure {
    pub(super) fn new(
        answer: impl Fn(Failed<'_>) -> Option<Response<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }

    pub(super) fn answer(&self, asked: &Asked, error: &SessionFailure) -> Option<Response<Bytes>> {
        (self.0)(Failed {
            error,
            method: &asked.method,
            uri: &asked.uri,
        })
    }
}

impl fmt::Debug for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnFailure")
    }
}
