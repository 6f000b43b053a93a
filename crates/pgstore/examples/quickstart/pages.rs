//! The pages. Each handler takes the session as an argument.

use axum::Form;
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Redirect, Response};
use html_escape::encode_text;
use pgstore::wire::GoValue;
use pgstore::{Session, SessionError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Counts visits, and shows the user and the flash messages.
pub(crate) async fn home(session: Session) -> Result<impl IntoResponse, SessionError> {
    let flashes = session.flashes::<String>().await?;
    session.update("visits", |visits: Option<i64>| visits.unwrap_or(0) + 1)?;
    let visits = session.get::<i64>("visits").await?.unwrap_or(1);
    let user = session.get::<String>("user").await?;
    let page = Html(page(visits, user.as_deref(), &flashes));
    // Otherwise the browser's back button shows the page after a logout.
    Ok(([(CACHE_CONTROL, "no-store")], page))
}

#[derive(Deserialize)]
pub(crate) struct Login {
    user: String,
}

/// Logs in. The new ID keeps out anyone who knew the old one.
pub(crate) async fn login(
    session: Session,
    Form(Login { user }): Form<Login>,
) -> Result<Response, SessionError> {
    let user = user.trim();
    if user.is_empty() || user.len() > 100 {
        return Ok((StatusCode::BAD_REQUEST, "A name has 1 to 100 bytes.").into_response());
    }
    session.renew()?;
    session.insert("user", user)?;
    session.add_flash(format!("Welcome, {user}!"))?;
    Ok(Redirect::to("/").into_response())
}

/// Logs out: deletes the row and the cookie.
pub(crate) async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.destroy()?;
    Ok(Redirect::to("/"))
}

/// The session as JSON.
pub(crate) async fn api(session: Session) -> Result<Json<Value>, SessionError> {
    let values = session.values().await?;
    let values: Map<String, Value> = values
        .iter()
        .map(|(key, value)| {
            (
                key.map_or("nil".to_owned(), |key| key.node().text()),
                json_of(value),
            )
        })
        .collect();
    Ok(Json(
        json!({ "new": session.is_new().await?, "values": values }),
    ))
}

/// A Go value as JSON, or null if JSON cannot represent it.
fn json_of(value: Option<&GoValue>) -> Value {
    value
        .and_then(|value| value.read().ok())
        .unwrap_or(Value::Null)
}

fn page(visits: i64, user: Option<&str>, flashes: &[String]) -> String {
    let flashes: String = flashes.iter().map(|flash| flash_html(flash)).collect();
    let account = user.map_or_else(|| LOGIN_FORM.to_owned(), logout_form);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>pgstore</title>\
         <style>{STYLE}</style><main><h1>pgstore</h1>{flashes}\
         <p>Visits in this session: <b id=\"visits\">{visits}</b></p>{account}\
         <p><a href=\"/api/session\">The session as JSON</a></p></main></html>"
    )
}

fn flash_html(text: &str) -> String {
    format!("<p class=\"flash\">{}</p>", encode_text(text))
}

fn logout_form(user: &str) -> String {
    format!(
        "<p>Logged in as <b id=\"user\">{}</b></p>\
         <form method=\"post\" action=\"/logout\"><button>Log out</button></form>",
        encode_text(user)
    )
}

const LOGIN_FORM: &str = "<form method=\"post\" action=\"/login\">\
    <label>Your name <input name=\"user\" required maxlength=\"100\" autofocus></label> \
    <button>Log in</button></form>";

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;background:#f4f4f2;color:#222}\
    main{max-width:32rem;margin:4rem auto;padding:2rem;background:#fff;border-radius:.5rem}\
    .flash{background:#e5f3e5;border-left:4px solid #3a8a3a;padding:.5rem 1rem}\
    input,button{font:inherit;padding:.3rem .6rem}";
