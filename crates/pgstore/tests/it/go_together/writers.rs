//! Eight writers of Rust and one of Go change the same sessions at once.
//!
//! Go saves blindly: what Rust saved between Go's read and Go's write is overwritten. Nothing else
//! may be lost, neither Go's writes nor Rust's to Rust. The database notes every version of every
//! row, so that each loss is somebody's.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};
use pgstore::{Keys, PgStore, SessionId, SessionManager};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::NAME;
use super::history::{Counts, History, WRITERS, note_all, own_key};
use crate::support::browser::cookie_of;
use crate::support::database::Database;
use crate::support::go::GoPeer;
use crate::support::secrets::{self, Shown, Told};
use crate::support::unguarded::unguarded;
use crate::support::{apply, go_trial, trial};

const KEYS: &str = "5c0b8ff1a6e2479d93d1c4e07b52a8f65c0b8ff1a6e2479d93d1c4e07b52a8f6,\
                    1f7e2d3c4b5a69788796a5b4c3d2e1f0";

/// On how many sessions at a time, and how often on each.
const SESSIONS: u64 = 3;
const ROUNDS: u64 = 100;

/// Sessions that all nodes share.
struct Scene {
    database: Database,
    keys: Keys,
    go: Option<GoPeer>,
    /// Two nodes of Rust, each with connections of its own.
    nodes: [SessionManager; 2],
    sessions: Vec<Shared>,
}

/// One of the sessions, as a browser names it.
struct Shared {
    request: HeaderMap,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    Stands,
    Removed,
}

impl Scene {
    async fn new(guard: Guard, with_go: bool) -> Self {
        let database = Database::fresh().await;
        database.store().await.close().await;
        note_all(&database).await;
        let url = match guard {
            Guard::Stands => database.url(),
            Guard::Removed => unguarded(&database).await,
        };
        let keys = secrets::hex_keys(KEYS);
        let node = async || {
            let store = PgStore::connect(&url).await.told().unwrap();
            let sessions = SessionManager::builder(store, keys.clone());
            sessions.build().unwrap().shown()
        };
        let nodes = [node().await, node().await];
        let go = match with_go {
            true => Some(GoPeer::serve(&database.url(), KEYS).await),
            false => None,
        };
        let mut scene = Self {
            database,
            keys,
            go,
            nodes,
            sessions: Vec::new(),
        };
        for _ in 0..SESSIONS {
            scene.log_in().await;
        }
        scene
    }

    /// The first session begins in Go, if there is Go, the others in Rust.
    async fn log_in(&mut self) {
        let cookie = match &self.go {
            Some(go) if self.sessions.is_empty() => {
                let login = go.post_form("/login", "user=ada", None).await;
                login.cookie(NAME).expect("a new session")
            }
            _ => self.log_in_to_rust().await,
        };
        let cookie = HeaderValue::from_str(&cookie).unwrap();
        self.sessions.push(Shared {
            request: HeaderMap::from_iter([(COOKIE, cookie)]),
        });
    }

    async fn log_in_to_rust(&self) -> String {
        let mut response = HeaderMap::new();
        let session = self.nodes[0].get(&HeaderMap::new(), NAME).unwrap();
        session.insert("user", "grace").unwrap();
        self.nodes[0].save(&session, &mut response).await.unwrap();
        secrets::headers(&response);
        cookie_of(&response).expect("a new session")
    }

    async fn id_of(&self, session: &Shared) -> SessionId {
        let session = self.nodes[0].get(&session.request, NAME).unwrap();
        session.id().await.unwrap().expect("it is stored")
    }

    /// Every writer writes once. Those of Rust have read the session before the first one saves.
    async fn round(&self, session: &Shared) -> Counts {
        let barrier = Arc::new(Barrier::new(WRITERS + usize::from(self.go.is_some())));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let node = self.nodes[writer % self.nodes.len()].clone();
            let request = session.request.clone();
            writers.spawn(write(node, request, writer, Arc::clone(&barrier)));
        }
        let mut written = Counts::default();
        if let Some(go) = &self.go {
            let cookie = session.request[COOKIE].to_str().unwrap();
            barrier.wait().await;
            let counted = go.post("/counter", &json!({}), Some(cookie)).await;
            assert_eq!(counted.status, 200, "{:?}", counted.json);
            written.counter = counted.json["counter"].as_u64().unwrap();
        }
        for writer in writers.join_all().await {
            written.add_one_of(writer);
        }
        written
    }

    /// So many rounds on every session, the sessions side by side.
    async fn race(mut self, rounds: u64) -> Outcome {
        let sessions = std::mem::take(&mut self.sessions);
        let scene = Arc::new(self);
        let mut races = JoinSet::new();
        for session in sessions {
            races.spawn(Arc::clone(&scene).race_on(session, rounds));
        }
        Outcome::of(races.join_all().await)
    }

    /// Rounds on one session, and what has become of all its writes.
    async fn race_on(self: Arc<Self>, session: Shared, rounds: u64) -> History {
        let mut acknowledged = Counts::default();
        let mut wrongs = Vec::new();
        for round in 1..=rounds {
            let written = self.round(&session).await;
            acknowledged.add(&written);
            if self.go.is_some() && written.counter != round {
                wrongs.push(format!(
                    "in round {round} Go counted to {}",
                    written.counter
                ));
            }
            acknowledged.counter = written.counter;
        }
        let id = self.id_of(&session).await;
        let mut history = History::of(&id, &self.keys, &self.database).await;
        history.check(&acknowledged);
        history.wrongs.extend(wrongs);
        history
    }
}

/// One request: a writer of Rust counts on, under its own key and under the shared one. Its number.
async fn write(
    node: SessionManager,
    request: HeaderMap,
    writer: usize,
    barrier: Arc<Barrier>,
) -> usize {
    let session = node.get(&request, NAME).unwrap().shown();
    session.get::<String>("user").await.told().unwrap();
    barrier.wait().await;
    let count_on = |count: Option<u64>| count.unwrap_or(0) + 1;
    session.update(own_key(writer), count_on).unwrap();
    session.update("shared", count_on).unwrap();
    let mut response = HeaderMap::new();
    node.save(&session, &mut response).await.told().unwrap();
    secrets::headers(&response);
    writer
}

/// What all sessions tell together.
struct Outcome {
    by_rust: u64,
    by_go: u64,
    overwritten: u64,
    overwriting: u64,
    wrongs: Vec<String>,
}

impl Outcome {
    fn of(histories: Vec<History>) -> Self {
        let sum = |count: fn(&History) -> u64| histories.iter().map(count).sum();
        let overwritten = sum(|history| history.overwritten.iter().sum());
        Self {
            by_rust: sum(|history| history.last().shared) + overwritten,
            by_go: sum(|history| history.last().counter),
            overwritten,
            overwriting: sum(|history| history.overwriting),
            wrongs: histories
                .into_iter()
                .flat_map(|history| history.wrongs)
                .collect(),
        }
    }
}

#[apply(go_trial)]
async fn eight_writers_of_rust_and_one_of_go_lose_only_what_go_overwrites() {
    let outcome = Scene::new(Guard::Stands, true).await.race(ROUNDS).await;
    assert_eq!(outcome.wrongs, [""; 0]);
    let Outcome { by_rust, by_go, .. } = outcome;
    assert_eq!((by_rust, by_go), (8 * SESSIONS * ROUNDS, SESSIONS * ROUNDS));
    println!(
        "{SESSIONS} sessions, {ROUNDS} rounds each: {by_rust} writes of Rust and {by_go} of Go; \
         Go's counters exact; {} saves of Go overwrote {} writes of Rust; Rust overwrote none",
        outcome.overwriting, outcome.overwritten
    );
}

#[apply(trial)]
async fn eight_writers_of_rust_alone_lose_nothing() {
    let rounds = ROUNDS / 2;
    let outcome = Scene::new(Guard::Stands, false).await.race(rounds).await;
    assert_eq!(outcome.wrongs, [""; 0]);
    let Outcome {
        by_rust,
        overwritten,
        ..
    } = outcome;
    assert_eq!((by_rust, overwritten), (8 * SESSIONS * rounds, 0));
    println!("{SESSIONS} sessions, {rounds} rounds each: {by_rust} writes of Rust, none lost");
}

/// The same race without the guard: it does fail then.
#[apply(go_trial)]
async fn without_the_guard_writers_of_rust_undo_each_other_and_go() {
    let outcome = Scene::new(Guard::Removed, true).await.race(10).await;
    let wrongs = outcome.wrongs.len();
    assert!(wrongs > 0, "the race shows what the guard prevents");
    println!(
        "without the guard: {wrongs} wrongs, such as {}",
        outcome.wrongs[0]
    );
}
