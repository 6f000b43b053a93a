//! The service in Rust: the user's account. The user has logged in at the shop, which is in Go.

use axum::Router;
use axum::extract::Form;
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use html_escape::{encode_double_quoted_attribute, encode_text};
use pgstore::go::{self, GoType};
use pgstore::{
    CookieError, CookieName, CookieOptions, GoPeer, Keys, PgStore, Session, SessionError,
    SessionLayer, SessionManager,
};
use serde::{Deserialize, Serialize};

const COOKIE: &str = "session-key"; // as in Go

/// What this service knows of Go's `Settings`. The other fields stay as Go wrote them.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
struct Settings {
    colour: String,
}

impl GoType for Settings {
    const GO_NAME: &'static str = "main.Settings";
}

pub(crate) fn sessions(
    store: PgStore,
    keys: Keys,
) -> Result<SessionManager, Box<dyn std::error::Error>> {
    // Path, Domain, HttpOnly and SameSite as in Go. Not Secure, because the example is served over plain http.
    let cookie = CookieOptions::default().secure(false);
    let sessions = SessionManager::builder(store, keys)
        .cookie_options(cookie)
        .go_peer(GoPeer::registered(["main.Settings"]))
        .owner_from(CookieName::new(COOKIE)?, "user") // Go's login sets it
        .build()?;
    Ok(sessions)
}

pub(crate) fn routes(sessions: &SessionManager) -> Result<Router, CookieError> {
    let router = Router::new()
        .route("/account", get(account))
        .route("/account/colour", post(set_colour))
        .route("/account/logout", post(log_out));
    Ok(router.layer(SessionLayer::new(sessions, COOKIE)?))
}

async fn account(session: Session) -> Result<Response, SessionError> {
    let Some(user) = session.get::<String>("user").await? else {
        return Ok(Redirect::to("/").into_response()); // the login form is in Go
    };
    let settings: Settings = session.get("settings").await?.unwrap_or_default();
    let csrf = session.csrf_token().await?;
    let (user, colour) = (
        encode_text(&user),
        encode_double_quoted_attribute(&settings.colour),
    );
    let page = Html(format!(
        r#"<!doctype html><html lang="en"><title>Account</title><h1>Account (Rust)</h1>
        <p>You are <b>{user}</b>.</p>
        <form method="post" action="/account/colour"><input type="hidden" name="csrf" value="{csrf}">
        <label>Your colour <input name="colour" value="{colour}" required></label> <button>Change</button></form>
        <form method="post" action="/account/logout"><input type="hidden" name="csrf" value="{csrf}">
        <button>Log out</button></form>
        <p><a href="/">The shop (Go)</a></p>"#
    ));
    Ok(([(CACHE_CONTROL, "no-store")], page).into_response())
}

#[derive(Deserialize)]
struct Colour {
    colour: String,
    csrf: String,
}

async fn set_colour(session: Session, Form(form): Form<Colour>) -> Result<Redirect, SessionError> {
    session.check_csrf(&form.csrf).await?;
    let settings = Settings {
        colour: form.colour,
    };
    session.insert("settings", settings.as_go())?;
    // A new value: without go::Int it would be an int64, and Go's `.(int)` would not hold.
    session.update("changes", |changes: Option<go::Int>| {
        go::Int(changes.unwrap_or_default().0 + 1)
    })?;
    Ok(Redirect::to("/account"))
}

#[derive(Deserialize)]
struct Csrf {
    csrf: String,
}

async fn log_out(session: Session, Form(form): Form<Csrf>) -> Result<Redirect, SessionError> {
    session.check_csrf(&form.csrf).await?;
    session.destroy()?;
    Ok(Redirect::to("/"))
}
