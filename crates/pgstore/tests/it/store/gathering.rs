//! Loads that arrive while others are under way go out in one statement, each with its own answer.
//!
//! A stranger locks the table, so that loads are under way and others wait.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use pgstore::store::{Lookup, StatementStrategy};
use pgstore::{PgStore, PgStoreOptions, SessionId, Store, StoreError, StoreErrorKind};
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::Client;

use super::things::{at, fresh, row};
use crate::support::database::{Database, Key, overlapping};
use crate::support::proxy::{Direction, Proxy};
use crate::support::{apply, trial_on_both_servers};

/// One connection for reads, on which two statements are under way at once, unless there is a pooler.
fn options() -> PgStoreOptions {
    overlapping(PgStoreOptions::new().connections(2))
}

/// A store whose messages a proxy counts, and a stranger that can lock its table.
struct Scene {
    store: PgStore,
    stranger: Client,
    watcher: Client,
    proxy: Proxy,
    database: Database,
}

impl Scene {
    async fn new(options: PgStoreOptions) -> Self {
        let database = Database::fresh().await;
        database.store().await;
        let url = format!("{}&application_name={}", database.url(), database.schema());
        let proxy = Proxy::before(&url).await;
        let store = options.connect(&proxy.url(&url)).await.unwrap();
        let scene = Self {
            store,
            stranger: database.client().await,
            watcher: database.client().await,
            proxy,
            database,
        };
        // Both statements are prepared: preparing would wait for the stranger, too.
        let loads = (0..50).map(|_| scene.load(&fresh()));
        for load in loads.collect::<Vec<_>>() {
            load.await.unwrap().unwrap();
        }
        scene
    }

    async fn inserted(&self) -> SessionId {
        let id = fresh();
        self.store.insert(&id, &row("")).await.unwrap();
        id
    }

    fn load(&self, id: &SessionId) -> JoinHandle<Result<Lookup, StoreError>> {
        let (store, id) = (self.store.clone(), id.clone());
        tokio::spawn(async move { store.load(&id, at(0)).await })
    }

    /// Locks the table, and has two loads of an unknown ID wait for it.
    async fn hold_up(&self) -> [JoinHandle<Result<Lookup, StoreError>>; 2] {
        let lock = "BEGIN; LOCK TABLE http_sessions IN ACCESS EXCLUSIVE MODE";
        self.stranger.batch_execute(lock).await.unwrap();
        self.proxy.arm(None);
        let loads = [self.load(&fresh()), self.load(&fresh())];
        let begun = Instant::now();
        while self.sent() < 2 {
            assert!(begun.elapsed() < Duration::from_secs(4), "no load is sent");
            tokio::task::yield_now().await;
        }
        loads
    }

    async fn let_go(&self) {
        self.stranger.batch_execute("ROLLBACK").await.unwrap();
    }

    /// How many statements were sent since the table was locked.
    fn sent(&self) -> usize {
        let seen = self.proxy.seen();
        let bind = |tag: u8| tag == b'B';
        let sent = seen
            .iter()
            .filter(|message| message.direction == Direction::ToServer && bind(message.tag));
        sent.count()
    }

    /// Lets tasks that were spawned run until they wait.
    async fn let_tasks_run(&self) {
        for _ in 0..20 {
            self.watcher.query_one("SELECT 1", &[]).await.unwrap();
        }
    }
}

#[apply(trial_on_both_servers)]
async fn the_loads_of_a_hundred_callers_are_a_few_statements_and_each_has_its_own_answer() {
    let scene = Scene::new(options()).await;
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(scene.inserted().await);
    }
    let [undecodable, expired, doubled, absent] = [&ids[0], &ids[1], &ids[2], &fresh()];
    let spoil = "UPDATE http_sessions SET data = NULL WHERE key = $1";
    let expire = "UPDATE http_sessions SET modified_on = modified_on - interval '10 s',
                         expires_on = modified_on - interval '1 s' WHERE key = $1";
    let double = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
                  SELECT key, 'older', created_on, modified_on - interval '1 s', expires_on
                    FROM http_sessions WHERE key = $1";
    for (sql, id) in [(spoil, undecodable), (expire, expired), (double, doubled)] {
        scene.stranger.execute(sql, &[&Key(id)]).await.unwrap();
    }
    let first = scene.hold_up().await;
    // Each twice: two callers may ask for one session.
    let asked = ids.iter().chain([absent]).cycle().take(102);
    let loads: Vec<_> = asked.map(|id| (id, scene.load(id))).collect();
    scene.let_tasks_run().await;
    assert_eq!(scene.sent(), 2);
    scene.let_go().await;
    for (id, load) in loads {
        let answer = load.await.unwrap();
        if id == undecodable {
            assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::UndecodableRow);
        } else if [expired, absent].contains(&id) {
            assert!(matches!(answer, Ok(Lookup::Absent)));
        } else {
            assert_eq!(answer.unwrap().into_row(), Some(row("")));
        }
    }
    for load in first {
        assert!(matches!(load.await.unwrap(), Ok(Lookup::Absent)));
    }
    // Those of the loads, of the earlier IDs of absent ones, and of the older row's removal.
    let sent = scene.sent();
    assert!(sent <= 14, "{sent} statements");
    while scene.store.duplicates_removed() < 1 {
        tokio::task::yield_now().await;
    }
}

#[apply(trial_on_both_servers)]
async fn with_one_statement_per_caller_nothing_waits() {
    let options = options().strategy(StatementStrategy::OnePerCaller);
    let scene = Scene::new(options).await;
    let id = scene.inserted().await;
    let first = scene.hold_up().await;
    let loads: Vec<_> = (0..20).map(|_| scene.load(&id)).collect();
    while scene.sent() < 22 {
        tokio::task::yield_now().await;
    }
    scene.let_go().await;
    for load in loads {
        assert_eq!(load.await.unwrap().unwrap().into_row(), Some(row("")));
    }
    for load in first {
        load.await.unwrap().unwrap();
    }
}

#[apply(trial_on_both_servers)]
async fn a_caller_that_leaves_takes_out_only_itself() {
    let scene = Scene::new(options()).await;
    let id = scene.inserted().await;
    let first = scene.hold_up().await;
    let loads: Vec<_> = (0..20).map(|_| scene.load(&id)).collect();
    scene.let_tasks_run().await;
    // Those whose statements are under way, and some of those that wait.
    for load in first.iter().chain(&loads[..10]) {
        load.abort();
    }
    scene.let_tasks_run().await;
    scene.let_go().await;
    for load in loads.into_iter().skip(10) {
        assert_eq!(load.await.unwrap().unwrap().into_row(), Some(row("")));
    }
    // The kind has all its places again.
    let [one, other] = scene.hold_up().await;
    scene.let_go().await;
    let _ = (one.await.unwrap().unwrap(), other.await.unwrap().unwrap());
}

/// As in a stream of `buffer_unordered` whose consumer is busy.
#[apply(trial_on_both_servers)]
async fn callers_that_are_alive_and_not_polled_hold_up_nobody() {
    let store = Database::fresh().await.store_with(options()).await;
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    for _ in 0..3 {
        let ids = [(); 8].map(|()| fresh());
        let ended = fresh();
        store.insert(&ended, &row("")).await.unwrap();
        let mut idle: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        for new in &ids {
            let row = row("");
            idle.push(Box::pin(async { drop(store.load(&id, at(0)).await) }));
            idle.push(Box::pin(async { drop(store.delete(&ended).await) }));
            let store = &store;
            idle.push(Box::pin(async move { drop(store.insert(new, &row).await) }));
        }
        for caller in &mut idle {
            poll_fn(|context| Poll::Ready(caller.as_mut().poll(context).is_ready())).await;
        }
        for _ in 0..3 {
            let found = store.load(&id, at(0)).await.unwrap();
            assert_eq!(found.into_row(), Some(row("")));
            store.insert(&fresh(), &row("")).await.unwrap();
            store.delete(&fresh()).await.unwrap();
            store.delete(&ended).await.unwrap();
        }
    }
}

#[apply(trial_on_both_servers)]
async fn a_full_queue_refuses_at_once() {
    let scene = Scene::new(options().queue(100)).await;
    let id = scene.inserted().await;
    let first = scene.hold_up().await;
    let loads: Vec<_> = (0..100).map(|_| scene.load(&id)).collect();
    scene.let_tasks_run().await;
    let begun = Instant::now();
    let mut refused = JoinSet::new();
    for _ in 0..1_000 {
        let (store, id) = (scene.store.clone(), id.clone());
        refused.spawn(async move { store.load(&id, at(0)).await });
    }
    for answer in refused.join_all().await {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(!error.is_in_doubt());
    }
    assert!(begun.elapsed() < Duration::from_secs(2));
    scene.let_go().await;
    for load in loads {
        assert_eq!(load.await.unwrap().unwrap().into_row(), Some(row("")));
    }
    for load in first {
        load.await.unwrap().unwrap();
    }
}

#[apply(trial_on_both_servers)]
async fn callers_that_wait_end_at_their_deadline() {
    let deadline = Duration::from_millis(500);
    let scene = Scene::new(options().read_deadline(deadline)).await;
    let id = scene.inserted().await;
    let first = scene.hold_up().await;
    let begun = Instant::now();
    let loads: Vec<_> = (0..50).map(|_| scene.load(&id)).collect();
    for load in loads.into_iter().chain(first) {
        let error = load.await.unwrap().unwrap_err();
        // The last attempt may have found that its connection does not answer.
        let kinds = [StoreErrorKind::Timeout, StoreErrorKind::Unavailable];
        assert!(kinds.contains(&error.kind()), "{error}");
    }
    assert!(begun.elapsed() < Duration::from_secs(3));
    scene.let_go().await;
    let found = scene.store.load(&id, at(0)).await.unwrap();
    assert_eq!(found.into_row(), Some(row("")));
}

#[apply(trial_on_both_servers)]
async fn a_lost_connection_is_replaced_for_all_that_wait() {
    let scene = Scene::new(options()).await;
    let id = scene.inserted().await;
    let first = scene.hold_up().await;
    let loads: Vec<_> = (0..50).map(|_| scene.load(&id)).collect();
    scene.let_tasks_run().await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE application_name = $1";
    let name = scene.database.schema();
    scene.watcher.query_one(kill, &[&name]).await.unwrap();
    scene.let_go().await;
    for load in loads {
        assert_eq!(load.await.unwrap().unwrap().into_row(), Some(row("")));
    }
    for load in first {
        load.await.unwrap().unwrap();
    }
}

#[apply(trial_on_both_servers)]
async fn one_request_that_the_server_refuses_fails_alone() {
    let scene = Scene::new(options()).await;
    let (good, bad) = (scene.inserted().await, scene.inserted().await);
    let spoil = "UPDATE http_sessions SET label = 'bad' WHERE key = $1";
    scene.stranger.execute(spoil, &[&Key(&bad)]).await.unwrap();
    // A view whose rows fail when they are read.
    let hide = "ALTER TABLE http_sessions RENAME TO hidden;
                CREATE VIEW http_sessions AS
                SELECT id, key, data, created_on, modified_on, expires_on, save_token, saved_on,
                       max_age, owner, 1 / (CASE WHEN label = 'bad' THEN 0 ELSE 1 END) || '' AS label,
                       handle, id_unconfirmed FROM hidden";
    scene.stranger.batch_execute(hide).await.unwrap();
    let mut loads = JoinSet::new();
    for id in [&good, &bad].into_iter().cycle().take(100) {
        let (store, bad, id) = (scene.store.clone(), bad.clone(), id.clone());
        loads.spawn(async move { (id == bad, store.load(&id, at(0)).await) });
    }
    for (is_bad, answer) in loads.join_all().await {
        assert_eq!(answer.is_err(), is_bad, "{answer:?}");
    }
}

#[apply(trial_on_both_servers)]
async fn callers_outlive_the_runtime_of_those_before_them() {
    let scene = Scene::new(options()).await;
    let id = scene.inserted().await;
    let others = crate::support::server::Server::current().runtime();
    let lock = "BEGIN; LOCK TABLE http_sessions IN ACCESS EXCLUSIVE MODE";
    scene.stranger.batch_execute(lock).await.unwrap();
    scene.proxy.arm(None);
    for _ in 0..2 {
        let (store, id) = (scene.store.clone(), id.clone());
        others.spawn(async move { store.load(&id, at(0)).await });
    }
    while scene.sent() < 2 {
        tokio::task::yield_now().await;
    }
    let loads: Vec<_> = (0..20).map(|_| scene.load(&id)).collect();
    scene.let_tasks_run().await;
    others.shutdown_background();
    scene.let_tasks_run().await;
    scene.let_go().await;
    for load in loads {
        assert_eq!(load.await.unwrap().unwrap().into_row(), Some(row("")));
    }
}
