//! The application's own pool in place of the store's connections.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use libtest_mimic::Trial;
use pgstore::store::conformance::{Behaviour, behaviours};
use pgstore::store::{Row, RowExtras, Sweeper};
use pgstore::{
    MigrateErrorKind, PgStore, PgStoreOptions, SessionId, StatementNames, Store, StoreErrorKind,
    SweepOptions, Timestamp,
};
use tokio_postgres::NoTls;

use crate::support::database::{Database, Key};
use crate::support::secrets::{self, Told};
use crate::support::{apply, trial, trials};

#[apply(trials)]
fn conformance() -> Vec<Trial> {
    behaviours().into_iter().map(conforms).collect()
}

fn conforms(behaviour: Behaviour) -> Trial {
    let name = format!("connect::pool::conformance::{}", behaviour.name());
    Trial::test(name, move || {
        let runtime = tokio::runtime::Runtime::new().expect("the runtime starts");
        runtime.block_on(async {
            let database = Database::fresh().await;
            let store = PgStore::from_pool(pool(&database.url(), 4));
            store.migrate().await.unwrap();
            behaviour.check(Arc::new(store)).await;
        });
        Ok(())
    })
}

fn pool(url: &str, size: usize) -> Pool {
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(url.parse().unwrap(), NoTls, config);
    Pool::builder(manager).max_size(size).build().unwrap()
}

/// A pool on a schema with the table, and a store over it.
async fn store_of(size: usize, options: PgStoreOptions) -> (Database, Pool, PgStore) {
    let database = Database::fresh().await;
    let pool = pool(&database.url(), size);
    let store = options.from_pool(pool.clone());
    store.migrate().await.unwrap();
    (database, pool, store)
}

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_700_000_000)
}

fn row() -> Row {
    Row {
        data: b"x".to_vec(),
        created_on: now(),
        modified_on: now(),
        expires_on: Timestamp::from_unix_seconds(1_700_003_600),
        extras: RowExtras::default(),
    }
}

async fn inserted(store: &PgStore) -> SessionId {
    let id = secrets::fresh_id();
    store.insert(&id, &row()).await.unwrap();
    id
}

#[apply(trial)]
async fn closing_the_store_leaves_the_pool_open() {
    let (_database, pool, store) = store_of(2, PgStoreOptions::new()).await;
    let id = inserted(&store).await;
    store.close().await;
    let error = store.load(&id, now()).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Closed);
    assert!(!pool.is_closed());
    let client = pool.get().await.unwrap();
    let row = client
        .query_one("SELECT count(*) FROM http_sessions", &[])
        .await;
    assert_eq!(row.unwrap().get::<_, i64>(0), 1);
    assert!(format!("{store:?}").contains("the application's pool"));
}

#[apply(trial)]
async fn waiting_for_the_pool_counts_towards_the_deadline() {
    let deadline = Duration::from_millis(200);
    let (_database, pool, store) = store_of(1, PgStoreOptions::new().deadline(deadline)).await;
    let id = inserted(&store).await;
    let taken = pool.get().await.unwrap();
    let begun = Instant::now();
    let error = store.load(&id, now()).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(2));
    drop(taken);
    assert!(store.load(&id, now()).await.unwrap().into_row().is_some());
}

/// The backend that the pool's only connection has.
#[apply(trial)]
async fn asking_what_is_missing_waits_for_the_pool_until_the_deadline() {
    let deadline = Duration::from_millis(200);
    let (_database, pool, store) = store_of(1, PgStoreOptions::new().deadline(deadline)).await;
    let _taken = pool.get().await.unwrap();
    let missing = store.missing_migrations().await.told().unwrap_err();
    let distributed = store.is_distributed().await.told().unwrap_err();
    for error in [missing, distributed] {
        assert_eq!(error.kind(), MigrateErrorKind::Unreachable);
        let cause = error.source().unwrap().source().unwrap().to_string();
        assert_eq!(cause, "none was free for 200ms");
    }
}

async fn backend(pool: &Pool) -> i32 {
    let client = pool.get().await.unwrap();
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await;
    row.unwrap().get(0)
}

#[apply(trial)]
async fn a_blocked_statement_ends_at_its_deadline_and_its_connection_is_not_given_back() {
    let options = PgStoreOptions::new().deadline(Duration::from_millis(300));
    let (database, pool, store) = store_of(1, options).await;
    let (id, other) = (inserted(&store).await, inserted(&store).await);
    let before = backend(&pool).await;

    let stranger = database.client().await;
    let lock = "BEGIN; LOCK TABLE http_sessions IN SHARE MODE";
    stranger.batch_execute(lock).await.unwrap();
    let error = store.delete(&id).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    assert!(
        store
            .load(&other, now())
            .await
            .unwrap()
            .into_row()
            .is_some()
    );
    assert_ne!(backend(&pool).await, before);
    stranger.batch_execute("ROLLBACK").await.unwrap();
    // The server was told to stop, so the row is still there.
    assert!(store.load(&id, now()).await.unwrap().into_row().is_some());
}

#[apply(trial)]
async fn a_caller_that_goes_away_leaves_no_connection_behind_that_is_busy() {
    let (database, pool, store) = store_of(1, PgStoreOptions::new()).await;
    let (id, other) = (inserted(&store).await, inserted(&store).await);
    let mut client = database.client().await;
    let stranger = client.transaction().await.unwrap();
    let lock = "SELECT FROM http_sessions WHERE key = $1 FOR UPDATE";
    stranger.query(lock, &[&Key(&id)]).await.unwrap();

    let gone = tokio::time::timeout(Duration::from_millis(100), store.delete(&id)).await;
    assert!(gone.is_err());
    assert!(
        store
            .load(&other, now())
            .await
            .unwrap()
            .into_row()
            .is_some()
    );
    assert_eq!(pool.status().size, 1);
    stranger.rollback().await.unwrap();
}

#[apply(trial)]
async fn connections_that_the_server_ended_are_replaced() {
    let (database, pool, store) = store_of(3, PgStoreOptions::new()).await;
    let id = inserted(&store).await;
    let client = database.client().await;
    for _ in 0..5 {
        let taken = tokio::join!(backend(&pool), backend(&pool), backend(&pool));
        for pid in [taken.0, taken.1, taken.2] {
            client
                .query("SELECT pg_terminate_backend($1)", &[&pid])
                .await
                .unwrap();
        }
        assert!(store.load(&id, now()).await.unwrap().into_row().is_some());
    }
}

#[apply(trial)]
async fn a_read_only_connection_is_not_given_back() {
    let (_database, pool, store) = store_of(1, PgStoreOptions::new()).await;
    let before = backend(&pool).await;
    let client = pool.get().await.unwrap();
    client
        .batch_execute("SET default_transaction_read_only = on")
        .await
        .unwrap();
    drop(client);
    inserted(&store).await;
    assert_ne!(backend(&pool).await, before);
}

#[apply(trial)]
async fn statements_with_names_are_prepared_once_for_each_connection_and_others_never() {
    for (names, prepared) in [(StatementNames::Named, 2), (StatementNames::Auto, 0)] {
        let options = PgStoreOptions::new().statement_names(names);
        let (_database, pool, store) = store_of(1, options).await;
        let id = inserted(&store).await;
        for _ in 0..5 {
            store.load(&id, now()).await.unwrap();
        }
        let client = pool.get().await.unwrap();
        let sql = "SELECT count(*) FROM pg_prepared_statements
                    WHERE statement LIKE '%http_sessions%' AND statement NOT LIKE '%pg_prepared%'";
        let row = client.query_one(sql, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), prepared, "{names:?}");
    }
}

#[apply(trial)]
async fn a_closed_pool_is_an_error() {
    let (_database, pool, store) = store_of(1, PgStoreOptions::new()).await;
    let id = inserted(&store).await;
    pool.close();
    let error = store.load(&id, now()).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[apply(trial)]
async fn a_pool_that_cannot_connect_is_an_error_without_the_password() {
    let store = PgStore::from_pool(pool("host=/nowhere user=u password=hunter2", 1));
    let id = secrets::fresh_id();
    let error = store.load(&id, now()).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let told = format!("{error} {error:?} {store:?}");
    assert!(!told.contains("hunter2"), "{told}");
    assert!(store.migrate().await.is_err());
}

#[apply(trial)]
async fn a_sweeper_works_over_a_pool() {
    let (_database, _pool, store) = store_of(2, PgStoreOptions::new()).await;
    for _ in 0..10 {
        inserted(&store).await;
    }
    let sweeper = Sweeper::new(
        Arc::new(store),
        Arc::new(pgstore::SystemClock::default()),
        SweepOptions::new(),
    );
    let swept = sweeper.sweep().await.unwrap();
    assert_eq!(swept, 10);
}
