//! Sweeping: in the background, past locked rows, and after errors.

use std::sync::Arc;
use std::time::Duration;

use pgstore::store::{SweepBatch, Sweeper};
use pgstore::{
    Clock, FirstSweep, MemoryStore, PgStore, Store, StoreErrorKind, SweepOptions, Timestamp,
};

use super::migrate::AS_GO_DOES;
use super::things::{at, fresh, row};
use crate::support::database::Database;
use crate::support::secrets::Told;
use crate::support::{apply, trial_on_both_servers};

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        at(0)
    }
}

fn sweeper(store: impl Store, options: SweepOptions) -> Sweeper {
    Sweeper::new(Arc::new(store), Arc::new(Still), options)
}

const FILL: &str = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
    SELECT convert_to(n::text, 'UTF8'), 'x', to_timestamp(0), to_timestamp(0),
           to_timestamp(1600000000 + n / 7)
      FROM generate_series(1, 5000) AS n";

async fn count(client: &tokio_postgres::Client) -> i64 {
    let sql = "SELECT count(*) FROM http_sessions";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[apply(trial_on_both_servers)]
async fn five_thousand_rows_are_swept_in_batches_past_a_locked_one() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let (mut client, watcher) = (database.client().await, database.client().await);
    client.batch_execute(FILL).await.unwrap();
    let alive = fresh();
    store.insert(&alive, &row("")).await.unwrap();
    let stranger = client.transaction().await.unwrap();
    let lock = "SELECT FROM http_sessions WHERE key = '2500' FOR UPDATE";
    stranger.query(lock, &[]).await.unwrap();

    let handle = sweeper(store.clone(), SweepOptions::new().batch(300)).start();
    assert_eq!(handle.sweep_now().await.unwrap(), 4999);
    assert_eq!(count(&watcher).await, 2);
    stranger.rollback().await.unwrap();
    assert_eq!(handle.sweep_now().await.unwrap(), 1);
    assert_eq!(handle.stats().removed, 5000);
    assert!(
        store
            .load(&alive, at(0))
            .await
            .unwrap()
            .into_row()
            .is_some()
    );
    handle.stop().await;
}

#[apply(trial_on_both_servers)]
async fn a_table_that_only_go_has_made_is_swept() {
    let database = Database::fresh().await;
    let client = database.client().await;
    client.batch_execute(AS_GO_DOES).await.unwrap();
    client.batch_execute(FILL).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let batch = SweepBatch::new(at(0), at(0), 10_000);
    let swept = store.sweep(&batch).await.told().unwrap();
    assert_eq!((swept.removed, count(&client).await), (5000, 0));
}

#[apply(trial_on_both_servers)]
async fn sweepers_of_two_nodes_share_the_work() {
    let database = Database::fresh().await;
    let (one, other) = (database.store().await, database.store().await);
    let client = database.client().await;
    client.batch_execute(FILL).await.unwrap();
    let options = SweepOptions::new().batch(100);
    let (one, other) = (sweeper(one, options), sweeper(other, options));
    let (one, other) = tokio::join!(one.sweep(), other.sweep());
    assert_eq!(
        one.unwrap() + other.unwrap() + u64::try_from(count(&client).await).unwrap(),
        5000
    );
}

#[apply(trial_on_both_servers)]
async fn an_expired_row_with_a_null_is_swept_and_one_without_an_end_stays() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let client = database.client().await;
    let fill = "INSERT INTO http_sessions (key, expires_on) VALUES
        ('a', to_timestamp(1)), ('b', NULL), ('c', 'infinity'), ('d', '-infinity')";
    client.batch_execute(fill).await.unwrap();
    let sweeper = sweeper(store, SweepOptions::new().batch(1));
    assert_eq!(sweeper.sweep().await.unwrap(), 1);
    assert_eq!(count(&client).await, 3);
}

#[apply(trial_on_both_servers)]
async fn the_sweeper_survives_errors_and_counts_them() {
    let store = MemoryStore::new();
    let handle = sweeper(store.clone(), SweepOptions::new()).start();
    store.fail_with(Some(StoreErrorKind::Unavailable));
    for _ in 0..2 {
        let error = handle.sweep_now().await.told().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
    let stats = handle.stats();
    assert_eq!((stats.sweeps, stats.errors), (2, 2));
    assert_eq!(stats.last_error, Some(StoreErrorKind::Unavailable));

    store.fail_with(None);
    assert_eq!(handle.sweep_now().await.unwrap(), 0);
    let stats = handle.stats();
    assert_eq!((stats.sweeps, stats.errors), (3, 2));
    assert_eq!((stats.last_error, stats.last_finished), (None, Some(at(0))));
    handle.stop().await;
}

#[apply(trial_on_both_servers)]
async fn the_sweeper_sweeps_by_itself() {
    let store = MemoryStore::new();
    store.fail_with(Some(StoreErrorKind::Timeout));
    let options = SweepOptions::new()
        .interval(Duration::from_millis(5))
        .first(FirstSweep::AtOnce);
    let handle = sweeper(store.clone(), options).start();
    let failed = handle.next_sweep().await.unwrap();
    assert!(failed.errors > 0);
    store.fail_with(None);
    while handle.next_sweep().await.unwrap().last_error.is_some() {}
    handle.stop().await;
    assert_eq!(handle.next_sweep().await, None);
}

#[apply(trial_on_both_servers)]
async fn stopping_twice_is_harmless() {
    let handle = sweeper(MemoryStore::new(), SweepOptions::new()).start();
    let clone = handle.clone();
    tokio::join!(handle.stop(), clone.stop());
    handle.stop().await;
    let error = clone.sweep_now().await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Closed);
}

#[apply(trial_on_both_servers)]
async fn dropping_the_last_handle_stops_the_sweeper() {
    let store = Arc::new(MemoryStore::new());
    let weak = Arc::downgrade(&store);
    let handle = Sweeper::new(store, Arc::new(Still), SweepOptions::new()).start();
    drop(handle.clone());
    assert_eq!(handle.sweep_now().await.unwrap(), 0);
    drop(handle);
    while weak.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[apply(trial_on_both_servers)]
async fn the_margin_for_clocks_spares_rows_that_have_just_expired() {
    let store = MemoryStore::new();
    let ended = |seconds: i64| pgstore::store::Row {
        modified_on: at(-seconds - 10),
        expires_on: at(-seconds),
        ..row("")
    };
    store.insert(&fresh(), &ended(60)).await.unwrap();
    store.insert(&fresh(), &ended(61)).await.unwrap();
    let sweeper = sweeper(store.clone(), SweepOptions::new());
    assert_eq!(sweeper.sweep().await.unwrap(), 1);
    assert_eq!(store.len(), 1);
}

/// Rows to which a table of the application refers, and one that a trigger keeps.
#[apply(trial_on_both_servers)]
async fn rows_that_cannot_be_removed_are_skipped_and_counted() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    client.batch_execute(FILL).await.unwrap();
    let keep = "CREATE TABLE orders (session bigint REFERENCES http_sessions (id));
        INSERT INTO orders SELECT id FROM http_sessions WHERE id % 700 = 0 OR id BETWEEN 1001 AND 1005;
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'it stays'; END $$;
        CREATE TRIGGER keep BEFORE DELETE ON http_sessions
            FOR EACH ROW WHEN (OLD.id = 4321) EXECUTE FUNCTION keep()";
    client.batch_execute(keep).await.unwrap();
    let handle = sweeper(store, SweepOptions::new()).start();
    for sweeps in 1..=2 {
        handle.sweep_now().await.unwrap();
        let stats = handle.stats();
        assert_eq!((stats.sweeps, stats.errors), (sweeps, 0));
        assert_eq!((stats.removed, stats.undeletable), (4987, 13));
        assert_eq!(count(&client).await, 13);
    }
    client.batch_execute("DROP TABLE orders").await.unwrap();
    assert_eq!(handle.sweep_now().await.unwrap(), 12);
    assert_eq!(handle.stats().undeletable, 1);
    handle.stop().await;
}

#[apply(trial_on_both_servers)]
async fn the_lag_says_for_how_long_the_oldest_row_had_been_expired() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let ended = |seconds: i64| pgstore::store::Row {
        modified_on: at(-seconds - 10),
        expires_on: at(-seconds),
        ..row("")
    };
    for store in [
        Arc::new(store) as Arc<dyn Store>,
        Arc::new(MemoryStore::new()),
    ] {
        for seconds in [100, 900, 500] {
            store.insert(&fresh(), &ended(seconds)).await.unwrap();
        }
        let sweeper = Sweeper::new(store, Arc::new(Still), SweepOptions::new());
        let handle = sweeper.start();
        for lag in [900, 0] {
            handle.sweep_now().await.unwrap();
            assert_eq!(handle.stats().lag, Duration::from_secs(lag));
        }
        handle.stop().await;
    }
}
