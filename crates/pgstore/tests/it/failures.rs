//! Failed sessions: what the application answers, and what is logged.

use axum::Router;
use axum::body::Body;
use axum::handler::Handler;
use axum::response::IntoResponse;
use axum::routing::any;
use http::header::{
    ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE,
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use pgstore::middleware::{Failed, SessionFailure};
use pgstore::store::{Fault, FaultyStore, Row};
use pgstore::{
    CsrfHeader, CsrfToken, Keys, MemoryStore, OnConflict, Session, SessionError, SessionLayer,
    SessionManager, Store, StoreErrorKind, Typed,
};
use tower::ServiceExt;

use crate::support::{apply, log, secrets, trial};

/// Sessions in a store that fails on demand, and the cookie of one of them.
struct Scene {
    store: FaultyStore<MemoryStore>,
    sessions: SessionManager,
    cookie: HeaderValue,
}

impl Scene {
    async fn new() -> Self {
        Self::with(OnConflict::default()).await
    }

    async fn with(on_conflict: OnConflict) -> Self {
        let store = FaultyStore::<MemoryStore>::default();
        let keys = secrets::keys(&[b"the hash key of the trials of failures"]);
        let sessions = SessionManager::builder(store.clone(), keys)
            .on_conflict(on_conflict)
            .build()
            .unwrap();
        let session = sessions.get(&HeaderMap::new(), "s").unwrap();
        session.insert("user", "ada").unwrap();
        let mut response = HeaderMap::new();
        sessions.save(&session, &mut response).await.unwrap();
        let cookie = response[SET_COOKIE].to_str().unwrap();
        let cookie = HeaderValue::from_str(cookie.split(';').next().unwrap()).unwrap();
        Self {
            store,
            sessions,
            cookie,
        }
    }

    /// A session whose row does not open.
    async fn damaged() -> Self {
        let scene = Self::new().await;
        let session = scene.session();
        let id = session.id().await.unwrap().unwrap();
        let now = pgstore::Clock::now(&pgstore::SystemClock::default());
        let row = scene
            .store
            .load(&id, now)
            .await
            .unwrap()
            .into_row()
            .unwrap();
        let damaged = Row {
            data: b"damaged".to_vec(),
            ..row.clone()
        };
        let version = row.modified_on;
        assert!(scene.store.update(&id, version, &damaged).await.is_ok());
        scene
    }

    /// The session, as another request of the browser has it.
    fn session(&self) -> Session {
        let request = HeaderMap::from_iter([(http::header::COOKIE, self.cookie.clone())]);
        self.sessions.get(&request, "s").unwrap()
    }

    fn layer(&self) -> SessionLayer {
        SessionLayer::new(&self.sessions, "s").unwrap()
    }

    async fn ask<H, T>(&self, layer: SessionLayer, handler: H, accept: &str) -> Response<Body>
    where
        H: Handler<T, ()>,
        T: 'static,
    {
        let app = Router::new().route("/", any(handler)).layer(layer);
        let request = Request::get("/")
            .header(http::header::COOKIE, &self.cookie)
            .header(ACCEPT, accept)
            .body(Body::empty());
        app.oneshot(request.unwrap()).await.unwrap()
    }
}

async fn read(session: Session) -> Result<String, SessionError> {
    Ok(session.get("user").await?.unwrap_or_default())
}

async fn write(session: Session) -> Result<(), SessionError> {
    session.insert("n", 1)
}

async fn too_much(session: Session) -> Result<(), SessionError> {
    session.insert("big", "x".repeat(70_000))
}

async fn log_out(session: Session) -> Result<(), SessionError> {
    session.destroy()
}

/// A page for browsers, JSON for scripts; after a logout, the login.
fn answer(failed: Failed<'_>) -> Option<Response<bytes::Bytes>> {
    let accept = failed.headers.get(ACCEPT)?.to_str().ok()?;
    let mut response = failed.response();
    if failed.session_ended && accept.contains("text/html") {
        *response.status_mut() = StatusCode::SEE_OTHER;
        let login = HeaderValue::from_static("/login");
        response.headers_mut().insert(LOCATION, login);
        return Some(response);
    }
    let status = failed.status.as_u16();
    let (content_type, body) = if accept.contains("text/html") {
        ("text/html", format!("<h1>{status}</h1>"))
    } else {
        ("application/json", format!(r#"{{"error":{status}}}"#))
    };
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    Some(response.map(|_| body.into()))
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[apply(trial)]
async fn an_application_answers_browsers_with_a_page_and_scripts_with_json() {
    let scene = Scene::new().await;
    scene
        .store
        .every("load", Fault::Fails(StoreErrorKind::Unavailable));
    let layer = scene.layer().on_failure(answer);
    let page = scene.ask(layer.clone(), read, "text/html").await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(page.headers()[RETRY_AFTER], "1");
    assert_eq!(page.headers()[CONTENT_TYPE], "text/html");
    assert!(page.extensions().get::<SessionFailure>().is_some());
    assert_eq!(text(page).await, "<h1>503</h1>");
    let json = scene.ask(layer, write, "application/json").await;
    assert_eq!(json.headers()[RETRY_AFTER], "1");
    assert_eq!(text(json).await, r#"{"error":503}"#);
}

#[apply(trial)]
async fn a_failed_logout_is_told_from_other_failures_and_still_removes_the_cookie() {
    let scene = Scene::new().await;
    scene
        .store
        .every("delete", Fault::Fails(StoreErrorKind::Unavailable));
    let layer = scene.layer().on_failure(answer);
    let response = scene.ask(layer, log_out, "text/html").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[LOCATION], "/login");
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("s=; "), "{cookie}");
}

#[apply(trial)]
async fn a_failure_shows_no_cookie_in_its_debug_output() {
    let scene = Scene::damaged().await;
    let layer = scene.layer().on_failure(|failed| {
        let mut response = failed.response();
        *response.body_mut() = format!("{failed:?} {failed:#?}").into();
        Some(response)
    });
    let shown = text(scene.ask(layer, read, "*/*").await).await;
    let cookie = scene.cookie.to_str().unwrap().trim_start_matches("s=");
    assert!(!shown.contains(cookie), "{shown}");
    assert!(shown.contains("session_ended: false"), "{shown}");
}

/// The events at the level of a warning or above.
fn alarms(heard: &[String]) -> Vec<&String> {
    let is_alarm = |event: &&String| {
        let level = event.contains("Level(Warn)") || event.contains("Level(Error)");
        level && event.contains("pgstore")
    };
    heard.iter().filter(is_alarm).collect()
}

/// Asks a damaged or a failing scene, and expects 500 with one alarm that names the cause.
fn one_alarm<F: Future<Output = Response<Body>>>(
    cause: &str,
    ask: impl FnOnce() -> F + Send + 'static,
) {
    let heard = log::heard(async move || {
        let response = ask().await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    });
    let alarms = alarms(&heard);
    assert_eq!(alarms.len(), 1, "{alarms:#?}");
    assert!(alarms[0].contains(cause), "{cause}: {}", alarms[0]);
}

async fn failing(method: &'static str) -> Scene {
    let scene = Scene::new().await;
    let kind = StoreErrorKind::Forbidden;
    scene.store.every(method, Fault::Fails(kind));
    scene
}

#[apply(trial)]
async fn a_500_is_logged_once_with_its_cause_whichever_way_it_comes() {
    let cannot_open = "cannot be opened";
    // The handler returns the error of a read.
    one_alarm(cannot_open, async || {
        let scene = Scene::damaged().await;
        scene.ask(scene.layer(), read, "*/*").await
    });
    // An extractor refuses the request.
    one_alarm(cannot_open, async || {
        let scene = Scene::damaged().await;
        let page = async |token: CsrfToken| token.to_string();
        scene.ask(scene.layer(), page, "*/*").await
    });
    one_alarm(cannot_open, async || {
        let scene = Scene::damaged().await;
        let page = async |_: Typed<std::collections::BTreeMap<String, String>>| "read";
        scene.ask(scene.layer(), page, "*/*").await
    });
    // The save fails, also over the response of a handler.
    one_alarm("grant it SELECT", async || {
        let scene = failing("update").await;
        scene.ask(scene.layer(), write, "*/*").await
    });
    one_alarm("65536", async || {
        let scene = Scene::new().await;
        scene.ask(scene.layer(), too_much, "*/*").await
    });
    // The application answers in the layer's place.
    one_alarm(cannot_open, async || {
        let scene = Scene::damaged().await;
        let layer = scene.layer().on_failure(answer);
        scene.ask(layer, read, "*/*").await
    });
}

#[apply(trial)]
async fn a_missing_layer_is_logged_once_with_its_name() {
    let missing = |app: Router| {
        one_alarm("pgstore::SessionLayer", async move || {
            let request = Request::get("/").body(Body::empty());
            app.oneshot(request.unwrap()).await.unwrap()
        });
    };
    missing(Router::new().route("/", any(read)));
    missing(Router::new().route("/", any(async |_: CsrfToken| ())));
    missing(Router::new().route("/", any(async |_: CsrfHeader| ())));
    missing(Router::new().route("/", any(async |_: pgstore::Sessions| ())));
}

#[apply(trial)]
async fn what_clients_cause_raises_no_alarm() {
    let heard = log::heard(async || {
        let scene = Scene::new().await;
        let refused = async |_: CsrfHeader| "changed";
        let response = scene.ask(scene.layer(), refused, "*/*").await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
    });
    assert!(alarms(&heard).is_empty());
    let failed = |event: &&String| event.contains("a session failed");
    assert_eq!(heard.iter().filter(failed).count(), 1);
}

/// What a user has entered. A careless application makes keys of values of it, and its types speak of it.
const ENTERED: &str = "Lovelace";

/// A value whose own code puts what it holds into its errors.
struct Talkative;

impl serde::Serialize for Talkative {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(ENTERED))
    }
}

impl<'de> serde::Deserialize<'de> for Talkative {
    fn deserialize<D: serde::Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(value)?;
        Err(serde::de::Error::custom(format!("{text} is no name")))
    }
}

/// The failures that know the key of a value, or what the application's types say.
async fn failures_of_values(case: usize, session: Session) -> Result<(), SessionError> {
    session.insert("user", ENTERED)?;
    match case {
        0 => session.insert(ENTERED, None::<String>),
        1 => session.insert(ENTERED, Talkative),
        2 => session.get::<Talkative>("user").await.map(|_| ()),
        3 => {
            session.insert(ENTERED, "text")?;
            session.get::<i64>(ENTERED).await.map(|_| ())
        }
        4 => {
            session.insert(ENTERED, "text")?;
            session.add_flash_to(ENTERED, "text")
        }
        _ => unreachable!("there are five cases"),
    }
}

#[apply(trial)]
async fn what_is_logged_of_a_failed_value_holds_nothing_that_a_user_entered() {
    for case in 0..5 {
        let heard = log::heard(async move || {
            let scene = Scene::new().await;
            let handler = async move |session| failures_of_values(case, session).await;
            let response = scene.ask(scene.layer(), handler, "*/*").await;
            let failure = response.extensions().get::<SessionFailure>().unwrap();
            assert!(failure.to_string().contains(ENTERED), "{failure:?}");
        });
        says_nothing_of_users(&heard);
    }
}

#[apply(trial)]
async fn what_is_logged_of_a_conflict_holds_nothing_that_a_user_entered() {
    let heard = log::heard(async || {
        let scene = Scene::with(OnConflict::Error).await;
        let (sessions, other) = (scene.sessions.clone(), scene.session());
        let handler = async move |session: Session| -> Result<(), SessionError> {
            session.get::<i32>(ENTERED).await?;
            other.insert(ENTERED, 1)?;
            sessions.save(&other, &mut HeaderMap::new()).await?;
            session.insert(ENTERED, 2)
        };
        let response = scene.ask(scene.layer(), handler, "*/*").await;
        let failure = response.extensions().get::<SessionFailure>().unwrap();
        assert!(failure.to_string().contains(ENTERED), "{failure:?}");
    });
    says_nothing_of_users(&heard);
}

/// The failure is in the log, without what the user entered.
fn says_nothing_of_users(heard: &[String]) {
    let failed = |event: &&String| event.contains("a session failed");
    assert_eq!(heard.iter().filter(failed).count(), 1, "{heard:#?}");
    let tells = heard.iter().find(|event| event.contains(ENTERED));
    assert!(tells.is_none(), "{tells:?}");
}

#[apply(trial)]
async fn a_failed_logout_of_a_request_without_a_response_is_logged() {
    let heard = log::heard(async || {
        let scene = failing("delete").await;
        let hangs = async |session: Session| {
            session.destroy().unwrap();
            std::future::pending::<()>().await;
        };
        let ask = scene.ask(scene.layer(), hangs, "*/*");
        let soon = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, ask).await.is_err());
        tokio::time::sleep(soon).await;
    });
    let alarms = alarms(&heard);
    let told = |event: &&&String| event.contains("request without a response");
    assert_eq!(alarms.iter().filter(told).count(), 1, "{alarms:#?}");
}

#[apply(trial)]
async fn a_short_hash_key_is_logged_once_without_a_byte_of_it() {
    let built = |bytes: usize| {
        log::heard(async move || {
            let keys = Keys::from_pairs(&["K".repeat(bytes)]).unwrap();
            let sessions = SessionManager::builder(MemoryStore::new(), keys);
            drop(sessions.build().unwrap().clone());
        })
    };
    let heard = built(31);
    let alarms = alarms(&heard);
    assert_eq!(alarms.len(), 1, "{alarms:#?}");
    assert!(alarms[0].contains("openssl rand -hex 32"), "{}", alarms[0]);
    assert!(!alarms[0].contains("KK"), "{}", alarms[0]);
    assert!(built(32).is_empty());
}

#[apply(trial)]
async fn errors_read_as_sentences_in_debug() {
    let name = pgstore::CookieName::new("a b").unwrap_err();
    assert_eq!(format!("{name:?}"), name.to_string());
    let cause = std::io::Error::other("the cable is cut");
    let error = pgstore::StoreError::caused_by(StoreErrorKind::Unavailable, cause);
    let shown = "the session store cannot be reached: the cable is cut";
    assert_eq!(format!("{error:?}"), shown);
    let handle = "?".parse::<pgstore::SessionHandle>().unwrap_err();
    assert_eq!(format!("{handle:?}"), handle.to_string());
    let _ = handle.to_string().into_response();
}
