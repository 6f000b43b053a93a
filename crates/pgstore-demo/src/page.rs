//! Templates as responses, and what handlers fail with.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use pgstore::SessionError;

use crate::client::ClientError;
use crate::failure::Failure;

/// A template as a page.
pub(crate) struct Page<T>(pub(crate) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// Why a handler has no page to show.
#[derive(Debug)]
pub(crate) enum PageError {
    Session(SessionError),
    Client(ClientError),
    /// The page is for users who are signed in.
    SignedOut,
}

impl From<SessionError> for PageError {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl From<ClientError> for PageError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Session(error) => error.into_response(), // the layer's `on_failure` makes it a page
            Self::Client(error) => {
                eprintln!("{error}");
                Failure::Unavailable.page("2; url=/").into_response()
            }
            Self::SignedOut => Redirect::to("/").into_response(),
        }
    }
}
