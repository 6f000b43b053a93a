//! The real thing: nodes over one table, and browsers with cookies.

use std::collections::HashMap;
use std::time::Duration;

use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use pgstore::store::{Fault, FaultyStore, SweepBatch};
use pgstore::testing::TestClock;
use pgstore::{Clock, Session, SessionError, SessionId, SessionManager, Store, Timestamp};
use tokio_postgres::Client;

use super::defects::Defect;
use super::program::{BROWSERS, NODES};
use crate::support::app::{NOW, keys};
use crate::support::careless::Careless;
use crate::support::database::{Database, Key};

/// The cookie's name.
const NAME: &str = "s";

/// The lifetime of sessions. A touch is due after an eighth of it.
const LIFETIME: Duration = Duration::from_secs(100_000);

/// One node.
pub(super) struct Node {
    pub(super) sessions: SessionManager,
    store: FaultyStore<Careless>,
    clock: TestClock,
    skew: i64,
    pub(super) logouts_fail: bool,
    /// Whether the answer of a statement may have been lost.
    pub(super) loses: bool,
}

/// A browser's cookies of our name, as responses have set them: `s=…`.
#[derive(Clone, Debug, Default)]
pub(super) struct Jar {
    pub(super) current: Option<String>,
    /// One with another path, which the browser sends first.
    pub(super) duplicate: Option<String>,
    /// Those that it had before.
    pub(super) earlier: Vec<String>,
}

impl Jar {
    /// The cookies of a request, in order.
    pub(super) fn cookies(&self) -> Vec<String> {
        let all = self.duplicate.iter().chain(&self.current);
        all.cloned().collect()
    }

    pub(super) fn follow(&mut self, told: &Told) {
        let new = match told {
            Told::Nothing => return,
            Told::Removed => None,
            Told::Set(cookie) => Some(cookie.clone()),
        };
        let before = std::mem::replace(&mut self.current, new);
        self.earlier.extend(before);
    }
}

/// What a response did to the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    Removed,
    Set(String),
}

/// The nodes, the browsers and the table.
pub(super) struct World {
    pub(super) nodes: Vec<Node>,
    pub(super) jars: Vec<Jar>,
    /// Which ID each cookie carries.
    carried: HashMap<String, SessionId>,
    defect: Option<Defect>,
    client: Client,
    /// Held so that the schema lives.
    _database: Database,
}

impl World {
    pub(super) async fn new(defect: Option<Defect>) -> Self {
        let database = Database::fresh().await;
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            let of_the_store = defect.and_then(Defect::of_the_store);
            let store = Careless::new(database.store().await, database.url(), of_the_store);
            let store = FaultyStore::new(store);
            let clock = TestClock::at(NOW);
            let sessions = SessionManager::builder(store.clone(), keys())
                .clock(clock.clone())
                .max_age(LIFETIME);
            nodes.push(Node {
                sessions: sessions.build().expect("it is well configured"),
                store,
                clock,
                skew: 0,
                logouts_fail: false,
                loses: false,
            });
        }
        Self {
            nodes,
            jars: vec![Jar::default(); BROWSERS],
            carried: HashMap::new(),
            defect,
            client: database.client().await,
            _database: database,
        }
    }

    /// Forgets everything, for the next program.
    pub(super) async fn clear(&mut self) {
        let clear = "DELETE FROM http_sessions; DELETE FROM http_sessions_ids";
        self.client
            .batch_execute(clear)
            .await
            .expect("it is cleared");
        self.jars = vec![Jar::default(); BROWSERS];
        self.carried.clear();
        for node in &mut self.nodes {
            node.store.mend();
            (node.skew, node.logouts_fail, node.loses) = (0, false, false);
        }
    }

    /// Sets the time on all nodes, as far as their clocks are right.
    pub(super) fn set_time(&self, seconds: i64) {
        for node in &self.nodes {
            let time = NOW + seconds + node.skew;
            node.clock.set(Timestamp::from_unix_seconds(time));
        }
    }

    pub(super) fn skew(&mut self, node: usize, seconds: i64) {
        self.nodes[node].skew = seconds;
    }

    pub(super) fn lose(&mut self, node: usize, method: &'static str, on_its_way: bool) {
        let fault = match on_its_way {
            true => Fault::LosesTheCall,
            false => Fault::LosesTheAnswer,
        };
        self.nodes[node].loses = true;
        self.nodes[node].store.once(method, fault);
    }

    /// Lets no lost statement outlive its request.
    pub(super) fn lose_nothing_more(&self, node: usize) {
        let node = &self.nodes[node];
        node.store.mend();
        if node.logouts_fail {
            self.fail_logouts(node);
        }
    }

    fn fail_logouts(&self, node: &Node) {
        let unavailable = pgstore::store::StoreErrorKind::Unavailable;
        node.store.every("delete", Fault::Fails(unavailable));
    }

    pub(super) fn let_logouts_fail(&mut self, node: usize) {
        self.nodes[node].logouts_fail = true;
        self.fail_logouts(&self.nodes[node]);
    }

    /// Lets a node's store take logouts again, and waits until those that wait are done.
    pub(super) async fn let_logouts_work(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        node.logouts_fail = false;
        node.store.mend();
        loop {
            let stats = node.sessions.stats();
            if stats.logouts_taken_over == stats.logouts_made_up_for {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The session of a request with these cookies.
    pub(super) fn session(&self, node: usize, cookies: &[String]) -> Session {
        let cookies = match self.defect {
            Some(Defect::TheFirstCookieCounts) => &cookies[..cookies.len().min(1)],
            _ => cookies,
        };
        let mut request = HeaderMap::new();
        if !cookies.is_empty() {
            let header = cookies.join("; ").parse().expect("it is a header");
            request.insert(COOKIE, header);
        }
        let session = self.nodes[node].sessions.get(&request, NAME);
        session.expect("the name is one")
    }

    /// The ID that a cookie carries.
    pub(super) fn id(&self, cookie: &String) -> SessionId {
        self.carried[cookie].clone()
    }

    /// Saves a session. What the response says about the cookie, and how the save went.
    pub(super) async fn save(
        &mut self,
        node: usize,
        session: &Session,
        read: Option<&SessionId>,
    ) -> (Told, Result<(), SessionError>) {
        let mut response = HeaderMap::new();
        let sessions = self.nodes[node].sessions.clone();
        let result = sessions.save(session, &mut response).await;
        let told = told(&response);
        if let Told::Set(cookie) = &told {
            let id = session.id().await.ok().flatten();
            let id = id.expect("a cookie is set for a session that is stored");
            self.carried.insert(cookie.clone(), id);
        }
        (self.told_by_the_defect(told, read, &result), result)
    }

    /// What the response says where a cookie takes no confirmed write: the ID that was read.
    fn told_by_the_defect(
        &self,
        told: Told,
        read: Option<&SessionId>,
        result: &Result<(), SessionError>,
    ) -> Told {
        let has_defect = self.defect == Some(Defect::ACookieOfWhatWasRead);
        let cookie = read.and_then(|read| self.cookie_of(read));
        match cookie {
            Some(cookie) if has_defect && told == Told::Nothing && result.is_ok() => {
                Told::Set(cookie)
            }
            _ => told,
        }
    }

    pub(super) async fn sweep(&self, node: usize) -> u64 {
        let node = &self.nodes[node];
        let (now, margin) = (node.clock.now(), Duration::from_secs(60));
        let idle = now.minus(LIFETIME).minus(margin);
        let batch = SweepBatch::new(now.minus(margin), idle, 1000);
        node.store.sweep(&batch).await.expect("it sweeps").removed
    }

    /// A cookie that carries this ID, if there is one.
    pub(super) fn cookie_of(&self, id: &SessionId) -> Option<String> {
        let mut carried = self.carried.iter();
        let found = carried.find(|(_, carries)| *carries == id);
        found.map(|(cookie, _)| cookie.clone())
    }

    pub(super) async fn has_row(&self, id: &SessionId) -> bool {
        self.row_number(id).await.is_ok()
    }

    /// The number of the row that has this key.
    pub(super) async fn row_number(&self, id: &SessionId) -> Result<i64, String> {
        let number = "SELECT id FROM http_sessions WHERE key = $1";
        let row = self.client.query_opt(number, &[&Key(id)]).await;
        let row = row.expect("it is looked up");
        row.map(|row| row.get(0)).ok_or("it has no row".to_owned())
    }

    /// The rows of the table: which number each key has.
    pub(super) async fn rows(&self) -> Vec<(Vec<u8>, i64)> {
        let rows = "SELECT key, id FROM http_sessions";
        let rows = self.client.query(rows, &[]).await.expect("it counts");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

fn told(response: &HeaderMap) -> Told {
    let Some(header) = response.get(SET_COOKIE) else {
        return Told::Nothing;
    };
    let header = header.to_str().expect("it is text");
    let cookie = header.split(';').next().unwrap_or_default().to_owned();
    match cookie == format!("{NAME}=") {
        true => Told::Removed,
        false => Told::Set(cookie),
    }
}
