//! `created_on` and `expires_on`: what Rust writes under them never makes Go panic, and what Go wrote moves
//! no column.

use std::time::{Duration, SystemTime};

use http::header::{COOKIE, HeaderMap, HeaderValue};
use pgstore::wire::SecureCookie;
use pgstore::{CookieOptions, Session, SessionError, SessionManager, Values, go, go::Named};
use serde::Serialize;
use serde_json::{Value, json};

use super::NAME;
use crate::support::browser::next_request;
use crate::support::database::{Data, Database};
use crate::support::go::GoPeer;
use crate::support::secrets::{self, Told};
use crate::support::{apply, go_trial};

const KEYS: &str = "5c0d7e9a13f2b8465c0d7e9a13f2b8465c0d7e9a13f2b8465c0d7e9a13f2b846,\
                    1f2e3d4c5b6a79880f1e2d3c4b5a6978";
const SPECIAL: [&str; 2] = ["created_on", "expires_on"];

struct Scene {
    database: Database,
    go: GoPeer,
    rust: SessionManager,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::fresh().await;
        let store = database.store().await;
        let rust = SessionManager::builder(store, secrets::hex_keys(KEYS));
        let rust = rust.cookie_options(CookieOptions::go());
        Self {
            go: GoPeer::serve(&database.url(), KEYS).await,
            rust: rust.build().unwrap(),
            database,
        }
    }

    /// A session of Go's with these values, as a browser's cookie.
    async fn begin_in_go(&self, values: Value) -> String {
        let reply = self.go.post("/set", &json!({"set": values}), None).await;
        assert_eq!(reply.status, 200, "{:?}", reply.json);
        reply.cookie(NAME).expect("a cookie is set")
    }

    fn session(&self, cookie: &str) -> Session {
        let cookie = HeaderValue::from_str(cookie).unwrap();
        let request = HeaderMap::from_iter([(COOKIE, cookie)]);
        self.rust.get(&request, NAME).unwrap()
    }

    async fn save(&self, session: &Session) -> Result<(), SessionError> {
        let mut response = HeaderMap::new();
        let saved = self.rust.save(session, &mut response).await.told();
        secrets::headers(&response);
        saved
    }

    /// All that the rows have.
    async fn rows(&self) -> Vec<String> {
        let client = self.database.client().await;
        let sql = "SELECT row(data, created_on, modified_on, expires_on)::text FROM http_sessions";
        let rows = client.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Go loads the session and saves it. What is under the key, before and after.
    async fn used_by_go(&self, key: &str, cookie: &str) -> Value {
        let shown = self.go.get("/session", Some(cookie)).await;
        assert_eq!(shown.json["error"], Value::Null);
        let saved = self.go.post("/counter", &json!({}), Some(cookie)).await;
        assert_eq!(saved.status, 200, "{:?}", saved.json);
        let after = self.go.get("/session", Some(cookie)).await;
        assert_eq!(after.value(key), shown.value(key));
        after.value(key).clone()
    }

    /// Replaces the row's values, as a program of another kind may have left them.
    async fn plant(&self, values: &Values) {
        let codec = SecureCookie::new(secrets::hex_keys(KEYS));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap().as_secs()).unwrap();
        let data = codec.seal(NAME, &values.encode(), now, [3; 16]).unwrap();
        let client = self.database.client().await;
        let sql = "UPDATE http_sessions SET data = $1";
        client
            .execute(sql, &[&Data(data.as_bytes())])
            .await
            .unwrap();
    }
}

fn described(text: &str) -> Value {
    json!({"t": "string", "v": text})
}

/// Under both keys, in a session of Rust's and in one of Go's.
#[apply(go_trial)]
async fn times_under_the_special_keys_are_loaded_and_saved_by_go() {
    let scene = Scene::new().await;
    let times = [
        go::Time::from(SystemTime::UNIX_EPOCH),
        go::Time::from(SystemTime::UNIX_EPOCH + Duration::new(4_000_000_000, 123_456_789)),
        go::Time::new(-62_135_596_800, 0),
        go::Time::new(-1, 1),
        go::Time::new(253_402_300_799, 999_999_999),
    ];
    let mut count = 0;
    for key in SPECIAL {
        for time in times {
            let cookie = scene.begin_in_go(json!({"a": described("b")})).await;
            let of_go = scene.session(&cookie);
            of_go.insert(key, time).unwrap();
            scene.save(&of_go).await.unwrap();
            let read = scene.used_by_go(key, &cookie).await;
            assert_eq!(read["t"], "time.Time", "{key}: {time:?}");
            assert_eq!(read["v"]["unix"], time.unix_seconds(), "{key}");
            count += 1;

            let mut response = HeaderMap::new();
            let of_rust = scene.rust.get(&HeaderMap::new(), NAME).unwrap();
            of_rust.insert(key, time).unwrap();
            scene.rust.save(&of_rust, &mut response).await.unwrap();
            secrets::headers(&response);
            let cookie = next_request(&response)[COOKIE].to_str().unwrap().to_owned();
            let read = scene.used_by_go(key, &cookie).await;
            assert_eq!(read["t"], "time.Time", "{key}: {time:?}");
            count += 1;
        }
    }
    println!("{count} sessions with times were loaded and saved by Go");
}

#[derive(Serialize)]
struct Wall {
    wall: u64,
}

type Change = fn(&Session, &str) -> Result<(), SessionError>;

/// What is no `time.Time`, each as a change to a session.
fn no_times() -> Vec<(&'static str, Change)> {
    fn put(session: &Session, key: &str, value: impl Serialize) -> Result<(), SessionError> {
        session.insert(key, value)
    }
    vec![
        ("text", |s, key| put(s, key, "tomorrow")),
        ("RFC 3339", |s, key| put(s, key, "2030-01-01T00:00:00Z")),
        ("a number", |s, key| put(s, key, 2_000_000_000_i64)),
        ("a float", |s, key| put(s, key, 2e9)),
        ("a struct", |s, key| put(s, key, Wall { wall: 1 })),
        ("a list of times", |s, key| {
            put(s, key, [SystemTime::UNIX_EPOCH])
        }),
        ("bytes", |s, key| {
            put(s, key, serde_bytes::Bytes::new(&[1; 15]))
        }),
        ("a duration", |s, key| put(s, key, Duration::from_secs(9))),
        ("a named text", |s, key| {
            put(s, key, Named::new("main.Role", "2030-01-01T00:00:00Z"))
        }),
        ("a pointer", |s, key| {
            put(s, key, Named::new("*time.Time", &SystemTime::UNIX_EPOCH))
        }),
        ("a named time", |s, key| {
            put(s, key, Named::new("main.Stamp", &SystemTime::UNIX_EPOCH))
        }),
        ("a struct of the name", |s, key| {
            put(s, key, Named::new("time.Time", &Wall { wall: 1 }))
        }),
        ("an update", |s, key| {
            s.update(key, |_: Option<String>| "tomorrow".to_owned())
        }),
        ("a flash", |s, key| {
            s.add_flash_to(key, SystemTime::UNIX_EPOCH)
        }),
    ]
}

#[apply(go_trial)]
async fn no_other_value_is_written_under_the_special_keys() {
    let scene = Scene::new().await;
    let cookie = scene.begin_in_go(json!({"a": described("b")})).await;
    let before = scene.rows().await;
    for key in SPECIAL {
        for (what, change) in no_times() {
            let session = scene.session(&cookie);
            let refused = match change(&session, key) {
                Ok(()) => scene.save(&session).await,
                refused => refused,
            };
            assert!(
                matches!(refused, Err(SessionError::Value(_))),
                "{key}, {what}: {refused:?}"
            );
            assert_eq!(scene.rows().await, before, "{key}, {what}");
        }
    }
    let counted = scene.go.post("/counter", &json!({}), Some(&cookie)).await;
    assert_eq!(counted.status, 200, "{:?}", counted.json);
}

#[apply(go_trial)]
async fn a_created_on_of_gos_that_is_no_time_moves_no_column() {
    let scene = Scene::new().await;
    let planted = json!({"created_on": described("2001-01-01T00:00:00Z")});
    let cookie = scene.begin_in_go(planted).await;
    let created = || async {
        let client = scene.database.client().await;
        let sql = "SELECT created_on::text FROM http_sessions";
        client
            .query_one(sql, &[])
            .await
            .unwrap()
            .get::<_, String>(0)
    };
    let before = created().await;
    let session = scene.session(&cookie);
    session.insert("n", 1).unwrap();
    scene.save(&session).await.unwrap();
    assert_eq!(created().await, before);
    scene.used_by_go("created_on", &cookie).await;

    // A time replaces it as a time, not as a text.
    let session = scene.session(&cookie);
    session
        .insert("created_on", go::Time::new(2_000_000_000, 0))
        .unwrap();
    scene.save(&session).await.unwrap();
    let read = scene.used_by_go("created_on", &cookie).await;
    assert_eq!(read["t"], "time.Time");
}

#[apply(go_trial)]
async fn an_expires_on_that_would_make_go_panic_moves_no_column_and_can_be_mended() {
    let scene = Scene::new().await;
    let cookie = scene.begin_in_go(json!({"a": described("b")})).await;
    let mut values = Values::new();
    values.insert("expires_on", "2030-01-01T00:00:00Z").unwrap();
    scene.plant(&values).await;
    let panic = scene.go.post("/counter", &json!({}), Some(&cookie)).await;
    assert!(panic.json["panic"].is_string(), "{:?}", panic.json);

    let before = scene.rows().await;
    let session = scene.session(&cookie);
    session.insert("n", 1).unwrap();
    let refused = scene.save(&session).await.unwrap_err();
    assert!(refused.to_string().contains("expires_on"), "{refused}");
    assert_eq!(scene.rows().await, before);

    let session = scene.session(&cookie);
    session
        .insert("expires_on", go::Time::new(4_000_000_000, 0))
        .unwrap();
    scene.save(&session).await.unwrap();
    let read = scene.used_by_go("expires_on", &cookie).await;
    assert_eq!(read["t"], "time.Time");
}
