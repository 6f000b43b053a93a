//! Log in, log out, a page for users only, and "sign out everywhere".

use std::convert::Infallible;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_login::tower_sessions::SessionManagerLayer;
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, login_required};
use pgstore_tower_sessions::PostgresStore;
use serde::Deserialize;

type AuthSession = axum_login::AuthSession<Users>;

/// The app's pages, with their sessions in `store`.
pub(crate) fn routes(store: PostgresStore) -> Router {
    let sessions = SessionManagerLayer::new(store.clone());
    let auth = AuthManagerLayerBuilder::new(Users, sessions).build();
    Router::new()
        .route("/", get(private))
        .route("/logout-everywhere", post(log_out_everywhere))
        .route_layer(login_required!(Users, login_url = "/login"))
        .route("/login", get(login_form).post(log_in))
        .route("/logout", post(log_out))
        .layer(auth)
        .with_state(store)
}

async fn private(auth: AuthSession) -> Html<String> {
    let name = auth.user.map(|user| user.name).unwrap_or_default();
    Html(format!(
        r#"<p>Hello, {name}!</p>
        <form method="post" action="/logout"><button>Log out</button></form>
        <form method="post" action="/logout-everywhere"><button>Log out everywhere</button></form>"#
    ))
}

async fn login_form() -> Html<&'static str> {
    Html(
        r#"<form method="post"><input name="name"><input name="password" type="password">
        <button>Log in</button></form>"#,
    )
}

async fn log_in(mut auth: AuthSession, Form(login): Form<Login>) -> Response {
    match auth.authenticate(login).await {
        Ok(Some(user)) => match auth.login(&user).await {
            Ok(()) => Redirect::to("/").into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn log_out(mut auth: AuthSession) -> Response {
    match auth.logout().await {
        Ok(_) => Redirect::to("/login").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Ends all of the user's sessions, on all devices.
async fn log_out_everywhere(
    State(store): State<PostgresStore>,
    mut auth: AuthSession,
) -> Result<Redirect, StatusCode> {
    if let Some(user) = &auth.user {
        let ended = store.revoke_all(&user.id.to_string()).await;
        ended.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    }
    let ended = auth.logout().await; // this session, and its cookie
    ended.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to("/login"))
}

#[derive(Clone, Debug)]
pub(crate) struct User {
    id: i64,
    name: String,
    password_hash: Vec<u8>,
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.password_hash // a new password ends the sessions of the old one
    }
}

#[derive(Clone, Deserialize)]
pub(crate) struct Login {
    name: String,
    password: String,
}

/// Your own table of users.
#[derive(Clone, Debug)]
pub(crate) struct Users;

impl AuthnBackend for Users {
    type User = User;
    type Credentials = Login;
    type Error = Infallible;

    async fn authenticate(&self, login: Login) -> Result<Option<User>, Infallible> {
        let is_right = login.name == "ada" && login.password == "engine"; // verify a hash
        Ok(is_right.then(ada))
    }

    async fn get_user(&self, id: &i64) -> Result<Option<User>, Infallible> {
        Ok((*id == 1).then(ada))
    }
}

fn ada() -> User {
    User {
        id: 1,
        name: "Ada".to_owned(),
        password_hash: b"a hash".to_vec(),
    }
}
