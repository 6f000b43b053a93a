//! The start page: the login form, or all about the session.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use pgstore::Session;

use crate::account::LoginPage;
use crate::changes::ChangesSection;
use crate::demo::{App, COOKIE_NAME};
use crate::devices::DevicesSection;
use crate::page::{Page, PageError};
use crate::request::session_cookie;
use crate::stored::StoredSection;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    user: String,
    csrf: String,
    messages: Vec<String>,
    changes: ChangesSection,
    devices: DevicesSection,
    stored: StoredSection,
    cookie: Cookie,
}

/// What the browser keeps. The start of the value is the time of sealing; the ID is encrypted.
struct Cookie {
    name: &'static str,
    start: String,
    bytes: usize,
}

pub(crate) async fn page(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let messages = session.flashes::<String>().await?;
    let csrf = session.csrf_token().await?.to_string();
    let cookie = session_cookie(&headers);
    let Some(user) = session.owner().await? else {
        let page = LoginPage {
            csrf,
            messages,
            was_signed_out: cookie.is_some() && session.is_new().await?,
            name_is_wrong: false,
        };
        return Ok(Page(page).into_response());
    };
    let page = HomePage {
        changes: ChangesSection::of(&app, &session, csrf.clone()).await?,
        devices: DevicesSection::of(&app, &session, csrf.clone()).await?,
        stored: StoredSection::of(&app, &session).await?,
        cookie: Cookie::of(cookie.unwrap_or_default()),
        user,
        csrf,
        messages,
    };
    Ok(Page(page).into_response())
}

impl Cookie {
    fn of(value: &str) -> Self {
        Self {
            name: COOKIE_NAME,
            start: value.chars().take(8).collect(),
            bytes: value.len(),
        }
    }
}
