//! Writes whose answer is lost: they are in doubt, and repeated only if that has no further effect.
//!
//! Each trial runs over the store's own connections and over the application's pool.

use std::pin::pin;
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, Pool};
use pgstore::store::{OwnerColumn, Revocation};
use pgstore::store::{StoreFuture, Which, Written};
use pgstore::{PgStore, PgStoreOptions, SessionId, Store, StoreError, StoreErrorKind};
use tokio::net::TcpListener;
use tokio_postgres::{Client, NoTls};

use super::things::{at, fresh, id_change, row};
use crate::support::database::Database;
use crate::support::pooler::Kind;
use crate::support::{apply, trial_on_both_servers};

/// A session, and a store whose statements can be delayed and cut off.
struct Scene {
    store: PgStore,
    id: SessionId,
    new: SessionId,
    stranger: Client,
    watcher: Client,
    database: Database,
}

#[derive(Clone, Copy, Debug)]
enum Connections {
    Own,
    Pool,
}

const BOTH: [Connections; 2] = [Connections::Own, Connections::Pool];

/// The connections whose statements a trial may let time out. The driver cancels a statement of an application's
/// pool and closes too soon for PgBouncer 1.18, which ends with all its clients, those of other trials included.
fn may_time_out() -> &'static [Connections] {
    match Kind::wanted() {
        Some(Kind::Transaction | Kind::Session) => &[Connections::Own],
        None | Some(Kind::Pgpool) => &BOTH,
    }
}

impl Scene {
    async fn new(connections: Connections, options: PgStoreOptions) -> Self {
        let database = Database::fresh().await;
        database.store().await;
        let url = format!("{}&application_name={}", database.url(), database.schema());
        let store = match connections {
            Connections::Own => options.connect(&url).await.unwrap(),
            Connections::Pool => {
                let manager = Manager::new(url.parse().unwrap(), NoTls);
                options.from_pool(Pool::builder(manager).build().unwrap())
            }
        };
        let scene = Self {
            store,
            id: fresh(),
            new: fresh(),
            stranger: database.client().await,
            watcher: database.client().await,
            database,
        };
        scene.store.insert(&scene.id, &row("before")).await.unwrap();
        scene
    }

    /// Blocks all other writes of the table until the stranger ends its transaction. The statements
    /// to be sent are prepared before, because preparing would wait, too.
    async fn hold_up(&self) {
        let (store, nobody, new, row) = (&self.store, fresh(), fresh(), row(""));
        store.insert(&fresh(), &row).await.unwrap();
        let missed = [
            store.update(&nobody, at(0), &row),
            store.rename(id_change(&nobody, Some(at(0)), &new), &row),
            store.rename(id_change(&nobody, None, &new), &row),
            store.delete_version(&nobody, at(0)),
        ];
        for write in missed {
            assert_eq!(write.await.unwrap(), Written::Missed);
        }
        store.delete(&nobody).await.unwrap();
        let lock = "BEGIN; LOCK TABLE http_sessions IN SHARE MODE";
        self.stranger.batch_execute(lock).await.unwrap();
    }

    async fn let_go(&self) {
        self.stranger.batch_execute("ROLLBACK").await.unwrap();
    }

    /// Waits until a statement of the store waits for the stranger, and terminates its connection.
    async fn cut_off(&self) {
        let cut_off = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE application_name = $1 AND wait_event_type = 'Lock'";
        let (name, begun) = (self.database.schema(), Instant::now());
        let one = |row: tokio_postgres::Row| row.get::<_, i64>(0) == 1;
        while !one(self.watcher.query_one(cut_off, &[&name]).await.unwrap()) {
            assert!(begun.elapsed() < Duration::from_secs(4), "nobody waits");
            tokio::task::yield_now().await;
        }
    }

    /// The writes that a second execution would miss or do twice.
    fn writes<'a>(&'a self, after: &'a pgstore::store::Row) -> [(&'a str, StoreFuture<'a, ()>); 5] {
        let (id, new) = (&self.id, &self.new);
        let (store, seen) = (&self.store, Some(at(0)));
        [
            ("insert", store.insert(new, after)),
            ("update", done(store.update(id, at(0), after))),
            (
                "rename",
                done(store.rename(id_change(id, seen, new), after)),
            ),
            (
                "replace",
                done(store.rename(id_change(id, None, new), after)),
            ),
            ("delete_version", done(store.delete_version(id, at(0)))),
        ]
    }

    async fn is_as_it_was(&self) -> bool {
        let (id, new) = (&self.id, &self.new);
        self.store.load(id, at(0)).await.unwrap().into_row() == Some(row("before"))
            && self
                .store
                .load(new, at(0))
                .await
                .unwrap()
                .into_row()
                .is_none()
    }
}

fn done<'a, T: Send + 'a>(write: StoreFuture<'a, T>) -> StoreFuture<'a, ()> {
    Box::pin(async move { write.await.map(|_| ()) })
}

#[apply(trial_on_both_servers)]
async fn a_write_whose_connection_is_lost_is_in_doubt_and_not_repeated() {
    for over in BOTH {
        let scene = Scene::new(over, PgStoreOptions::new()).await;
        let after = row("after");
        for (name, write) in scene.writes(&after) {
            scene.hold_up().await;
            let (outcome, ()) = tokio::join!(write, scene.cut_off());
            let error = outcome.expect_err(name);
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{name} {over:?}");
            assert!(error.is_in_doubt(), "{name} {over:?}: {error:?}");
            scene.let_go().await;
            assert!(scene.is_as_it_was().await, "{name} {over:?}");
        }
    }
}

#[apply(trial_on_both_servers)]
async fn what_can_be_done_twice_is_repeated_when_its_connection_is_lost() {
    for over in BOTH {
        let scene = Scene::new(over, PgStoreOptions::new()).await;
        let revocation = Revocation {
            owner: "alice",
            which: Which::All,
            column: OwnerColumn::IsTheTruth,
        };
        let store = &scene.store;
        let writes = [
            done(store.revoke(&revocation)),
            store.probe(),
            done(store.delete(&scene.id)),
        ];
        for write in writes {
            scene.hold_up().await;
            let cut_off = async {
                scene.cut_off().await;
                scene.let_go().await;
            };
            let (outcome, ()) = tokio::join!(write, cut_off);
            outcome.unwrap();
        }
        assert_eq!(store.load(&scene.id, at(0)).await.unwrap().into_row(), None);
    }
}

#[apply(trial_on_both_servers)]
async fn a_write_whose_deadline_passes_is_in_doubt() {
    let options = || PgStoreOptions::new().deadline(Duration::from_millis(300));
    for &over in may_time_out() {
        let scene = Scene::new(over, options()).await;
        let after = row("after");
        let delete = done(scene.store.delete(&scene.id));
        let writes = scene.writes(&after).into_iter().chain([("delete", delete)]);
        for (name, write) in writes {
            scene.hold_up().await;
            let begun = Instant::now();
            let error = write.await.expect_err(name);
            assert!(begun.elapsed() < Duration::from_secs(2));
            assert_eq!(error.kind(), StoreErrorKind::Timeout, "{name} {over:?}");
            assert!(error.is_in_doubt(), "{name} {over:?}: {error:?}");
            // The server was told to stop; it may be a moment before it does.
            let waits = "SELECT count(*) FROM pg_stat_activity
                          WHERE application_name = $1 AND wait_event_type = 'Lock'";
            let name = scene.database.schema();
            let count = |row: tokio_postgres::Row| row.get::<_, i64>(0);
            while count(scene.watcher.query_one(waits, &[&name]).await.unwrap()) > 0 {
                assert!(begun.elapsed() < Duration::from_secs(10));
                tokio::task::yield_now().await;
            }
            scene.let_go().await;
            assert!(scene.is_as_it_was().await);
        }
    }
}

#[apply(trial_on_both_servers)]
async fn reading_is_never_in_doubt() {
    let reading = Duration::from_millis(200);
    for &over in may_time_out() {
        // The deadline for reading is one of its own.
        let scene = Scene::new(over, PgStoreOptions::new().read_deadline(reading)).await;
        let handle = pgstore::SessionHandle::generate().unwrap();
        let store = &scene.store;
        let reads: [StoreFuture<'_, ()>; 3] = [
            done(store.load(&scene.id, at(0))),
            done(store.find(&handle, at(0))),
            done(store.owned("alice", at(0))),
        ];
        let lock = "BEGIN; LOCK TABLE http_sessions IN ACCESS EXCLUSIVE MODE";
        scene.stranger.batch_execute(lock).await.unwrap();
        for read in reads {
            let begun = Instant::now();
            let error = read.await.unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(2));
            assert_eq!(error.kind(), StoreErrorKind::Timeout);
            assert!(!error.is_in_doubt(), "{error:?}");
        }
        let write = scene.store.delete(&scene.id);
        let mut write = pin!(write);
        tokio::select! {
            biased;
            _ = &mut write => panic!("the table is locked"),
            () = tokio::time::sleep(2 * reading) => {}
        }
        scene.let_go().await;
        assert_eq!(write.await.unwrap(), 1);
    }
}

#[apply(trial_on_both_servers)]
async fn what_was_never_sent_is_not_in_doubt() {
    let silence = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silence.local_addr().unwrap().port();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap().port();
    drop(closed);
    for port in [silent, nobody] {
        let url = format!("postgres://u@127.0.0.1:{port}/d");
        let options = || PgStoreOptions::new().deadline(Duration::from_millis(200));
        let manager = Manager::new(url.parse().unwrap(), NoTls);
        for store in [
            options().connect_lazily(&url).unwrap(),
            options().from_pool(Pool::builder(manager).build().unwrap()),
        ] {
            let (id, row) = (fresh(), row(""));
            for error in [
                store.insert(&id, &row).await.unwrap_err(),
                store.update(&id, at(0), &row).await.unwrap_err(),
                store.delete(&id).await.unwrap_err(),
            ] {
                assert!(error.is_unavailable(), "{error:?}");
                assert!(!error.is_in_doubt(), "{error:?}");
            }
        }
    }
}

#[apply(trial_on_both_servers)]
async fn what_the_server_refused_is_not_in_doubt() {
    for over in BOTH {
        let scene = Scene::new(over, PgStoreOptions::new()).await;
        let check = "ALTER TABLE http_sessions ADD CHECK (data <> 'bad')";
        scene.stranger.batch_execute(check).await.unwrap();
        let bad = row("bad");
        for (name, write) in scene.writes(&bad).into_iter().take(4) {
            let error: StoreError = write.await.expect_err(name);
            assert_eq!(error.kind(), StoreErrorKind::Other, "{name} {over:?}");
            assert!(!error.is_in_doubt(), "{name} {over:?}: {error:?}");
        }
        assert!(scene.is_as_it_was().await);
    }
}
