//! A Go application and a Rust application on one database, over real HTTP, in both directions.

use serde_json::{Value, json};

use crate::support::database::Database;
use crate::support::go::{GoPeer, Reply};
use crate::support::rust_app::RustApp;
use crate::support::{apply, go_trial};

const HASH_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Hash key only, and with AES-128, AES-192 and AES-256.
fn key_modes() -> [String; 4] {
    let block_key = |bytes: usize| format!("{HASH_KEY},{}", "5a".repeat(bytes));
    [
        HASH_KEY.to_owned(),
        block_key(16),
        block_key(24),
        block_key(32),
    ]
}

/// Both applications on one fresh schema.
async fn both(keys: &str) -> (Database, GoPeer, RustApp) {
    let database = Database::fresh().await;
    let go = GoPeer::serve(&database.url(), keys).await;
    let rust = RustApp::serve(&database.url(), keys).await;
    (database, go, rust)
}

fn cookie(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{:?}", reply.json);
    reply.cookie("session-key").expect("a cookie is set")
}

/// A session of Go's with a value of every kind that the tests look at.
async fn session_of_go(go: &GoPeer) -> String {
    let cookie = cookie(&go.post_form("/login", "user=ada", None).await);
    let values = json!({
        "int": { "n": 7 },
        "int64": { "big": 1_i64 << 40 },
        "strings": { "tags": ["a", "b"] },
        "set": {
            "u": { "t": "main.User", "fields": [
                ["ID", { "t": "int64", "v": "7" }],
                ["Name", { "t": "string", "v": "Ada" }],
                ["Admin", { "t": "bool", "v": true }],
                ["Tags", { "t": "[]string", "v": [{ "t": "string", "v": "x" }] }],
            ]},
            "at": { "t": "time.Time", "v":
                { "unix": 1_700_000_000, "nsec": 0, "offset": 0, "utc": true } },
        },
    });
    assert_eq!(go.post("/set", &values, Some(&cookie)).await.status, 200);
    cookie
}

/// How many rows there are of which this is true.
async fn rows(database: &Database, condition: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM http_sessions WHERE {condition}");
    database
        .client()
        .await
        .query_one(&sql, &[])
        .await
        .unwrap()
        .get(0)
}

#[apply(go_trial)]
async fn go_logs_in_and_rust_sees_every_value() {
    for keys in key_modes() {
        let (_database, go, rust) = both(&keys).await;
        let cookie = session_of_go(&go).await;
        let session = rust.get("/session", Some(&cookie)).await.json;
        assert_eq!(session["new"], false);
        let expected = json!({
            "user": "ada",
            "_flash": ["welcome ada"],
            "n": 7,
            "big": 1_i64 << 40,
            "tags": ["a", "b"],
            "u": { "ID": 7, "Name": "Ada", "Admin": true, "Tags": ["x"] },
            "at": "2023-11-14T22:13:20Z",
        });
        assert_eq!(session["values"], expected);
    }
}

#[apply(go_trial)]
async fn rust_changes_and_gos_assertions_still_hold() {
    for keys in key_modes() {
        let (_database, go, rust) = both(&keys).await;
        let cookie = session_of_go(&go).await;
        let changes = json!({ "n": 8, "tags": [], "fresh": 5 });
        assert_eq!(rust.post("/set", &changes, Some(&cookie)).await.status, 200);
        assert_eq!(
            rust.post("/rename/u", &json!(null), Some(&cookie))
                .await
                .status,
            200
        );

        let assertions = [
            ("n", "int", json!({ "t": "int", "v": "8" })),
            (
                "big",
                "int64",
                json!({ "t": "int64", "v": (1_i64 << 40).to_string() }),
            ),
            ("tags", "[]string", json!({ "t": "[]string", "v": [] })),
            ("user", "string", json!({ "t": "string", "v": "ada" })),
            ("fresh", "uint64", json!({ "t": "uint64", "v": "5" })),
        ];
        for (key, go_type, value) in assertions {
            let answer = go.assert(key, go_type, Some(&cookie)).await;
            assert_eq!(
                (answer.status, &answer.json["value"]),
                (200, &value),
                "{key}"
            );
        }
        assert_eq!(
            go.assert("at", "time.Time", Some(&cookie)).await.status,
            200
        );
        let user = go.assert("u", "main.User", Some(&cookie)).await.json;
        let fields = json!([
            ["ID", { "t": "int64", "v": "7" }],
            ["Name", { "t": "string", "v": "Ada of Rust" }],
            ["Admin", { "t": "bool", "v": true }],
            ["Tags", { "t": "[]string", "v": [{ "t": "string", "v": "x" }] }],
        ]);
        assert_eq!(
            user["value"]["fields"], fields,
            "the fields that Rust does not know are kept"
        );
    }
}

#[apply(go_trial)]
async fn rust_logs_in_and_go_sees_it() {
    for keys in key_modes() {
        let (_database, go, rust) = both(&keys).await;
        let cookie = cookie(&rust.post_form("/login", "user=grace", None).await);
        let session = go.get("/session", Some(&cookie)).await;
        assert_eq!(session.json["new"], false, "{:?}", session.json);
        assert_eq!(
            session.value("user"),
            &json!({ "t": "string", "v": "grace" })
        );
        assert_eq!(go.assert("user", "string", Some(&cookie)).await.status, 200);
        let counted = go.post("/counter", &json!({}), Some(&cookie)).await;
        assert_eq!(counted.json["counter"], 1);
        let session = rust.get("/session", Some(&cookie)).await.json;
        assert_eq!(session["values"]["counter"], 1);
    }
}

#[apply(go_trial)]
async fn a_login_in_rust_over_a_session_of_go_kills_the_old_id() {
    let (_database, go, rust) = both(HASH_KEY).await;
    let old = session_of_go(&go).await;
    let new = cookie(&rust.post_form("/login", "user=grace", Some(&old)).await);
    assert_ne!(old, new);
    let session = go.get("/session", Some(&new)).await;
    assert_eq!(
        session.value("n"),
        &json!({ "t": "int", "v": "7" }),
        "the values are kept"
    );
    assert_eq!(go.get("/session", Some(&old)).await.json["new"], true);
    assert_eq!(rust.get("/session", Some(&old)).await.json["new"], true);
}

#[apply(go_trial)]
async fn flashes_travel_both_ways_and_are_shown_once() {
    let (_database, go, rust) = both(HASH_KEY).await;
    let cookie = cookie(&go.post_form("/login", "user=ada", None).await);
    let taken = rust
        .post("/flashes", &json!(null), Some(&cookie))
        .await
        .json;
    assert_eq!(taken, json!(["welcome ada"]));
    let taken = go.post("/flashes", &json!({}), Some(&cookie)).await.json;
    assert!(
        taken["flashes"].as_array().is_none_or(Vec::is_empty),
        "{taken}"
    );

    let new = rust.post_form("/login", "user=grace", Some(&cookie)).await;
    let new = new.cookie("session-key").unwrap();
    let taken = go.post("/flashes", &json!({}), Some(&new)).await.json;
    assert_eq!(
        taken["flashes"],
        json!([{ "t": "string", "v": "welcome grace" }])
    );
    let taken = rust.post("/flashes", &json!(null), Some(&new)).await.json;
    assert_eq!(taken, json!([]));
}

#[apply(go_trial)]
async fn a_logout_in_either_is_one_in_both() {
    let (database, go, rust) = both(HASH_KEY).await;
    let in_go = session_of_go(&go).await;
    assert_eq!(
        rust.post("/logout", &json!(null), Some(&in_go))
            .await
            .status,
        200
    );
    assert_eq!(go.get("/session", Some(&in_go)).await.json["new"], true);

    let in_rust = cookie(&rust.post_form("/login", "user=grace", None).await);
    assert_eq!(
        go.post("/logout", &json!({}), Some(&in_rust)).await.status,
        200
    );
    assert_eq!(rust.get("/session", Some(&in_rust)).await.json["new"], true);
    assert_eq!(rows(&database, "true").await, 0);
}

/// Both nodes read both pairs; then each writes with the new one; then the old one goes.
#[apply(go_trial)]
async fn keys_rotate_under_sessions_of_both() {
    let old = format!("{HASH_KEY},{}", "11".repeat(16));
    let new = format!("{},{}", "ee".repeat(64), "22".repeat(32));
    let (database, go, rust) = both(&old).await;
    let of_go = session_of_go(&go).await;
    let of_rust = cookie(&rust.post_form("/login", "user=grace", None).await);

    let both_keys = format!("{new},{old}");
    let go = GoPeer::serve(&database.url(), &both_keys).await;
    let rust = RustApp::serve(&database.url(), &both_keys).await;
    assert_eq!(
        rust.get("/session", Some(&of_go)).await.json["values"]["n"],
        7
    );
    assert_eq!(go.get("/session", Some(&of_rust)).await.json["new"], false);
    let of_go = cookie(&rust.post("/set", &json!({ "n": 8 }), Some(&of_go)).await);
    let of_rust = cookie(&go.post("/counter", &json!({}), Some(&of_rust)).await);

    let go = GoPeer::serve(&database.url(), &new).await;
    let rust = RustApp::serve(&database.url(), &new).await;
    assert_eq!(go.assert("n", "int", Some(&of_go)).await.status, 200);
    assert_eq!(
        rust.get("/session", Some(&of_rust)).await.json["values"]["user"],
        "grace"
    );
}

#[apply(go_trial)]
async fn a_session_of_go_that_ends_with_the_browser_is_alive_in_rust() {
    let (database, go, rust) = both(HASH_KEY).await;
    let cookie = cookie(
        &go.post("/set", &json!({ "max_age": 0, "int": { "n": 7 } }), None)
            .await,
    );
    let expired = rows(&database, "expires_on <= modified_on").await;
    assert_eq!(expired, 1, "Go wrote expires_on = now");
    let session = rust.get("/session", Some(&cookie)).await.json;
    assert_eq!(session, json!({ "new": false, "values": { "n": 7 } }));
    assert_eq!(go.get("/session", Some(&cookie)).await.json["new"], false);

    assert_eq!(
        rust.post("/set", &json!({ "n": 8 }), Some(&cookie))
            .await
            .status,
        200
    );
    assert_eq!(go.assert("n", "int", Some(&cookie)).await.status, 200);
}

#[apply(go_trial)]
async fn what_go_cannot_load_is_an_error_in_rust_and_kept() {
    let (database, go, rust) = both(HASH_KEY).await;
    for damage in [
        "data = NULL",
        "data = 'garbage'",
        "expires_on = NULL",
        "modified_on = NULL",
    ] {
        let cookie = session_of_go(&go).await;
        let sql = format!("UPDATE http_sessions SET {damage}");
        database.client().await.batch_execute(&sql).await.unwrap();
        let of_go = go.get("/session", Some(&cookie)).await.json;
        assert_ne!(of_go["error"], Value::Null, "{damage}: {of_go}");
        let of_rust = rust.get("/session", Some(&cookie)).await;
        assert_eq!(of_rust.status, 500, "{damage}");
        assert!(of_rust.set_cookies().is_empty());
        assert_eq!(
            rust.post("/set", &json!({ "n": 8 }), Some(&cookie))
                .await
                .status,
            500
        );
        assert_eq!(rows(&database, "true").await, 1, "the row is kept");
        assert_eq!(
            rust.post("/logout", &json!(null), Some(&cookie))
                .await
                .status,
            200
        );
        assert_eq!(rows(&database, "true").await, 0, "and can be destroyed");
    }
}
