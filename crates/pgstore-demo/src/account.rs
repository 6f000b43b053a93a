//! Logging in and out.

use std::time::Duration;

use askama::Template;
use axum::extract::Form;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use pgstore::{MaxAge, Session, SessionError};
use serde::Deserialize;

use crate::device_name::device_name;
use crate::page::{Page, PageError};
use crate::request::Csrf;

/// How long "remember me" is.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const LONGEST_NAME: usize = 40;

#[derive(Deserialize)]
pub(crate) struct Login {
    user: String,
    #[serde(default)]
    remember: Option<String>, // a checkbox that is not checked is not sent
    csrf: String,
}

/// The page of a stranger.
#[derive(Default, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage {
    pub(crate) csrf: String,
    pub(crate) messages: Vec<String>,
    /// The browser's cookie leads to no session any more.
    pub(crate) was_signed_out: bool,
    pub(crate) name_is_wrong: bool,
}

/// Logs in. There is no password, since checking it is the application's own task.
pub(crate) async fn log_in(
    session: Session,
    headers: HeaderMap,
    Form(login): Form<Login>,
) -> Result<Response, PageError> {
    session.check_csrf(&login.csrf).await?;
    let user = login.user.trim();
    if user.is_empty() || user.chars().count() > LONGEST_NAME || user.contains('\0') {
        let csrf = session.csrf_token().await?.to_string();
        let page = LoginPage {
            csrf,
            name_is_wrong: true,
            ..LoginPage::default()
        };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
    }
    begin(&session, user, &headers, login.remember.is_some()).await?;
    Ok(Redirect::to("/").into_response())
}

async fn begin(
    session: &Session,
    user: &str,
    headers: &HeaderMap,
    remember: bool,
) -> Result<(), SessionError> {
    match session.owner().await? {
        Some(other) if other != user => session.start_over()?, // nothing of theirs is kept
        _ => session.renew()?, // a new ID: who planted or saw the old one is out
    }
    session.set_owner(user)?;
    session.set_label(device_name(headers.get(USER_AGENT)))?;
    session.set_max_age(match remember {
        true => MaxAge::For(REMEMBERED),
        false => MaxAge::UntilBrowserCloses,
    })?;
    session.insert("user", user)?;
    session.add_flash(format!("Welcome, {user}! Your session has a new ID."))
}

/// Logs out: ends the session everywhere, and begins a new one for the message.
pub(crate) async fn log_out(
    session: Session,
    Form(form): Form<Csrf>,
) -> Result<Redirect, SessionError> {
    match session.check_csrf(&form.csrf).await {
        // The browser drops the cookie with the 503, and the logout continues in the background.
        Err(error) if error.is_unavailable() => {}
        checked => checked?,
    }
    session.start_over()?;
    session.add_flash("You are signed out.")?;
    Ok(Redirect::to("/"))
}
