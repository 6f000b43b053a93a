//! An ID that an attacker planted, and that Go made live again, is not adopted by a login in Rust.
//!
//! Go gives a valid cookie whose row is gone its row back, under the same ID, at the next save.
//! So whoever got such a cookie can plant it in a victim's browser and wait for a login.

use pgstore::SessionId;
use pgstore::wire::{SecureCookie, gob};
use serde_json::{Value, json};

use super::NAME;
use crate::support::database::{Database, Key};
use crate::support::go::{GoPeer, Reply};
use crate::support::rust_app::RustApp;
use crate::support::secrets;
use crate::support::{apply, go_trial};

const KEYS: &str = "b7e4c2915d0f386ab7e4c2915d0f386ab7e4c2915d0f386ab7e4c2915d0f386a,\
                    6e5f4d3c2b1a09f8e7d6c5b4a3928170";

/// How the session of the planted cookie ended before.
#[derive(Clone, Copy, Debug)]
enum Ended {
    LogoutInGo,
    LogoutInRust,
    /// As Go's Cleanup and our sweeper do it.
    Sweep,
}

struct Scene {
    database: Database,
    go: GoPeer,
    rust: RustApp,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::fresh().await;
        database.store().await.close().await;
        Self {
            go: GoPeer::serve(&database.url(), KEYS).await,
            rust: RustApp::serve(&database.url(), KEYS).await,
            database,
        }
    }

    /// The attacker's cookie: validly signed, of a session that is over.
    async fn plant(&self, ended: Ended) -> String {
        let mallory = cookie(&self.go.post_form("/login", "user=mallory", None).await);
        let over = match ended {
            Ended::LogoutInGo => self.go.post("/logout", &json!({}), Some(&mallory)).await,
            Ended::LogoutInRust => {
                self.rust
                    .post("/logout", &Value::Null, Some(&mallory))
                    .await
            }
            Ended::Sweep => {
                let client = self.database.client().await;
                client
                    .batch_execute("DELETE FROM http_sessions")
                    .await
                    .unwrap();
                self.go.get("/session", Some(&mallory)).await
            }
        };
        assert_eq!(over.status, 200, "{:?}", over.json);
        assert_eq!(self.rows_of(&mallory).await, 0, "{ended:?}");
        mallory
    }

    async fn rows_of(&self, cookie: &str) -> i64 {
        let client = self.database.client().await;
        let sql = "SELECT count(*) FROM http_sessions WHERE key = $1";
        let row = client.query_one(sql, &[&Key(&id_in(cookie))]).await;
        row.unwrap().get(0)
    }

    /// Who is logged in with this cookie: in Go and in Rust.
    async fn users(&self, cookie: &str) -> [Value; 2] {
        let in_go = self.go.get("/session", Some(cookie)).await;
        let in_rust = self.rust.get("/session", Some(cookie)).await;
        assert_eq!((in_go.status, in_rust.status), (200, 200));
        [
            in_go.value("user")["v"].clone(),
            in_rust.json["values"]["user"].clone(),
        ]
    }
}

fn cookie(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{:?}", reply.json);
    reply.cookie(NAME).expect("a cookie is set")
}

fn id_in(cookie: &str) -> SessionId {
    let codec = SecureCookie::new(secrets::hex_keys(KEYS)).max_age(0);
    let (_, value) = cookie.split_once('=').unwrap();
    let opened = codec.open(NAME, value.as_bytes(), 0, gob::decode_string);
    SessionId::parse(&opened.unwrap().value).unwrap()
}

const NOBODY: [Value; 2] = [Value::Null, Value::Null];

#[apply(go_trial)]
async fn an_id_planted_and_inserted_again_by_go_is_not_adopted_by_a_login_in_rust() {
    for ended in [Ended::LogoutInGo, Ended::LogoutInRust, Ended::Sweep] {
        let scene = Scene::new().await;
        let planted = scene.plant(ended).await;

        // The victim's browser has it, and a route of Go's saves: the ID is live again.
        let victim = cookie(&scene.go.post("/counter", &json!({}), Some(&planted)).await);
        assert_eq!(id_in(&victim), id_in(&planted), "Go keeps the ID");
        assert_eq!(scene.rows_of(&planted).await, 1, "and inserts it again");

        let login = scene
            .rust
            .post_form("/login", "user=victim", Some(&victim))
            .await;
        let login = cookie(&login);
        assert_ne!(id_in(&login), id_in(&planted), "{ended:?}");
        assert_eq!(scene.users(&login).await, ["victim", "victim"]);
        assert_eq!(scene.users(&planted).await, NOBODY, "{ended:?}");
        assert_eq!(scene.users(&victim).await, NOBODY, "{ended:?}");

        // Go makes it live once more: still nobody's.
        let again = cookie(&scene.go.post("/counter", &json!({}), Some(&planted)).await);
        assert_eq!(id_in(&again), id_in(&planted));
        for attackers in [&planted, &victim, &again] {
            assert_eq!(scene.users(attackers).await, NOBODY, "{ended:?}");
        }

        // Nor does a write of the attacker's reach the victim, from either side.
        let change = json!({ "user": "mallory" });
        scene.rust.post("/set", &change, Some(&again)).await;
        let change = json!({ "string": { "user": "mallory" } });
        scene.go.post("/set", &change, Some(&again)).await;
        assert_eq!(scene.users(&login).await, ["victim", "victim"]);
    }
}

/// Why the login belongs on the Rust side.
#[apply(go_trial)]
async fn a_login_in_go_over_a_planted_id_does_adopt_it() {
    let scene = Scene::new().await;
    let planted = scene.plant(Ended::LogoutInGo).await;
    let login = scene
        .go
        .post_form("/login", "user=victim", Some(&planted))
        .await;
    assert_eq!(id_in(&cookie(&login)), id_in(&planted));
    assert_eq!(scene.users(&planted).await, ["victim", "victim"]);
}
