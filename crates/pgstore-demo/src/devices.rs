//! The user's devices: each can be signed out from every other.

use askama::Template;
use axum::extract::{Form, State};
use axum::response::Redirect;
use pgstore::{Clock, Session, SessionError, SessionHandle, SessionInfo, SystemClock, Timestamp};
use serde::Deserialize;

use crate::demo::App;
use crate::page::PageError;
use crate::request::{Csrf, SignedIn};
use crate::time_ago::time_ago;

#[derive(Template)]
#[template(path = "devices.html")]
pub(crate) struct DevicesSection {
    csrf: String,
    devices: Vec<Device>,
}

/// A session as its user knows it.
pub(crate) struct Device {
    pub(crate) handle: SessionHandle,
    pub(crate) name: String,
    pub(crate) began: String,
    pub(crate) used: String,
    pub(crate) is_current: bool,
}

impl DevicesSection {
    pub(crate) async fn of(app: &App, session: &Session, csrf: String) -> Result<Self, PageError> {
        let owner = session.owner().await?.ok_or(SessionError::NoOwner)?;
        let devices = Device::all(app, &owner, session).await?;
        Ok(Self { csrf, devices })
    }
}

impl Device {
    /// All devices of a user.
    pub(crate) async fn all(
        app: &App,
        owner: &str,
        current: &Session,
    ) -> Result<Vec<Self>, SessionError> {
        let sessions = app.sessions.sessions_of(owner, Some(current)).await?;
        let now = SystemClock::default().now();
        Ok(sessions.into_iter().map(|one| Self::of(one, now)).collect())
    }

    fn of(session: SessionInfo, now: Timestamp) -> Self {
        Self {
            name: session.label.unwrap_or_else(|| "A browser".to_owned()),
            began: time_ago(session.created, now),
            used: time_ago(session.last_used, now),
            is_current: session.is_current,
            handle: session.handle,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct EndOne {
    csrf: String,
    handle: SessionHandle,
}

/// Signs out one device. The handle of another user's device ends nothing.
pub(crate) async fn end_one(
    State(app): State<App>,
    SignedIn { session, user }: SignedIn,
    Form(form): Form<EndOne>,
) -> Result<Redirect, PageError> {
    session.check_csrf(&form.csrf).await?;
    let ended = app.sessions.revoke(&user, &form.handle).await?;
    if form.handle != session.handle().await? {
        session.add_flash(match ended {
            true => "That device is signed out.",
            false => "That device was signed out already.",
        })?;
    }
    Ok(Redirect::to("/"))
}

/// Signs out all devices but this one.
pub(crate) async fn end_others(
    State(app): State<App>,
    SignedIn { session, .. }: SignedIn,
    Form(form): Form<Csrf>,
) -> Result<Redirect, PageError> {
    session.check_csrf(&form.csrf).await?;
    let message = match app.sessions.revoke_all_except(&session).await? {
        0 => "You have no other devices.".to_owned(),
        1 => "One other device is signed out.".to_owned(),
        ended => format!("{ended} other devices are signed out."),
    };
    session.add_flash(message)?;
    Ok(Redirect::to("/"))
}
