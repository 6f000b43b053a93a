//! Keys rotate node by node, as docs/operations.md has it, under users who go on working.
//!
//! Two nodes of Rust and one of Go stand behind a balancer that sends each request to the next
//! node. Between any two changes every user reads and writes on every node.

use std::sync::Arc;

use pgstore::Values;
use pgstore::wire::{SecureCookie, gob};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::NAME;
use crate::support::database::Database;
use crate::support::go::{GoPeer, Reply, Site};
use crate::support::rust_app::RustApp;
use crate::support::secrets;
use crate::support::{apply, go_trial};

const OLD: &str = "7d3a91c05be8f4627d3a91c05be8f4627d3a91c05be8f4627d3a91c05be8f462,\
                   c4b1a89f0e6d527381f0e6d5273c4b1a";
const NEW: &str = "e2f81b6490c5d7a3e2f81b6490c5d7a3e2f81b6490c5d7a3e2f81b6490c5d7a3,\
                   90a7b6c5d4e3f2011223344556677889a0b1c2d3e4f5061728394a5b6c7d8e9f";

const USERS: usize = 24;

/// A node, to be replaced by one with other keys.
enum Node {
    Rust(RustApp),
    Go(GoPeer),
}

#[derive(Clone, Copy, Debug)]
enum Language {
    Rust,
    Go,
}

const NODES: [Language; 3] = [Language::Rust, Language::Go, Language::Rust];

impl Node {
    async fn start(language: Language, database: &Database, keys: &str) -> Arc<Self> {
        let node = match language {
            Language::Rust => Self::Rust(RustApp::serve(&database.url(), keys).await),
            Language::Go => Self::Go(GoPeer::serve(&database.url(), keys).await),
        };
        Arc::new(node)
    }

    fn site(&self) -> &Site {
        match self {
            Self::Rust(app) => app,
            Self::Go(peer) => peer,
        }
    }

    async fn write(&self, visits: u64, cookie: &str) -> Reply {
        let body = match self {
            Self::Rust(_) => json!({ "visits": visits }),
            Self::Go(_) => json!({ "int": { "visits": visits } }),
        };
        self.site().post("/set", &body, Some(cookie)).await
    }

    /// Who is logged in, and what the last write left.
    async fn read(&self, cookie: &str) -> (String, u64) {
        let reply = self.site().get("/session", Some(cookie)).await;
        let (user, visits) = match self {
            Self::Rust(_) => {
                let values = &reply.json["values"];
                (values["user"].clone(), values["visits"].clone())
            }
            Self::Go(_) => {
                let number = |text: &Value| text.as_str().and_then(|text| text.parse::<u64>().ok());
                let visits = number(&reply.value("visits")["v"]);
                (reply.value("user")["v"].clone(), json!(visits))
            }
        };
        let user = user.as_str().unwrap_or_default().to_owned();
        (user, visits.as_u64().unwrap_or(0))
    }
}

/// Somebody who is logged in, with a browser that keeps the cookie.
#[derive(Debug)]
struct User {
    name: String,
    cookie: String,
    /// How often the user wrote, which is also what was written last.
    visits: u64,
    /// The node that the balancer sends the next request to.
    next: usize,
    tally: Tally,
}

/// What happened to one user or to all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    requests: u64,
    logouts: u64,
    lost: u64,
}

impl User {
    async fn log_in(number: usize, nodes: &[Arc<Node>]) -> Self {
        let name = format!("user {number}");
        let form = format!("user={name}").replace(' ', "+");
        let site = nodes[number % nodes.len()].site();
        let login = site.post_form("/login", &form, None).await;
        assert_eq!(login.status, 200, "{:?}", login.json);
        Self {
            name,
            cookie: login.cookie(NAME).expect("a new session"),
            visits: 0,
            next: number,
            tally: Tally::default(),
        }
    }

    /// Three reads and three writes, one of each on every node.
    async fn visit(mut self, nodes: Vec<Arc<Node>>) -> Self {
        for _ in 0..NODES.len() {
            let node = self.next_node(&nodes);
            self.read(node).await;
            let node = self.next_node(&nodes);
            self.write(node).await;
        }
        self
    }

    fn next_node<'a>(&mut self, nodes: &'a [Arc<Node>]) -> &'a Node {
        self.tally.requests += 1;
        self.next += 1;
        &nodes[self.next % nodes.len()]
    }

    async fn read(&mut self, node: &Node) {
        let (user, visits) = node.read(&self.cookie).await;
        let is_logged_in = user == self.name;
        self.tally.logouts += u64::from(!is_logged_in);
        self.tally.lost += u64::from(is_logged_in && visits != self.visits);
    }

    async fn write(&mut self, node: &Node) {
        let reply = node.write(self.visits + 1, &self.cookie).await;
        let cookie = reply.cookie(NAME);
        let is_removal = cookie.as_deref() == Some("session-key=");
        if reply.status == 200 && !is_removal {
            self.visits += 1;
            self.cookie = cookie.unwrap_or(std::mem::take(&mut self.cookie));
        } else {
            self.tally.logouts += 1;
        }
    }
}

/// The nodes and their users.
struct Scene {
    database: Database,
    nodes: Vec<Arc<Node>>,
    users: Vec<User>,
}

impl Scene {
    /// Every node reads and writes with the old pair.
    async fn new() -> Self {
        let database = Database::fresh().await;
        database.store().await.close().await;
        let mut nodes = Vec::new();
        for language in NODES {
            nodes.push(Node::start(language, &database, OLD).await);
        }
        let mut users = Vec::new();
        for number in 0..USERS {
            users.push(User::log_in(number, &nodes).await);
        }
        Self {
            database,
            nodes,
            users,
        }
    }

    /// Every user visits every node, all users at once.
    async fn everybody_visits(&mut self) {
        let users = std::mem::take(&mut self.users).into_iter();
        let visits: JoinSet<_> = users.map(|user| user.visit(self.nodes.clone())).collect();
        self.users = visits.join_all().await;
    }

    /// Gives the nodes these keys, one node after the other.
    async fn roll_out(&mut self, keys: &str) {
        for (index, language) in NODES.into_iter().enumerate() {
            self.nodes[index] = Node::start(language, &self.database, keys).await;
            self.everybody_visits().await;
        }
    }

    /// Whether the new pair alone opens every cookie and every row.
    async fn is_sealed_by_the_new_pair(&self) -> bool {
        let codec = SecureCookie::new(secrets::hex_keys(NEW)).max_age(0);
        let sql = "SELECT data FROM http_sessions";
        let rows = self.database.client().await.query(sql, &[]).await.unwrap();
        let opens_row =
            |row: &tokio_postgres::Row| codec.open(NAME, row.get(0), 0, Values::decode).is_ok();
        let opens_cookie = |user: &User| {
            let (_, value) = user.cookie.split_once('=').unwrap();
            let opened = codec.open(NAME, value.as_bytes(), 0, gob::decode_string);
            opened.is_ok()
        };
        rows.len() == USERS && rows.iter().all(opens_row) && self.users.iter().all(opens_cookie)
    }

    fn tally(&self) -> Tally {
        let tallies = self.users.iter().map(|user| user.tally);
        tallies.fold(Tally::default(), |all, one| Tally {
            requests: all.requests + one.requests,
            logouts: all.logouts + one.logouts,
            lost: all.lost + one.lost,
        })
    }
}

#[apply(go_trial)]
async fn keys_rotate_over_two_nodes_of_rust_and_one_of_go_without_a_logout() {
    let mut scene = Scene::new().await;
    scene.everybody_visits().await;
    scene.roll_out(&format!("{OLD},{NEW}")).await; // 1. Append the new pair.
    assert!(
        !scene.is_sealed_by_the_new_pair().await,
        "nobody writes with it"
    );
    scene.roll_out(&format!("{NEW},{OLD}")).await; // 2. Move the new pair to the front.
    // 3. After the maximal age, drop the old pair. Go's clock cannot be moved: that everybody has
    // written since stands for the thirty days, after which nothing older opens anyway.
    assert!(scene.is_sealed_by_the_new_pair().await);
    scene.roll_out(NEW).await;

    let tally = scene.tally();
    let requests = 10 * 6 * USERS as u64;
    let expected = Tally {
        requests,
        logouts: 0,
        lost: 0,
    };
    assert_eq!(tally, expected);
    println!("{USERS} users, 9 nodes replaced, {requests} requests: no logout, no value lost");
}

/// The same with a step left out: it does fail then.
#[apply(go_trial)]
async fn without_the_first_step_users_are_logged_out() {
    let mut scene = Scene::new().await;
    scene.roll_out(&format!("{NEW},{OLD}")).await;
    let Tally { logouts, .. } = scene.tally();
    assert!(
        logouts > 0,
        "the nodes that were not replaced yet cannot read the new pair"
    );
    println!("without the first step: {logouts} requests were not recognized");
}
