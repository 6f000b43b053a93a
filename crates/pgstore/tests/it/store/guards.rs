//! The guards in the statements, each against a concurrent writer.
//!
//! Another connection (the stranger) locks the row, the store's statement waits for it or is tried again,
//! and the stranger commits. The snapshot of a statement that waited is out of date then.

use std::time::{Duration, Instant};

use pgstore::store::{OwnerColumn, Revocation, Revoked, Row, StatementStrategy};
use pgstore::store::{Which, Written};
use pgstore::{PgStore, PgStoreOptions, SessionId, Store, StoreError};
use tokio_postgres::Client;

use super::things::{at, fresh, id_change, row};
use crate::support::database::Database;
use crate::support::proxy::{Direction, Proxy};
use crate::support::server::Server;
use crate::support::{apply, trial_on_both_servers};

/// A session, and a connection that is about to write its row.
struct Scene {
    store: PgStore,
    stranger: Client,
    watcher: Client,
    id: SessionId,
    proxy: Proxy,
    database: Database,
}

impl Scene {
    async fn new() -> Self {
        Self::with(StatementStrategy::Gathered).await
    }

    async fn with(strategy: StatementStrategy) -> Self {
        let database = Database::fresh().await;
        database.store().await;
        let proxy = Proxy::before(&database.url()).await;
        let options = PgStoreOptions::new().strategy(strategy);
        let store = options.connect(&proxy.url(&database.url())).await.unwrap();
        let scene = Self {
            store,
            proxy,
            stranger: database.client().await,
            watcher: database.client().await,
            id: fresh(),
            database,
        };
        // The name identifies the connection in pg_stat_activity.
        let name = format!("SET application_name = {}", scene.database.schema());
        scene.stranger.batch_execute(&name).await.unwrap();
        scene.store.insert(&scene.id, &row("before")).await.unwrap();
        // The connection for reads sends its first questions now.
        scene.store.load(&scene.id, at(0)).await.unwrap();
        scene
    }

    /// The stranger runs `theirs`; the store's call waits for its lock, or has tried twice, and ends after
    /// the stranger's commit.
    async fn race<T: Send + 'static>(
        &self,
        theirs: &str,
        ours: impl Future<Output = T> + Send + 'static,
    ) -> T {
        self.stranger.batch_execute("BEGIN").await.unwrap();
        self.stranger.batch_execute(theirs).await.unwrap();
        self.proxy.arm(None);
        let ours = tokio::spawn(ours);
        let waits = match Server::current() {
            // The lock is on a worker.
            Server::Distributed => {
                "SELECT EXISTS (SELECT 1 FROM citus_lock_waits AS waits, citus_stat_activity AS stranger
                  WHERE waits.blocking_gpid = stranger.global_pid
                    AND stranger.application_name = $1)"
            }
            Server::Friendly | Server::Hostile => {
                "SELECT EXISTS (SELECT FROM pg_stat_activity
                  WHERE (SELECT pid FROM pg_stat_activity WHERE application_name = $1)
                        = ANY (pg_blocking_pids(pid)))"
            }
        };
        let name = self.database.schema();
        let begun = Instant::now();
        let is_blocked = |row: tokio_postgres::Row| row.get::<_, bool>(0);
        while self.sent() < 2 && !is_blocked(self.watcher.query_one(waits, &[&name]).await.unwrap())
        {
            assert!(
                begun.elapsed() < Duration::from_secs(4),
                "the statement does not wait"
            );
            tokio::task::yield_now().await;
        }
        self.stranger.batch_execute("COMMIT").await.unwrap();
        ours.await.unwrap()
    }

    /// How many statements the store has sent since the race began.
    fn sent(&self) -> usize {
        let seen = self.proxy.seen();
        let sent = seen
            .iter()
            .filter(|message| message.direction == Direction::ToServer && message.tag == b'B');
        sent.count()
    }

    fn update(&self) -> impl Future<Output = Result<Written, StoreError>> + Send + 'static {
        let (store, id) = (self.store.clone(), self.id.clone());
        async move { store.update(&id, at(0), &written("ours", 5)).await }
    }

    fn rename(
        &self,
        new: &SessionId,
    ) -> impl Future<Output = Result<Written, StoreError>> + Send + 'static {
        let (store, id, new) = (self.store.clone(), self.id.clone(), new.clone());
        async move {
            let change = id_change(&id, Some(at(0)), &new);
            store.rename(change, &row("ours")).await
        }
    }

    async fn data(&self, id: &SessionId) -> Option<String> {
        let found = self.store.load(id, at(0)).await.unwrap().into_row();
        found.map(|row| String::from_utf8(row.data).unwrap())
    }
}

fn written(data: &str, seconds: i64) -> Row {
    Row {
        modified_on: at(seconds),
        ..row(data)
    }
}

const STRATEGIES: [StatementStrategy; 2] =
    [StatementStrategy::Gathered, StatementStrategy::OnePerCaller];

/// Writes as Go does; its clock may be ahead or behind.
fn theirs(seconds: i64) -> String {
    let time = 1_700_000_000 + seconds;
    format!("UPDATE http_sessions SET data = 'theirs', modified_on = to_timestamp({time})")
}

const DELETE: &str = "DELETE FROM http_sessions";

#[apply(trial_on_both_servers)]
async fn an_update_that_waited_for_a_writer_misses() {
    for (strategy, seconds) in STRATEGIES.into_iter().zip([1, -1]) {
        let scene = Scene::with(strategy).await;
        let outcome = scene.race(&theirs(seconds), scene.update()).await;
        assert_eq!(outcome.unwrap(), Written::Missed);
        assert_eq!(scene.data(&scene.id).await.as_deref(), Some("theirs"));
    }
}

#[apply(trial_on_both_servers)]
async fn an_update_that_waited_for_the_end_of_the_session_misses() {
    for strategy in STRATEGIES {
        let scene = Scene::with(strategy).await;
        let outcome = scene.race(DELETE, scene.update()).await;
        assert_eq!(outcome.unwrap(), Written::Missed);
        assert_eq!(scene.data(&scene.id).await, None);
    }
}

#[apply(trial_on_both_servers)]
async fn a_rename_that_waited_for_a_writer_misses_and_takes_nothing() {
    for seconds in [1, -1] {
        let (scene, new) = (Scene::new().await, fresh());
        let outcome = scene.race(&theirs(seconds), scene.rename(&new)).await;
        assert_eq!(outcome.unwrap(), Written::Missed);
        assert_eq!(scene.data(&scene.id).await.as_deref(), Some("theirs"));
        assert_eq!(scene.data(&new).await, None);
    }
}

#[apply(trial_on_both_servers)]
async fn a_rename_that_waited_for_the_end_of_the_session_misses() {
    let (scene, new) = (Scene::new().await, fresh());
    let outcome = scene.race(DELETE, scene.rename(&new)).await;
    assert_eq!(outcome.unwrap(), Written::Missed);
    assert_eq!(scene.data(&new).await, None);
}

#[apply(trial_on_both_servers)]
async fn an_update_that_waited_for_a_rename_misses() {
    for strategy in STRATEGIES {
        let scene = Scene::with(strategy).await;
        // A rename is a deletion of the old key and an insertion of the new one.
        let renamed = "WITH old AS (DELETE FROM http_sessions RETURNING *)
        INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
        SELECT 'other', data, created_on, modified_on, expires_on FROM old";
        let outcome = scene.race(renamed, scene.update()).await;
        assert_eq!(outcome.unwrap(), Written::Missed);
        assert_eq!(scene.data(&scene.id).await, None);
    }
}

#[apply(trial_on_both_servers)]
async fn a_deletion_of_a_version_that_waited_for_a_writer_misses() {
    for seconds in [1, -1] {
        let scene = Scene::new().await;
        let (store, id) = (scene.store.clone(), scene.id.clone());
        let delete = async move { store.delete_version(&id, at(0)).await };
        let outcome = scene.race(&theirs(seconds), delete).await;
        assert_eq!(outcome.unwrap(), Written::Missed);
        assert_eq!(scene.data(&scene.id).await.as_deref(), Some("theirs"));
    }
}

impl Scene {
    /// Gives the session to alice, and revokes her sessions while the stranger runs `theirs`.
    async fn revoke_during(&self, theirs: &str) -> Revoked {
        let hers = "UPDATE http_sessions SET owner = 'alice'";
        self.watcher.batch_execute(hers).await.unwrap();
        let store = self.store.clone();
        let revoke = async move { store.revoke(&OF_ALICE).await };
        self.race(theirs, revoke).await.unwrap()
    }
}

const OF_ALICE: Revocation<'_> = Revocation {
    owner: "alice",
    which: Which::All,
    column: OwnerColumn::IsTheTruth,
};

#[apply(trial_on_both_servers)]
async fn a_revocation_that_waited_for_a_rename_saw_what_it_could_not_remove() {
    let scene = Scene::new().await;
    let renamed = "WITH old AS (DELETE FROM http_sessions RETURNING *)
        INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on, owner)
        SELECT 'other', data, created_on, modified_on, expires_on, owner FROM old";
    let revoked = scene.revoke_during(renamed).await;
    // Where the server makes transactions serializable it is done again, and sees the new row.
    let expected = [(1, 0), (1, 1)];
    assert!(expected.contains(&(revoked.seen, revoked.removed)));
    let again = scene.store.revoke(&OF_ALICE).await.unwrap();
    assert_eq!(revoked.removed + again.removed, 1);
    assert_eq!(scene.store.revoke(&OF_ALICE).await.unwrap().seen, 0);
    let count = "SELECT count(*) FROM http_sessions";
    let left = scene.watcher.query_one(count, &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 0);
}

#[apply(trial_on_both_servers)]
async fn a_revocation_that_waited_for_a_change_of_owner_spares_the_session() {
    let scene = Scene::new().await;
    let given_away = "UPDATE http_sessions SET owner = 'bob', data = 'theirs'";
    let revoked = scene.revoke_during(given_away).await;
    assert_eq!(revoked.removed, 0);
    assert_eq!(scene.data(&scene.id).await.as_deref(), Some("theirs"));
}

#[apply(trial_on_both_servers)]
async fn a_duplicate_that_became_the_newest_is_not_removed() {
    let scene = Scene::new().await;
    let duplicate = written("newest", 1);
    scene.store.insert(&scene.id, &duplicate).await.unwrap();
    let (store, id) = (scene.store.clone(), scene.id.clone());
    let theirs = format!("{} WHERE data = 'before'", theirs(2));
    let found = scene
        .race(&theirs, async move { store.load(&id, at(0)).await })
        .await;
    assert_eq!(found.unwrap().into_row(), Some(duplicate));
    // The former newest row is removed by the next load.
    assert_eq!(scene.data(&scene.id).await.as_deref(), Some("theirs"));
    let (count, begun) = ("SELECT count(*) = 1 FROM http_sessions", Instant::now());
    while !scene
        .watcher
        .query_one(count, &[])
        .await
        .unwrap()
        .get::<_, bool>(0)
    {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::task::yield_now().await;
    }
}
