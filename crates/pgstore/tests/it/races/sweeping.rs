//! A sweep against sessions that are touched in time.

use std::sync::Arc;
use std::time::Duration;

use pgstore::store::Sweeper;
use pgstore::testing::TestClock;
use pgstore::{Clock, SessionManager, Store, SweepOptions};

use super::{Round, Scene, at_once, check, run, run_until_lost, save};
use crate::support::browser::Cookies;
use crate::support::careless::{Careless, StoreDefect};
use crate::support::database::Database;
use crate::support::secrets;
use crate::support::{apply, trial};

const SESSIONS: usize = 8;
const LIFETIME: Duration = Duration::from_secs(800);

/// An application, and a sweeper on another node whose clock is so far ahead that to it the
/// sessions are past their time, while to the application they have a moment to live.
struct Nodes {
    scene: Scene,
    clock: TestClock,
    store: Arc<dyn Store>,
}

impl Nodes {
    async fn new(defect: Option<StoreDefect>) -> Self {
        let database = Database::fresh().await;
        let store = Careless::new(database.store().await, database.url(), defect);
        let clock = TestClock::at(1_700_000_000);
        let keys = secrets::keys(&[b"the hash key of these sweeps"]);
        let sessions = SessionManager::builder(database.store().await, keys)
            .clock(clock.clone())
            .max_age(LIFETIME)
            .build()
            .unwrap();
        Self {
            scene: Scene {
                database,
                nodes: vec![sessions; super::NODES],
            },
            clock,
            store: Arc::new(store),
        }
    }

    fn sweeper(&self) -> Sweeper {
        // `expires_on` may be a sixteenth of the lifetime after the session's end.
        let ahead = Duration::from_secs(120) + LIFETIME / 16;
        let ahead = TestClock::at(self.clock.now().plus(ahead).unix_seconds());
        let options = SweepOptions::new().browser_sessions(LIFETIME);
        Sweeper::new(Arc::clone(&self.store), Arc::new(ahead), options)
    }
}

#[apply(trial)]
async fn a_session_touched_in_time_is_never_swept() {
    let nodes = Nodes::new(None).await;
    run("a sweep against touches", || sweep(&nodes)).await;
    println!("{:?}", nodes.scene.nodes[0].stats());
}

#[apply(trial)]
async fn touched_sessions_are_swept_where_a_sweep_does_not_look_again() {
    let nodes = Nodes::new(Some(StoreDefect::ASweepLooksOnce)).await;
    run_until_lost("a sweep against touches", || sweep(&nodes)).await;
}

async fn sweep(nodes: &Nodes) -> Round {
    let scene = &nodes.scene;
    let mut cookies = Vec::new();
    for _ in 0..SESSIONS {
        cookies.push(scene.log_in().await);
    }
    nodes.clock.advance(LIFETIME - Duration::from_secs(10));
    let sweeper = nodes.sweeper();
    let touched_before = scene.nodes[0].stats().touched;
    at_once(SESSIONS + 1, |number, barrier| {
        let (sessions, sweeper) = (scene.node(number), sweeper.clone());
        let mut cookie = cookies.get(number).cloned().unwrap_or(Cookies::none());
        async move {
            barrier.wait().await;
            if number == SESSIONS {
                sweeper.sweep().await.unwrap();
                return;
            }
            let session = sessions.get(&cookie.request(), "s").unwrap();
            session.get::<String>("user").await.unwrap();
            save(&sessions, &session, &mut cookie).await.unwrap();
        }
    })
    .await;
    let touched = scene.nodes[0].stats().touched - touched_before;
    let rows = scene.rows().await;
    let rows = u64::try_from(rows).unwrap();
    let client = scene.database.client().await;
    client
        .execute("DELETE FROM http_sessions", &[])
        .await
        .unwrap();
    check(rows == touched, || {
        format!("{touched} were touched, {rows} are there")
    })
}
