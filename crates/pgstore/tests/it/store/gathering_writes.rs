//! Writes that arrive while others are under way go out in one statement, each with its own outcome.

use std::time::{Duration, Instant};

use pgstore::store::Written;
use pgstore::{PgStore, PgStoreOptions, SessionId, Store, StoreError, StoreErrorKind};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::things::{at, fresh, row};
use crate::support::database::{Database, Key, overlapping};
use crate::support::proxy::{Direction, Proxy};
use crate::support::{apply, trial_on_both_servers};

/// A store whose messages a proxy counts, and a stranger that can lock its rows or its table.
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
        let scene = Self {
            store: overlapping(options)
                .connect(&proxy.url(&url))
                .await
                .unwrap(),
            stranger: database.client().await,
            watcher: database.client().await,
            proxy,
            database,
        };
        // Every connection prepares its statements: preparing would wait for the stranger, too.
        for _ in 0..3 {
            let ids = scene.inserted(60).await;
            let saves: Vec<_> = ids.iter().map(|id| scene.save(id, "before")).collect();
            for save in saves {
                assert_eq!(save.await.unwrap().unwrap(), Written::Saved);
            }
        }
        scene
    }

    /// New sessions, inserted at once.
    async fn inserted(&self, count: usize) -> Vec<SessionId> {
        let ids: Vec<_> = (0..count).map(|_| fresh()).collect();
        let inserts: Vec<_> = ids.iter().map(|id| self.insert(id, "")).collect();
        for insert in inserts {
            insert.await.unwrap().unwrap();
        }
        ids
    }

    fn insert(&self, id: &SessionId, data: &str) -> JoinHandle<Result<(), StoreError>> {
        let (store, id, row) = (self.store.clone(), id.clone(), row(data));
        tokio::spawn(async move { store.insert(&id, &row).await })
    }

    /// Replaces a row that has not been saved yet.
    fn save(&self, id: &SessionId, data: &str) -> JoinHandle<Result<Written, StoreError>> {
        let (store, id, mut row) = (self.store.clone(), id.clone(), row(data));
        row.modified_on = at(1);
        tokio::spawn(async move { store.update(&id, at(0), &row).await })
    }

    async fn data(&self, id: &SessionId) -> String {
        let found = self.store.load(id, at(1)).await.unwrap().into_row();
        String::from_utf8(found.unwrap().data).unwrap()
    }

    /// Holds up all writes of the table.
    async fn hold_up(&self) {
        let lock = "BEGIN; LOCK TABLE http_sessions IN SHARE MODE";
        self.stranger.batch_execute(lock).await.unwrap();
        self.proxy.arm(None);
    }

    async fn let_go(&self) {
        self.stranger.batch_execute("ROLLBACK").await.unwrap();
    }

    fn sent(&self) -> usize {
        let seen = self.proxy.seen();
        let is_sent = |tag: u8, direction| tag == b'B' && direction == Direction::ToServer;
        let sent = seen.iter().filter(|sent| is_sent(sent.tag, sent.direction));
        sent.count()
    }

    /// Saves the sessions, the first two one after the other, so that every place is taken and the
    /// others wait.
    async fn saves(&self, ids: &[SessionId]) -> Vec<JoinHandle<Result<Written, StoreError>>> {
        let mut saves = Vec::new();
        for id in &ids[..2] {
            saves.push(self.save(id, "after"));
            let (sent, begun) = (saves.len(), Instant::now());
            while self.sent() < sent {
                assert!(begun.elapsed() < Duration::from_secs(4), "no save is sent");
                tokio::task::yield_now().await;
            }
        }
        saves.extend(ids[2..].iter().map(|id| self.save(id, "after")));
        self.let_tasks_run().await;
        saves
    }

    async fn let_tasks_run(&self) {
        for _ in 0..20 {
            self.watcher.query_one("SELECT 1", &[]).await.unwrap();
        }
    }
}

#[apply(trial_on_both_servers)]
async fn the_saves_of_a_hundred_callers_are_a_few_statements_and_each_has_its_own_outcome() {
    let scene = Scene::new(PgStoreOptions::new()).await;
    let ids = scene.inserted(100).await;
    let change =
        "UPDATE http_sessions SET modified_on = modified_on + interval '1 h' WHERE key = $1";
    let changed = &ids[50];
    scene
        .stranger
        .execute(change, &[&Key(changed)])
        .await
        .unwrap();
    let absent = fresh();
    scene.hold_up().await;
    let saves = ids
        .iter()
        .chain([&absent])
        .map(|id| (id, scene.save(id, "after")));
    let saves: Vec<_> = saves.collect();
    scene.let_tasks_run().await;
    assert!(scene.sent() <= 3, "{}", scene.sent());
    scene.let_go().await;
    for (id, save) in saves {
        let expected = match id == changed || id == &absent {
            true => Written::Missed,
            false => Written::Saved,
        };
        assert_eq!(save.await.unwrap().unwrap(), expected);
    }
    // On the odd server, transactions collide and are repeated.
    assert!(scene.sent() <= 30, "{}", scene.sent());
    assert_eq!(scene.data(&ids[0]).await, "after");
    assert_eq!(scene.data(&ids[99]).await, "after");
    assert_eq!(scene.data(changed).await, "");
}

#[apply(trial_on_both_servers)]
async fn a_row_that_a_stranger_holds_delays_its_own_callers_alone() {
    let scene = Scene::new(PgStoreOptions::new()).await;
    let held = scene.inserted(2).await;
    let lock = "SELECT FROM http_sessions WHERE key = $1 FOR UPDATE";
    scene.stranger.batch_execute("BEGIN").await.unwrap();
    for id in &held {
        scene.stranger.query(lock, &[&Key(id)]).await.unwrap();
    }
    // The first one is sent by itself, the second one perhaps together with others.
    let first = scene.save(&held[0], "after");
    let begun = Instant::now();
    let mut second = None;
    for round in 0..10 {
        let ids = scene.inserted(20).await;
        let mut saves: Vec<_> = ids[..10].iter().map(|id| scene.save(id, "after")).collect();
        if round == 0 {
            second = Some(scene.save(&held[1], "after"));
        }
        saves.extend(ids[10..].iter().map(|id| scene.save(id, "after")));
        for save in saves {
            assert_eq!(save.await.unwrap().unwrap(), Written::Saved);
        }
    }
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    let second = second.unwrap();
    assert!(!first.is_finished() && !second.is_finished());
    scene.let_go().await;
    for save in [first, second] {
        assert_eq!(save.await.unwrap().unwrap(), Written::Saved);
    }
}

#[apply(trial_on_both_servers)]
async fn a_save_of_a_held_row_ends_at_its_deadline_without_doubt() {
    let deadline = Duration::from_secs(2);
    let scene = Scene::new(PgStoreOptions::new().deadline(deadline)).await;
    let ids = scene.inserted(30).await;
    let lock = "SELECT FROM http_sessions WHERE key = $1 FOR UPDATE";
    scene.stranger.batch_execute("BEGIN").await.unwrap();
    scene.stranger.query(lock, &[&Key(&ids[20])]).await.unwrap();
    let saves: Vec<_> = ids.iter().map(|id| scene.save(id, "after")).collect();
    for (index, save) in saves.into_iter().enumerate() {
        let outcome = save.await.unwrap();
        if index == 20 {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Timeout);
            assert!(!error.is_in_doubt());
        } else {
            assert_eq!(outcome.unwrap(), Written::Saved);
        }
    }
    scene.let_go().await;
    assert_eq!(scene.data(&ids[20]).await, "");
}

#[apply(trial_on_both_servers)]
async fn one_bad_row_fails_alone() {
    let scene = Scene::new(PgStoreOptions::new()).await;
    let check = "ALTER TABLE http_sessions ADD CHECK (data <> 'bad')";
    scene.stranger.batch_execute(check).await.unwrap();
    let ids = scene.inserted(40).await;
    let data = |index: usize| if index == 20 { "bad" } else { "good" };
    let saves = ids
        .iter()
        .enumerate()
        .map(|(index, id)| scene.save(id, data(index)));
    for (index, save) in saves.collect::<Vec<_>>().into_iter().enumerate() {
        let outcome = save.await.unwrap();
        assert_eq!(outcome.is_err(), index == 20, "{outcome:?}");
        assert!(outcome.is_ok_and(|written| written == Written::Saved) || index == 20);
    }
    let inserts = (0..40).map(|index| scene.insert(&fresh(), data(index)));
    for (index, insert) in inserts.collect::<Vec<_>>().into_iter().enumerate() {
        let outcome = insert.await.unwrap();
        assert_eq!(outcome.is_err(), index == 20, "{outcome:?}");
    }
}

#[apply(trial_on_both_servers)]
async fn of_many_saves_of_one_version_one_is_done() {
    let scene = Scene::new(PgStoreOptions::new()).await;
    let id = &scene.inserted(1).await[0];
    let saves: Vec<_> = (0..200).map(|_| scene.save(id, "after")).collect();
    let mut saved = 0;
    for save in saves {
        saved += usize::from(save.await.unwrap().unwrap() == Written::Saved);
    }
    assert_eq!(saved, 1);
}

#[apply(trial_on_both_servers)]
async fn writes_whose_connection_is_lost_are_in_doubt_and_those_that_wait_are_done() {
    let scene = Scene::new(PgStoreOptions::new()).await;
    let ids = scene.inserted(100).await;
    scene.hold_up().await;
    let saves = scene.saves(&ids).await;
    let inserts: Vec<_> = (0..100).map(|_| scene.insert(&fresh(), "")).collect();
    scene.let_tasks_run().await;
    // One connection: what is sent on another one that is about to end would be in doubt, too.
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = $1 AND wait_event_type = 'Lock'
                   AND query LIKE '%waits for no row%' LIMIT 1";
    let (name, begun) = (scene.database.schema(), Instant::now());
    let killed = async || scene.watcher.query_opt(kill, &[&name]).await.unwrap();
    while killed().await.is_none() {
        assert!(begun.elapsed() < Duration::from_secs(4), "no save waits");
    }
    scene.let_go().await;
    let (mut done, mut in_doubt) = (0, 0);
    let saves = ids.iter().zip(saves);
    for (id, save) in saves {
        match save.await.unwrap() {
            Ok(written) => {
                assert_eq!(written, Written::Saved);
                assert_eq!(scene.data(id).await, "after");
                done += 1;
            }
            Err(error) => {
                assert!(error.is_in_doubt(), "{error:?}");
                in_doubt += 1;
            }
        }
    }
    assert!(done > 0 && in_doubt > 0, "{done} {in_doubt}");
    for insert in inserts {
        if let Err(error) = insert.await.unwrap() {
            assert!(error.is_in_doubt(), "{error:?}");
        }
    }
}

#[apply(trial_on_both_servers)]
async fn writes_that_were_sent_are_in_doubt_at_the_deadline() {
    let deadline = Duration::from_millis(700);
    let scene = Scene::new(PgStoreOptions::new().deadline(deadline)).await;
    let ids = scene.inserted(100).await;
    scene.hold_up().await;
    let saves = scene.saves(&ids).await;
    let mut in_doubt = 0;
    for save in saves {
        let error = save.await.unwrap().unwrap_err();
        // Others may have been sent a moment before their deadline, or found their connection given up.
        assert!(error.is_unavailable(), "{error:?}");
        in_doubt += usize::from(error.kind() == StoreErrorKind::Timeout && error.is_in_doubt());
    }
    assert!(in_doubt >= 2, "{in_doubt}");
    scene.let_go().await;
}

#[apply(trial_on_both_servers)]
async fn two_stores_that_save_the_same_sessions_do_not_lock_each_other_out() {
    let scene = Scene::new(PgStoreOptions::new()).await;
    let other = PgStore::connect(&scene.database.url()).await.unwrap();
    let ids = scene.inserted(200).await;
    let begun = Instant::now();
    let mut saves: Vec<_> = ids.iter().map(|id| (id, scene.save(id, "one"))).collect();
    for id in ids.iter().rev() {
        let (store, id_of, mut row) = (other.clone(), id.clone(), row("other"));
        row.modified_on = at(1);
        let save = tokio::spawn(async move { store.update(&id_of, at(0), &row).await });
        saves.push((id, save));
    }
    let mut saved = std::collections::HashMap::new();
    for (id, save) in saves {
        let is_saved = save.await.unwrap().unwrap() == Written::Saved;
        *saved.entry(id.as_bytes()).or_insert(0) += usize::from(is_saved);
    }
    assert!(saved.values().all(|saved| *saved == 1));
    assert!(begun.elapsed() < Duration::from_secs(4));
}
