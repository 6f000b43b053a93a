//! Twenty changes at once: the session counts them all, and read-change-write loses most.

use std::time::Duration;

use askama::Template;
use axum::body::Body;
use axum::extract::{Form, Request, State};
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use pgstore::{CsrfHeader, Session};
use tokio::task::JoinSet;
use tower_service::Service;

use crate::demo::App;
use crate::page::{Page, PageError};
use crate::request::{Csrf, SignedIn};
use crate::site;

/// The session's value that requests count up.
const CHANGES: &str = "changes";

/// What a handler usually does between reading its session and its response: a query or two.
const WORK: Duration = Duration::from_millis(30);

/// How many requests the button sends.
const AT_ONCE: usize = 20;

#[derive(Template)]
#[template(path = "changes.html")]
pub(crate) struct ChangesSection {
    csrf: String,
    sent: i64,
    ours: i64,
    usual: i64,
}

impl ChangesSection {
    pub(crate) async fn of(app: &App, session: &Session, csrf: String) -> Result<Self, PageError> {
        let usual = app.usual.load(&session.handle().await?).await?;
        Ok(Self {
            csrf,
            sent: usual.requests,
            ours: session.get(CHANGES).await?.unwrap_or(0),
            usual: usual.changes,
        })
    }
}

/// The section alone, for the page's script.
pub(crate) async fn section(
    State(app): State<App>,
    signed_in: SignedIn,
) -> Result<Page<ChangesSection>, PageError> {
    let csrf = signed_in.session.csrf_token().await?.to_string();
    let section = ChangesSection::of(&app, &signed_in.session, csrf).await?;
    Ok(Page(section))
}

/// One of the twenty requests. It counts one up in the session, and in the session of the usual kind.
pub(crate) async fn change_once(
    _: CsrfHeader,
    State(app): State<App>,
    SignedIn { session, .. }: SignedIn,
) -> Result<StatusCode, PageError> {
    let id = session.handle().await?; // reads the session
    let read = app.usual.load(&id).await?;

    tokio::time::sleep(WORK).await;

    session.update(CHANGES, |changes: Option<i64>| changes.unwrap_or(0) + 1)?;
    app.usual.overwrite(&id, read.changes + 1).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The button without a script: the server itself sends the twenty requests, in the browser's name.
pub(crate) async fn send_twenty(
    State(app): State<App>,
    SignedIn { session, .. }: SignedIn,
    headers: HeaderMap,
    Form(form): Form<Csrf>,
) -> Result<impl IntoResponse, PageError> {
    session.check_csrf(&form.csrf).await?;
    let routes = site::routes(app);
    let mut requests = JoinSet::new();
    for _ in 0..AT_ONCE {
        requests.spawn(routes.clone().call(change_request(&headers, &form.csrf)));
    }
    let responses = requests.join_all().await.into_iter().flatten();
    let done = responses.filter(|response| response.status().is_success());
    session.add_flash(format!("{} of {AT_ONCE} requests succeeded.", done.count()))?;
    Ok(Redirect::to("/"))
}

fn change_request(headers: &HeaderMap, csrf: &str) -> Request {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static("/changes/one");
    for cookie in headers.get_all(COOKIE) {
        request.headers_mut().append(COOKIE, cookie.clone());
    }
    if let Ok(csrf) = csrf.parse() {
        request.headers_mut().insert("x-csrf-token", csrf);
    }
    request
}
