//! The guards in the statements, each against a writer that is there just before.
//!
//! A stranger holds the row, our statement waits for it, and the stranger commits: what our
//! statement saw when it began is no longer so.

use std::time::{Duration, Instant};

use pgstore::SessionId;
use pgstore::store::{OwnerColumn, PgStore, Revocation, Revoked, Row, Store};
use pgstore::store::{StoreError, Which, Written};
use tokio_postgres::Client;

use super::things::{at, fresh, id_change, row};
use crate::support::database::Database;
use crate::support::{apply, trial_on_both_servers};

/// A session, and a stranger who is about to write its row.
struct Scene {
    store: PgStore,
    stranger: Client,
    watcher: Client,
    id: SessionId,
    database: Database,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::fresh().await;
        let scene = Self {
            store: database.store().await,
            stranger: database.client().await,
            watcher: database.client().await,
            id: fresh(),
            database,
        };
        // So that it can be told from others.
        let name = format!("SET application_name = {}", scene.database.schema());
        scene.stranger.batch_execute(&name).await.unwrap();
        scene.store.insert(&scene.id, &row("before")).await.unwrap();
        scene
    }

    /// The stranger does this to the session's row, and ours comes to wait for it.
    async fn race<T: Send + 'static>(
        &self,
        theirs: &str,
        extras: impl Future<Output = T> + Send + 'static,
    ) -> T {
        self.stranger.batch_execute("BEGIN").await.unwrap();
        self.stranger.batch_execute(theirs).await.unwrap();
        let extras = tokio::spawn(extras);
        let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
            WHERE (SELECT pid FROM pg_stat_activity WHERE application_name = $1)
                  = ANY (pg_blocking_pids(pid)))";
        let name = self.database.schema();
        let begun = Instant::now();
        while !self
            .watcher
            .query_one(waits, &[&name])
            .await
            .unwrap()
            .get::<_, bool>(0)
        {
            assert!(begun.elapsed() < Duration::from_secs(4), "nobody waits");
            tokio::task::yield_now().await;
        }
        self.stranger.batch_execute("COMMIT").await.unwrap();
        extras.await.unwrap()
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

/// As Go writes, whose clock may be ahead of ours or behind.
fn theirs(seconds: i64) -> String {
    let time = 1_700_000_000 + seconds;
    format!("UPDATE http_sessions SET data = 'theirs', modified_on = to_timestamp({time})")
}

const DELETE: &str = "DELETE FROM http_sessions";

#[apply(trial_on_both_servers)]
async fn an_update_that_waited_for_a_writer_misses() {
    for seconds in [1, -1] {
        let scene = Scene::new().await;
        let extras = scene.race(&theirs(seconds), scene.update()).await;
        assert_eq!(extras.unwrap(), Written::Missed);
        assert_eq!(scene.data(&scene.id).await.as_deref(), Some("theirs"));
    }
}

#[apply(trial_on_both_servers)]
async fn an_update_that_waited_for_the_end_of_the_session_misses() {
    let scene = Scene::new().await;
    let extras = scene.race(DELETE, scene.update()).await;
    assert_eq!(extras.unwrap(), Written::Missed);
    assert_eq!(scene.data(&scene.id).await, None);
}

#[apply(trial_on_both_servers)]
async fn a_rename_that_waited_for_a_writer_misses_and_takes_nothing() {
    for seconds in [1, -1] {
        let (scene, new) = (Scene::new().await, fresh());
        let extras = scene.race(&theirs(seconds), scene.rename(&new)).await;
        assert_eq!(extras.unwrap(), Written::Missed);
        assert_eq!(scene.data(&scene.id).await.as_deref(), Some("theirs"));
        assert_eq!(scene.data(&new).await, None);
    }
}

#[apply(trial_on_both_servers)]
async fn a_rename_that_waited_for_the_end_of_the_session_misses() {
    let (scene, new) = (Scene::new().await, fresh());
    let extras = scene.race(DELETE, scene.rename(&new)).await;
    assert_eq!(extras.unwrap(), Written::Missed);
    assert_eq!(scene.data(&new).await, None);
}

#[apply(trial_on_both_servers)]
async fn an_update_that_waited_for_a_rename_misses() {
    let scene = Scene::new().await;
    // A rename is a deletion of the old key and an insertion of the new one.
    let renamed = "WITH old AS (DELETE FROM http_sessions RETURNING *)
        INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
        SELECT 'other', data, created_on, modified_on, expires_on FROM old";
    let extras = scene.race(renamed, scene.update()).await;
    assert_eq!(extras.unwrap(), Written::Missed);
    assert_eq!(scene.data(&scene.id).await, None);
}

#[apply(trial_on_both_servers)]
async fn a_deletion_of_a_version_that_waited_for_a_writer_misses() {
    for seconds in [1, -1] {
        let scene = Scene::new().await;
        let (store, id) = (scene.store.clone(), scene.id.clone());
        let delete = async move { store.delete_version(&id, at(0)).await };
        let extras = scene.race(&theirs(seconds), delete).await;
        assert_eq!(extras.unwrap(), Written::Missed);
        assert_eq!(scene.data(&scene.id).await.as_deref(), Some("theirs"));
    }
}

impl Scene {
    /// Makes it alice's, and revokes what is hers while the stranger does this.
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
    // The one that is no longer the newest goes in its turn.
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
