//! A small Rust application, served over real HTTP: the Go peer's counterpart.

use std::ops::Deref;

use axum::extract::Path;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use pgstore::{CookieOptions, PgStore, Session, SessionError, SessionLayer, SessionManager};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::go::Site;
use super::secrets::{self, Shown, Told};

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct RustApp {
    site: Site,
    server: JoinHandle<()>,
}

impl RustApp {
    /// Keys are hex as in `SESSION_KEYS`; the cookie is `session-key`, with Go's attributes.
    pub(crate) async fn serve(database_url: &str, keys: &str) -> Self {
        let store = PgStore::connect(database_url).await.told().unwrap();
        store.migrate().await.told().unwrap();
        let sessions = SessionManager::builder(store.shown(), secrets::hex_keys(keys));
        let sessions = sessions.cookie_options(CookieOptions::go());
        Self::serve_manager(&sessions.build().unwrap()).await
    }

    pub(crate) async fn serve_manager(sessions: &SessionManager) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let layer = SessionLayer::new(sessions, "session-key").unwrap().shown();
        let app = routes().layer(layer).layer(map_response(seen));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            site: Site { authority },
            server,
        }
    }
}

impl Deref for RustApp {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Drop for RustApp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn routes() -> Router {
    Router::new()
        .route("/session", get(session))
        .route("/login", post(login))
        .route("/set", post(set))
        .route("/rename/{key}", post(rename))
        .route("/flashes", post(flashes))
        .route(
            "/logout",
            post(|session: Session| async move { session.destroy() }),
        )
}

async fn seen(response: Response) -> Response {
    secrets::response(response)
}

async fn session(session: Session) -> Result<Json<Value>, SessionError> {
    let session = session.shown();
    let values = session.values().await?;
    let text = |key: Option<&pgstore::wire::GoValue>| key.unwrap().node().text();
    let json = |value: &pgstore::wire::GoValue| value.read::<Value>().unwrap();
    let values = values
        .iter()
        .map(|(key, value)| (text(key), value.map_or(Value::Null, json)));
    let values: Map<_, _> = values.collect();
    Ok(Json(
        json!({ "new": session.is_new().await?, "values": values }),
    ))
}

#[derive(Deserialize)]
struct Login {
    user: String,
}

async fn login(session: Session, Form(login): Form<Login>) -> Result<(), SessionError> {
    session.renew()?;
    session.insert("user", &login.user)?;
    session.add_flash(format!("welcome {}", login.user))
}

/// Puts each member of a JSON object under its name.
async fn set(session: Session, Json(values): Json<Map<String, Value>>) -> Result<(), SessionError> {
    values
        .iter()
        .try_for_each(|(key, value)| session.insert(key.as_str(), value))
}

/// What Rust knows of Go's `main.User`; it has more fields than that.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    name: String,
}

/// Gives the user stored under a key another name.
async fn rename(session: Session, Path(key): Path<String>) -> Result<String, SessionError> {
    let user: User = session.get(key.as_str()).await?.unwrap();
    session.insert(
        key.as_str(),
        &User {
            name: format!("{} of Rust", user.name),
        },
    )?;
    Ok(user.name)
}

async fn flashes(session: Session) -> Result<Json<Vec<Value>>, SessionError> {
    Ok(Json(session.flashes().await?))
}
