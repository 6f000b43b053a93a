//! The security bar, line by line, over real PostgreSQL and the layer. SECURITY.md has the table;
//! what it names must be here, or among the trials elsewhere.

mod table;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::header::{CACHE_CONTROL, COOKIE, HeaderValue, SET_COOKIE, VARY};
use http::{Request, StatusCode};
use pgstore::store::{Fault, FaultyStore};
use pgstore::testing::{Page, TestClock};
use pgstore::{
    ConfigError, CookieError, CookieOptions, Keys, MemoryStore, PgStore, SameSite, Session,
    SessionError, SessionId, SessionLayer, SessionManager, SessionManagerBuilder, Store,
    StoreErrorKind,
};
use tower::ServiceExt;

use crate::support::browser::{self, cookie_of};
use crate::support::database::{Database, unique};
use crate::support::secrets::{self, Shown, Told};
use crate::support::{apply, trial};

const NOW: i64 = 1_700_000_000;

fn keys() -> Keys {
    secrets::keys(&[b"the hash key of the security bar"])
}

/// Two nodes on one database, with a clock for both.
struct Scene {
    database: Database,
    clock: TestClock,
    nodes: [SessionManager; 2],
}

impl Scene {
    async fn new() -> Self {
        Self::with(|sessions| sessions).await
    }

    async fn with(settings: impl Fn(SessionManagerBuilder) -> SessionManagerBuilder) -> Self {
        let (database, clock) = (Database::fresh().await, TestClock::at(NOW));
        database.store().await.close().await;
        let node = async || {
            let store = PgStore::connect(&database.url()).await.told().unwrap();
            let sessions = SessionManager::builder(store, keys()).clock(clock.clone());
            settings(sessions).build().unwrap().shown()
        };
        let nodes = [node().await, node().await];
        Self {
            database,
            clock,
            nodes,
        }
    }

    /// A request to one of the nodes.
    async fn ask(&self, node: usize, handler: Handler, cookie: Option<&str>) -> Page {
        ask(&self.nodes[node], handler, cookie).await
    }

    /// Whom a node takes the request for.
    async fn user(&self, node: usize, cookie: &str) -> String {
        let response = self.ask(node, Handler::WhoAmI, Some(cookie)).await;
        response.text()
    }

    async fn log_in(&self) -> String {
        cookie_of(self.ask(0, Handler::LogIn, None).await.headers()).expect("a cookie is set")
    }

    async fn rows(&self) -> i64 {
        let client = self.database.client().await;
        let count = "SELECT count(*) FROM http_sessions";
        client.query_one(count, &[]).await.unwrap().get(0)
    }
}

/// What a request does.
#[derive(Clone, Copy, Debug)]
enum Handler {
    LogIn,
    WhoAmI,
    Write,
    LogOut,
    Nothing,
}

async fn ask(sessions: &SessionManager, handler: Handler, cookie: Option<&str>) -> Page {
    let layer = SessionLayer::new(sessions, "s").unwrap();
    let run = move |session: Session| async move {
        match handler {
            Handler::LogIn => {
                session.renew()?;
                session.set_owner("ada")?;
                session.insert("user", "ada")?;
            }
            Handler::WhoAmI => return Ok(session.get("user").await?.unwrap_or_default()),
            Handler::Write => session.insert("n", 1)?,
            Handler::LogOut => session.destroy()?,
            Handler::Nothing => {}
        }
        Ok::<String, SessionError>("done".to_owned())
    };
    let app = Router::new().route("/", any(run)).layer(layer);
    browser::ask(app, "GET", "/", cookie.unwrap_or_default()).await
}

// 1
#[apply(trial)]
async fn ids_are_256_random_bits_and_never_twice_the_same() {
    let mut ids: Vec<_> = (0..2000).map(|_| secrets::fresh_id()).collect();
    let bits = |id: &SessionId| {
        let decoded = data_encoding::BASE32_NOPAD.decode(id.as_bytes());
        decoded.expect("it is base32 of 32 bytes")
    };
    let decoded: Vec<_> = ids.iter().map(bits).collect();
    assert!(decoded.iter().all(|bytes| bytes.len() == 32));
    for bit in 0..256 {
        let is_set = |bytes: &&Vec<u8>| bytes[bit / 8] >> (bit % 8) & 1 == 1;
        let set = decoded.iter().filter(is_set).count();
        // Nine standard deviations: a bit that is random is never so far off.
        assert!((800..=1200).contains(&set), "bit {bit} is set {set} times");
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2000);
}

// 2
#[apply(trial)]
async fn a_login_gives_a_new_id_and_the_old_one_is_dead_on_all_nodes() {
    let scene = Scene::new().await;
    let before = cookie_of(scene.ask(0, Handler::Write, None).await.headers()).unwrap();
    let after = scene.ask(0, Handler::LogIn, Some(&before)).await;
    let after = cookie_of(after.headers()).unwrap();
    assert_ne!(before, after);
    for node in 0..2 {
        assert_eq!(scene.user(node, &before).await, "");
        assert_eq!(scene.user(node, &after).await, "ada");
        let late = scene.ask(node, Handler::Write, Some(&before)).await;
        assert_eq!(late.status(), StatusCode::CONFLICT);
    }
    assert_eq!(scene.rows().await, 1);
}

// 3
#[apply(trial)]
async fn a_signed_cookie_without_a_row_never_becomes_a_live_id() {
    let scene = Scene::new().await;
    let stolen = scene.log_in().await;
    scene.ask(0, Handler::LogOut, Some(&stolen)).await;
    for handler in [Handler::Write, Handler::LogIn] {
        let response = scene.ask(0, handler, Some(&stolen)).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_ne!(cookie_of(response.headers()).unwrap(), stolen);
        assert_eq!(scene.user(1, &stolen).await, "");
    }
}

// 4
#[apply(trial)]
async fn logout_and_expiry_hold_on_the_server_and_a_failed_logout_reports_no_success() {
    let scene = Scene::new().await;
    let cookie = scene.log_in().await;
    scene.ask(0, Handler::LogOut, Some(&cookie)).await;
    assert_eq!(scene.user(1, &cookie).await, "");
    let cookie = scene.log_in().await;
    scene
        .clock
        .advance(Duration::from_secs(30 * 24 * 60 * 60 + 1));
    assert_eq!(scene.user(1, &cookie).await, "");

    let store = FaultyStore::new(MemoryStore::new());
    let sessions = SessionManager::builder(store.clone(), keys())
        .build()
        .unwrap();
    let cookie = cookie_of(ask(&sessions, Handler::LogIn, None).await.headers()).unwrap();
    store.every("delete", Fault::Fails(StoreErrorKind::Unavailable));
    let response = ask(&sessions, Handler::LogOut, Some(&cookie)).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        cookie_of(response.headers()).unwrap(),
        "s=",
        "the browser forgets it"
    );
}

// 5
#[apply(trial)]
async fn a_save_in_flight_at_the_logout_does_not_bring_the_row_back() {
    let scene = Scene::new().await;
    let cookie = scene.log_in().await;
    let headers = [(COOKIE, HeaderValue::from_str(&cookie).unwrap())];
    let session = scene.nodes[1].get(&headers.into_iter().collect(), "s");
    let session = session.unwrap();
    session.get::<String>("user").await.unwrap();
    session.insert("n", 1).unwrap();
    scene.ask(0, Handler::LogOut, Some(&cookie)).await;
    let mut response = http::HeaderMap::new();
    let saved = scene.nodes[1].save(&session, &mut response).await.told();
    assert!(matches!(saved, Err(SessionError::Gone)), "{saved:?}");
    assert!(!response.contains_key(SET_COOKIE));
    assert_eq!(scene.rows().await, 0);
}

// 6
#[apply(trial)]
async fn idle_and_absolute_timeouts_hold_on_read_before_any_sweep() {
    let hour = Duration::from_secs(3600);
    let scene = Scene::with(|sessions| sessions.max_age(hour).absolute_timeout(hour * 3)).await;
    let idle = scene.log_in().await;
    let mut busy = scene.log_in().await;
    for passed in 1..=7 {
        scene.clock.advance(hour / 2);
        let response = scene.ask(0, Handler::WhoAmI, Some(&busy)).await;
        busy = cookie_of(response.headers()).unwrap_or(busy);
        let user = response.text();
        assert_eq!(
            user,
            if passed < 6 { "ada" } else { "" },
            "{passed} half hours"
        );
    }
    assert_eq!(scene.user(0, &idle).await, "");
    assert_eq!(scene.rows().await, 2, "both rows are there");
}

// 7
#[apply(trial)]
async fn the_defaults_are_those_that_the_manual_says() {
    let scene = Scene::new().await;
    let response = scene.ask(0, Handler::LogIn, None).await;
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    let month = "Path=/; Expires=Thu, 14 Dec 2023 22:13:20 GMT; Max-Age=2592000";
    let attributes_by_default = format!("{month}; HttpOnly; Secure; SameSite=Lax");
    assert_eq!(attributes, attributes_by_default);
    // An eighth of 30 days is 3 days and 18 hours.
    let eighth = Duration::from_secs(90 * 3600);
    scene.clock.advance(eighth - Duration::from_secs(1));
    scene.user(0, pair).await;
    assert_eq!(scene.nodes[0].stats().touched, 0);
    scene.clock.advance(Duration::from_secs(1));
    scene.user(0, pair).await;
    assert_eq!(scene.nodes[0].stats().touched, 1);
    let manual = include_str!("../../docs/operations.md");
    for line in [
        "| maximal age | 30 days |",
        "| touch | an eighth |",
        "| SameSite | `Lax` |",
    ] {
        assert!(manual.contains(line), "the manual lacks {line}");
    }
}

// 8
#[apply(trial)]
async fn a_users_sessions_are_listed_with_their_devices_and_revoked_but_for_the_current_one() {
    let scene = Scene::new().await;
    let (here, there) = (scene.log_in().await, scene.log_in().await);
    let headers = [(COOKIE, HeaderValue::from_str(&here).unwrap())];
    let session = scene.nodes[0].get(&headers.into_iter().collect(), "s");
    let session = session.unwrap();
    session.set_label("Firefox on Linux").unwrap();
    scene.nodes[0]
        .save(&session, &mut http::HeaderMap::new())
        .await
        .unwrap();
    let listed = scene.nodes[1].sessions_of("ada", Some(&session)).await;
    let listed = listed.told().unwrap();
    let labels: Vec<_> = listed
        .iter()
        .map(|one| (one.label.as_deref(), one.is_current))
        .collect();
    assert_eq!(labels.len(), 2);
    assert!(labels.contains(&(Some("Firefox on Linux"), true)));
    assert!(labels.contains(&(None, false)));
    let revoked = scene.nodes[1].revoke_all_except(&session).await;
    assert_eq!(revoked.told().unwrap(), 1);
    assert_eq!(scene.user(0, &there).await, "");
    assert_eq!(scene.user(0, &here).await, "ada");
}

// 9
#[apply(trial)]
async fn cookies_are_secure_by_default_and_prefixed_names_keep_their_promises_on_removal() {
    let builder = SessionManager::builder(MemoryStore::new(), keys());
    let insecure = CookieOptions::default().secure(false);
    let insecure = builder.clone().cookie_options(insecure).build().unwrap();
    for name in ["__Host-s", "__Secure-s"] {
        assert!(SessionLayer::new(&insecure, name).told().is_err());
    }
    let none = CookieOptions::go().same_site(SameSite::None);
    let refused = builder.clone().cookie_options(none).build().told();
    let refused = refused.unwrap_err();
    assert!(matches!(
        refused,
        ConfigError::Cookie(CookieError::SameSiteNone)
    ));

    let sessions = builder.build().unwrap();
    let session = sessions.get(&http::HeaderMap::new(), "__Host-s").unwrap();
    let weaker = session.set_options(CookieOptions::default().path("/app"));
    assert!(matches!(weaker.told(), Err(SessionError::Cookie(_))));
    session.destroy().unwrap();
    let mut response = http::HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    let removal = response[SET_COOKIE].to_str().unwrap();
    assert!(removal.starts_with("__Host-s=; Path=/; "), "{removal}");
    assert!(removal.contains("; Secure"), "{removal}");
    assert!(!removal.contains("Domain"), "{removal}");
}

// 10
#[apply(trial)]
async fn a_cookie_that_a_browser_would_drop_is_refused() {
    let sessions = SessionManager::builder(MemoryStore::new(), keys())
        .build()
        .unwrap();
    let longest = "n".repeat(4096 - 200 - "-csrf".len());
    let session = sessions.get(&http::HeaderMap::new(), &longest).unwrap();
    session.insert("n", 1).unwrap();
    let mut response = http::HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    let strangers = sessions.get(&http::HeaderMap::new(), &longest).unwrap();
    strangers.csrf_token().await.unwrap();
    sessions.save(&strangers, &mut response).await.unwrap();
    assert_eq!(response.get_all(SET_COOKIE).iter().count(), 2);
    for cookie in response.get_all(SET_COOKIE) {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        assert!(pair.len() <= 4096, "{} bytes", pair.len());
    }
    let too_long = sessions.get(&http::HeaderMap::new(), &format!("{longest}n"));
    assert!(matches!(
        too_long.told(),
        Err(CookieError::NameTooLong { .. })
    ));
    let days = |days: i64| CookieOptions::default().max_age(days * 24 * 60 * 60);
    assert!(session.set_options(days(400)).is_ok());
    let too_old = session.set_options(days(401)).told();
    assert!(matches!(
        too_old,
        Err(SessionError::Cookie(CookieError::MaxAge))
    ));
}

// 11
#[apply(trial)]
async fn responses_with_a_cookie_are_not_cached_and_those_that_looked_vary_by_it() {
    let sessions = SessionManager::builder(MemoryStore::new(), keys())
        .build()
        .unwrap();
    let layer = SessionLayer::new(&sessions, "s").unwrap();
    let public = |session: Session| async move {
        session.insert("n", 1)?;
        let cached = [(CACHE_CONTROL, "public, max-age=3600")];
        Ok::<_, SessionError>((cached, "a page"))
    };
    let app = Router::new().route("/", any(public)).layer(layer);
    let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
    let response = secrets::response(response);
    assert!(response.headers().contains_key(SET_COOKIE));
    assert!(response.headers()[SET_COOKIE].is_sensitive());
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[VARY], "Cookie");
    let read = ask(&sessions, Handler::WhoAmI, None).await;
    assert_eq!(read.headers()[VARY], "Cookie");
    assert!(!read.headers().contains_key(SET_COOKIE));
    let untouched = ask(&sessions, Handler::Nothing, None).await;
    assert!(!untouched.headers().contains_key(VARY));
}

// 12. The whole suite's logs, errors and Debug outputs are searched when it ends:
// `support::secrets`.
#[apply(trial)]
async fn ids_cookies_and_keys_are_in_no_debug_output_and_no_error() {
    let scene = Scene::new().await;
    let cookie = scene.log_in().await;
    let headers = [(COOKIE, HeaderValue::from_str(&cookie).unwrap())];
    let session = scene.nodes[0].get(&headers.into_iter().collect(), "s");
    let session = session.unwrap();
    let id = session.id().await.unwrap().unwrap();
    let id_text = String::from_utf8(id.as_bytes().to_vec()).unwrap();
    let damage = "UPDATE http_sessions SET data = 'garbage'";
    let client = scene.database.client().await;
    client.batch_execute(damage).await.unwrap();
    let fresh = scene.nodes[1].get(
        &[(COOKIE, HeaderValue::from_str(&cookie).unwrap())]
            .into_iter()
            .collect(),
        "s",
    );
    let fresh = fresh.unwrap();
    let error = fresh.get::<String>("user").await.told().unwrap_err();
    let said = format!(
        "{session:?} {id:?} {:?} {:?} {error} {error:?}",
        scene.nodes,
        keys()
    );
    for secret in [
        &id_text[..],
        &cookie[2..],
        "the hash key of the security bar",
    ] {
        assert!(!said.contains(secret));
    }
}

// 13. A test by the stopwatch would fail of itself now and then; what compares is looked at.
#[apply(trial)]
async fn macs_are_compared_in_constant_time() {
    let source = include_str!("../../src/wire/securecookie.rs");
    let check = source.split("fn is_signed_by").nth(1).unwrap();
    let check = check.split("\n    }").next().unwrap();
    assert!(check.contains(".verify_slice(self.mac)"), "{check}");
    assert!(!check.contains("=="), "{check}");
    assert_eq!(
        source.matches(".mac)").count(),
        1,
        "nobody else compares one"
    );
}

// 16
#[apply(trial)]
async fn error_bodies_say_nothing_of_sql_or_causes() {
    let scene = Scene::new().await;
    let cookie = scene.log_in().await;
    let client = scene.database.client().await;
    for (trouble, status) in [
        ("UPDATE http_sessions SET data = 'garbage'", 500),
        ("UPDATE http_sessions SET data = NULL", 500),
        ("ALTER TABLE http_sessions RENAME TO elsewhere", 500),
    ] {
        client.batch_execute(trouble).await.unwrap();
        for handler in [Handler::WhoAmI, Handler::Write] {
            let response = scene.ask(0, handler, Some(&cookie)).await;
            assert_eq!(response.status().as_u16(), status, "{trouble}");
            let body = response.text();
            assert_eq!(body, "The session could not be used.\n", "{trouble}");
        }
    }
}

// 17
#[apply(trial)]
async fn trouble_in_the_store_authenticates_nobody_and_yields_nobody_elses_session() {
    for kind in [
        StoreErrorKind::Unavailable,
        StoreErrorKind::Timeout,
        StoreErrorKind::Other,
    ] {
        let store = FaultyStore::new(MemoryStore::new());
        let sessions = SessionManager::builder(store.clone(), keys())
            .build()
            .unwrap();
        let adas = cookie_of(ask(&sessions, Handler::LogIn, None).await.headers()).unwrap();
        let nobodys = cookie_of(ask(&sessions, Handler::Write, None).await.headers()).unwrap();
        store.every("load", Fault::Fails(kind));
        for cookie in [Some(&adas[..]), Some(&nobodys[..])] {
            let response = ask(&sessions, Handler::WhoAmI, cookie).await;
            assert!(response.status().is_server_error(), "{kind:?}");
            assert!(!response.text().contains("ada"));
        }
        store.mend();
        for (cookie, user) in [(&adas, "ada"), (&nobodys, "")] {
            let response = ask(&sessions, Handler::WhoAmI, Some(cookie)).await;
            assert_eq!(response.text(), user);
        }
    }
}

// 18
#[apply(trial)]
async fn at_run_time_the_role_needs_no_right_to_create() {
    let scene = Scene::new().await;
    let role = format!("runtime_{}", unique());
    let schema = scene.database.schema();
    let client = scene.database.client().await;
    let rights = format!(
        "CREATE ROLE {role};
         GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON http_sessions, http_sessions_ids TO {role};
         GRANT USAGE ON SEQUENCE http_sessions_id_seq TO {role}"
    );
    client.batch_execute(&rights).await.unwrap();
    let store = PgStore::connect(&scene.database.url_as(&role)).await;
    let store = store.told().unwrap();
    store.migrate().await.told().unwrap();
    store.probe().await.told().unwrap();
    let sessions = SessionManager::builder(store, keys()).build().unwrap();
    let cookie = cookie_of(ask(&sessions, Handler::LogIn, None).await.headers()).unwrap();
    let cookie = cookie_of(
        ask(&sessions, Handler::LogIn, Some(&cookie))
            .await
            .headers(),
    )
    .unwrap();
    let written = ask(&sessions, Handler::Write, Some(&cookie)).await;
    assert_eq!(written.status(), StatusCode::OK);
    assert_eq!(
        sessions
            .sessions_of("ada", None)
            .await
            .told()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(sessions.revoke_all("ada").await.told().unwrap(), 1);
    let as_role = format!("SET ROLE {role}; CREATE TABLE {schema}.t ()");
    assert!(
        client.batch_execute(&as_role).await.is_err(),
        "it may not create"
    );
    let remove = format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}");
    client.batch_execute(&remove).await.unwrap();
}
