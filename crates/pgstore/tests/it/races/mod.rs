//! Requests that meet on one session, on real PostgreSQL: hundreds of rounds, each released by a
//! barrier, with printed counts. Each race is also run without what guards against it, and must
//! be lost then.

mod ending;
mod merging;
mod revoking;
mod rotating;
mod sweeping;

use std::future::Future;
use std::sync::Arc;

use http::HeaderMap;
use pgstore::{
    PgStore, PgStoreOptions, Session, SessionError, SessionManager, SessionStats, Store,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::browser::Cookies;
use crate::support::careless::{Careless, StoreDefect};
use crate::support::database::{Database, tried};
use crate::support::secrets::{self, Shown, Told};
use crate::support::server::Server;
use crate::support::unguarded::unguarded;

/// How often each race is run.
const ROUNDS: usize = 200;

/// How many where each statement goes to several servers.
const ROUNDS_DISTRIBUTED: usize = 20;

/// How often one is run at most to be lost without its guard.
const ROUNDS_UNGUARDED: usize = 400;

/// On how many nodes the application runs, each with connections of its own: what one node sends
/// over one connection does not meet in the database.
const NODES: usize = 4;

/// A database with an application on it.
struct Scene {
    database: Database,
    nodes: Vec<SessionManager>,
}

impl Scene {
    async fn new() -> Self {
        Self::over(|store, _| store).await
    }

    /// The same where every version of a row passes for the one that was seen.
    async fn unguarded() -> Self {
        let database = Database::fresh().await;
        database.store().await.close().await;
        let url = unguarded(&database).await;
        Self::on(database, &url, |store, _| store).await
    }

    /// The same with stores that have a defect.
    async fn without(defect: StoreDefect) -> Self {
        Self::over(|store, url| Careless::new(store, url, Some(defect))).await
    }

    /// The same with stores that are made from the real ones.
    async fn over<S: Store>(careless: impl Fn(PgStore, String) -> S) -> Self {
        let database = Database::fresh().await;
        database.store().await.close().await;
        let url = database.url();
        Self::on(database, &url, careless).await
    }

    async fn on<S: Store>(
        database: Database,
        url: &str,
        careless: impl Fn(PgStore, String) -> S,
    ) -> Self {
        let keys = secrets::keys(&[b"the hash key of these races"]);
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            let store = tried(PgStoreOptions::new())
                .connect(url)
                .await
                .told()
                .unwrap();
            let store = careless(store, url.to_owned());
            let sessions = SessionManager::builder(store, keys.clone()).max_length(0);
            nodes.push(sessions.build().unwrap().shown());
        }
        Self { database, nodes }
    }

    /// The node that a request of this number comes to.
    fn node(&self, number: usize) -> SessionManager {
        self.nodes[number % NODES].clone()
    }

    /// The sum of a number over all nodes.
    fn sum(&self, number: impl Fn(SessionStats) -> u64) -> u64 {
        self.nodes.iter().map(|node| number(node.stats())).sum()
    }

    /// A request that brings this cookie.
    fn session(&self, cookie: &Cookies) -> Session {
        self.nodes[0].get(&cookie.request(), "s").unwrap()
    }

    /// A new session with this user.
    async fn log_in(&self) -> Cookies {
        let session = self.session(&Cookies::none());
        session.insert("user", "ada").unwrap();
        session.set_owner("ada").unwrap();
        let mut cookie = Cookies::none();
        self.save(&session, &mut cookie).await.unwrap();
        cookie
    }

    /// Saves, and has the browser follow the response.
    async fn save(&self, session: &Session, cookie: &mut Cookies) -> Result<(), SessionError> {
        save(&self.nodes[0], session, cookie).await
    }

    async fn user(&self, cookie: &Cookies) -> Option<String> {
        self.session(cookie).get("user").await.told().unwrap()
    }

    async fn rows(&self) -> i64 {
        let client = self.database.client().await;
        let count = "SELECT count(*) FROM http_sessions";
        client.query_one(count, &[]).await.unwrap().get(0)
    }
}

async fn save(
    sessions: &SessionManager,
    session: &Session,
    cookie: &mut Cookies,
) -> Result<(), SessionError> {
    let mut response = HeaderMap::new();
    let result = sessions.save(session, &mut response).await;
    cookie.follow(&response);
    result
}

/// Runs a request for each number; all are released at the same moment.
async fn at_once<Fut, T>(count: usize, request: impl Fn(usize, Arc<Barrier>) -> Fut) -> Vec<T>
where
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let mut requests = JoinSet::new();
    for number in 0..count {
        requests.spawn(request(number, Arc::clone(&barrier)));
    }
    requests.join_all().await
}

/// One round of a race: what went wrong in it, if anything did.
type Round = Result<(), String>;

/// Says what is wrong unless it is right.
fn check(is_right: bool, what: impl FnOnce() -> String) -> Round {
    if is_right { Ok(()) } else { Err(what()) }
}

/// Runs all rounds, none of which may be lost.
async fn run<F: Future<Output = Round>>(name: &str, round: impl Fn() -> F) {
    let rounds = match Server::current() {
        Server::Distributed => ROUNDS_DISTRIBUTED,
        Server::Friendly | Server::Hostile => ROUNDS,
    };
    for number in 0..rounds {
        let lost = round().await;
        assert_eq!(lost, Ok(()), "{name}, round {number}");
    }
    println!("{name}: {rounds} rounds, 0 lost");
}

/// Runs rounds until one is lost, as without the guard one must be.
async fn run_until_lost<F: Future<Output = Round>>(name: &str, round: impl Fn() -> F) {
    for number in 1..=ROUNDS_UNGUARDED {
        if let Err(what) = round().await {
            println!("{name}, without its guard: lost in round {number}: {what}");
            return;
        }
    }
    panic!("{name}: without its guard none of {ROUNDS_UNGUARDED} rounds was lost");
}
