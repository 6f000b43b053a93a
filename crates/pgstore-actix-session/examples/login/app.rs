//! Log in, log out, a page for users only, and "sign out everywhere".

use std::collections::HashMap;

use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::error::ErrorInternalServerError;
use actix_web::web::{self, Data, Form, Redirect, ServiceConfig};
use actix_web::{Either, HttpResponse, Responder, Result};
use pgstore_actix_session::PostgresStore;
use serde::Deserialize;

/// The app's pages, with their sessions in `store`.
pub(crate) fn routes(app: &mut ServiceConfig, store: PostgresStore, key: Key) {
    let sessions = SessionMiddleware::new(store.clone(), key);
    app.app_data(Data::new(store)).service(
        web::scope("")
            .wrap(sessions)
            .route("/", web::get().to(private))
            .route("/login", web::get().to(login_form))
            .route("/login", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
            .route("/logout-everywhere", web::post().to(log_out_everywhere)),
    );
}

/// Whom a session belongs to, so that all sessions of a user can be ended.
pub(crate) fn user_of(values: &HashMap<String, String>) -> Option<String> {
    serde_json::from_str(values.get("user")?).ok() // the values are JSON
}

async fn private(session: Session) -> Result<Either<Redirect, HttpResponse>> {
    let Some(user) = session.get::<String>("user")? else {
        return Ok(Either::Left(to("/login")));
    };
    Ok(Either::Right(html(&format!(
        r#"<p>Hello, {user}!</p>
        <form method="post" action="/logout"><button>Log out</button></form>
        <form method="post" action="/logout-everywhere"><button>Log out everywhere</button></form>"#
    ))))
}

async fn login_form() -> impl Responder {
    html(
        r#"<form method="post"><input name="name"><input name="password" type="password">
        <button>Log in</button></form>"#,
    )
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

async fn log_in(session: Session, login: Form<Login>) -> Result<Either<Redirect, HttpResponse>> {
    if login.name != "ada" || login.password != "engine" {
        return Ok(Either::Right(HttpResponse::Unauthorized().finish())); // your own table of users
    }
    session.renew(); // a new key: the old one, which others may know, is dead
    session.insert("user", &login.name)?;
    Ok(Either::Left(to("/")))
}

async fn log_out(session: Session) -> Redirect {
    session.purge();
    to("/login")
}

/// Ends all of the user's sessions, on all devices.
async fn log_out_everywhere(session: Session, store: Data<PostgresStore>) -> Result<Redirect> {
    if let Some(user) = session.get::<String>("user")? {
        store
            .revoke_all(&user)
            .await
            .map_err(ErrorInternalServerError)?;
    }
    session.purge(); // this session's cookie
    Ok(to("/login"))
}

fn to(path: &'static str) -> Redirect {
    Redirect::to(path).see_other()
}

fn html(page: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(page.to_owned())
}
