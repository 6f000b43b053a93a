//! The administrator's page: everyone's sessions, and an outage on demand.
//!
//! In the demo, every user is an administrator. An application checks the user's rights here.

use askama::Template;
use axum::extract::{Form, State};
use axum::response::Redirect;
use pgstore::SessionHandle;
use serde::Deserialize;

use crate::client::ClientError;
use crate::demo::App;
use crate::devices::Device;
use crate::outage::OUTAGE;
use crate::page::{Page, PageError};
use crate::request::{Csrf, SignedIn};

#[derive(Template)]
#[template(path = "admin.html")]
pub(crate) struct AdminPage {
    user: String,
    csrf: String,
    messages: Vec<String>,
    users: Vec<User>,
    /// How long a click stops the database, if it is the demo's own.
    outage_seconds: Option<u64>,
}

struct User {
    name: String,
    devices: Vec<Device>,
}

pub(crate) async fn page(
    State(app): State<App>,
    SignedIn { session, user }: SignedIn,
) -> Result<Page<AdminPage>, PageError> {
    let messages = session.flashes::<String>().await?;
    let csrf = session.csrf_token().await?.to_string();
    let mut users = Vec::new();
    for row in app
        .client
        .query(include_str!("sql/owners.sql"), &[])
        .await?
    {
        let name: String = row.try_get("owner").map_err(ClientError::from)?;
        let devices = Device::all(&app, &name, &session).await?;
        if !devices.is_empty() {
            users.push(User { name, devices });
        }
    }
    let outage_seconds = app.outage.is_some().then_some(OUTAGE.as_secs());
    Ok(Page(AdminPage {
        user,
        csrf,
        messages,
        users,
        outage_seconds,
    }))
}

#[derive(Deserialize)]
pub(crate) struct EndOne {
    csrf: String,
    owner: String,
    handle: SessionHandle,
}

/// Ends one session of any user.
pub(crate) async fn end_one(
    State(app): State<App>,
    SignedIn { session, .. }: SignedIn,
    Form(form): Form<EndOne>,
) -> Result<Redirect, PageError> {
    session.check_csrf(&form.csrf).await?;
    app.sessions.revoke(&form.owner, &form.handle).await?;
    if form.handle != session.handle().await? {
        session.add_flash(format!("One session of {} has ended.", form.owner))?;
    }
    Ok(Redirect::to("/admin"))
}

#[derive(Deserialize)]
pub(crate) struct EndAll {
    csrf: String,
    owner: String,
}

/// Ends all sessions of a user.
pub(crate) async fn end_all(
    State(app): State<App>,
    SignedIn { session, user }: SignedIn,
    Form(form): Form<EndAll>,
) -> Result<Redirect, PageError> {
    session.check_csrf(&form.csrf).await?;
    let ended = app.sessions.revoke_all(&form.owner).await?;
    if form.owner != user {
        session.add_flash(match ended {
            1 => format!("One session of {} has ended.", form.owner),
            ended => format!("{ended} sessions of {} have ended.", form.owner),
        })?;
    }
    Ok(Redirect::to("/admin"))
}

/// Stops the database for some seconds.
pub(crate) async fn stop_the_database(
    State(app): State<App>,
    SignedIn { session, .. }: SignedIn,
    Form(form): Form<Csrf>,
) -> Result<Redirect, PageError> {
    session.check_csrf(&form.csrf).await?;
    if let Some(outage) = &app.outage {
        outage.begin();
    }
    Ok(Redirect::to("/"))
}
