//! Completing a table that is in use: indexes beside writers, after failures, many at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pgstore::store::conformance::behaviours;
use pgstore::store::{DatabaseError, MigrateProgress, Migrated};
use pgstore::store::{Written, migrations};
use pgstore::{MigrateErrorKind, PgStore, PgStoreOptions, Store, StoreError, TableName};
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::migrate::{AS_GO_DOES, drop_role, role_without_create};
use super::things::{at, fresh, id_change, row};
use crate::support::database::{Database, Key};
use crate::support::secrets::Told;
use crate::support::{apply, trial_on_both_servers};

const ROWS: &str = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
    SELECT convert_to((n / 2)::text, 'UTF8'), 'x', now(), now(), now() + interval '1 h'
      FROM generate_series(1, 2000) AS n";

/// A table with duplicates of keys, in which nothing can be found quickly any more.
async fn table_without_an_index_on_key(database: &Database) -> Client {
    let client = database.client().await;
    for migration in migrations() {
        client.batch_execute(&migration.sql()).await.unwrap();
    }
    client.batch_execute(ROWS).await.unwrap();
    let drop = "DROP INDEX http_sessions_key_idx";
    client.batch_execute(drop).await.unwrap();
    client
}

/// Migrates in a task, on a connection that the test can tell from others.
fn begin_to_migrate(database: &Database) -> JoinHandle<Migrated> {
    let name = database.schema();
    let url = format!("{}&application_name={name}", database.url());
    tokio::spawn(async move {
        let store = PgStore::connect(&url).await.unwrap();
        store.migrate().await.unwrap()
    })
}

/// A writer that takes its time, for which every way to build an index waits. It keeps no
/// snapshot between its statements: for such ones the builds of other trials would wait, too.
async fn slow_writer(client: &mut Client) -> Transaction<'_> {
    let begin = client.build_transaction();
    let begin = begin.isolation_level(IsolationLevel::ReadCommitted);
    let slow = begin.start().await.unwrap();
    slow.batch_execute(ROWS).await.unwrap();
    slow
}

async fn wait_until(client: &Client, condition: &str) {
    let begun = Instant::now();
    let sql = format!("SELECT {condition}");
    while !client.query_one(&sql, &[]).await.unwrap().get::<_, bool>(0) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{condition}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const HAS_INDEX: &str = "EXISTS (SELECT FROM pg_index WHERE indisvalid AND NOT indisunique
    AND indexrelid = to_regclass('http_sessions_key_idx'))";

#[apply(trial_on_both_servers)]
async fn a_missing_index_is_built_beside_writers() {
    let database = Database::fresh().await;
    let watcher = table_without_an_index_on_key(&database).await;
    let mut client = database.client().await;
    let slow = slow_writer(&mut client).await;
    let migrating = begin_to_migrate(&database);
    let waits = format!(
        "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{}'
           AND wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX%')",
        database.schema()
    );
    wait_until(&watcher, &waits).await;

    let store = PgStore::connect(&database.url()).await.unwrap();
    let (id, begun) = (fresh(), Instant::now());
    store.insert(&id, &row("")).await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
    assert!(begun.elapsed() < Duration::from_secs(2), "writers proceed");
    assert!(!migrating.is_finished());
    slow.commit().await.unwrap();
    assert_eq!(migrating.await.unwrap().applied, [1]);
    wait_until(&watcher, HAS_INDEX).await;
}

/// Settings of a role or a database, that is, which are there before the store's.
#[apply(trial_on_both_servers)]
async fn no_time_limit_of_a_role_ends_an_index_build() {
    let database = Database::fresh().await;
    let watcher = table_without_an_index_on_key(&database).await;
    let names = "SELECT name FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout',
        'transaction_timeout', 'idle_in_transaction_session_timeout')";
    let names = watcher.query(names, &[]).await.unwrap();
    let limits = names
        .iter()
        .map(|row| format!("-c{}=500ms ", row.get::<_, &str>(0)));
    let url = database.url_with(&limits.collect::<String>());
    let url = format!("{url}&application_name={}", database.schema());
    let mut client = database.client().await;
    let slow = slow_writer(&mut client).await;
    let migrating = tokio::spawn(async move {
        let store = PgStore::connect(&url).await.unwrap();
        store.migrate().await.told().unwrap()
    });
    let waits = format!(
        "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{}'
           AND query LIKE 'CREATE INDEX%' AND clock_timestamp() > query_start + interval '1 s')",
        database.schema()
    );
    wait_until(&watcher, &waits).await;
    assert!(!migrating.is_finished());
    slow.commit().await.unwrap();
    assert_eq!(migrating.await.unwrap().applied, [1]);
    wait_until(&watcher, HAS_INDEX).await;
}

#[apply(trial_on_both_servers)]
async fn what_a_failed_build_left_is_made_again() {
    let database = Database::fresh().await;
    let client = table_without_an_index_on_key(&database).await;
    let fails = "CREATE UNIQUE INDEX CONCURRENTLY http_sessions_key_idx ON http_sessions (key)";
    assert!(client.batch_execute(fails).await.is_err());
    let left = "EXISTS (SELECT FROM pg_index WHERE NOT indisvalid
        AND indexrelid = to_regclass('http_sessions_key_idx'))";
    wait_until(&client, left).await;
    assert_eq!(begin_to_migrate(&database).await.unwrap().applied, [1]);
    wait_until(&client, HAS_INDEX).await;
    assert!(
        begin_to_migrate(&database)
            .await
            .unwrap()
            .applied
            .is_empty()
    );
}

#[apply(trial_on_both_servers)]
async fn an_index_that_somebody_else_builds_is_waited_for() {
    let database = Database::fresh().await;
    let watcher = table_without_an_index_on_key(&database).await;
    let (mut client, builder) = (database.client().await, database.client().await);
    let slow = slow_writer(&mut client).await;
    let building = tokio::spawn(async move {
        let build = "CREATE INDEX CONCURRENTLY http_sessions_key_idx ON http_sessions (key)";
        builder.batch_execute(build).await
    });
    let is_building = "EXISTS (SELECT FROM pg_stat_progress_create_index
        WHERE index_relid = to_regclass('http_sessions_key_idx'))";
    wait_until(&watcher, is_building).await;
    let migrating = begin_to_migrate(&database);
    let looked = format!(
        "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{}'
           AND query LIKE 'ROLLBACK%')",
        database.schema()
    );
    wait_until(&watcher, &looked).await;
    slow.commit().await.unwrap();
    building.await.unwrap().unwrap();
    assert!(migrating.await.unwrap().applied.is_empty());
    wait_until(&watcher, HAS_INDEX).await;
}

#[apply(trial_on_both_servers)]
async fn twenty_stores_complete_a_table_in_use_at_once() {
    for _ in 0..3 {
        let database = Database::fresh().await;
        let client = table_without_an_index_on_key(&database).await;
        let writing = tokio::spawn(async move {
            loop {
                client.batch_execute(ROWS).await.unwrap();
            }
        });
        let mut tasks = JoinSet::new();
        for _ in 0..20 {
            let migrating = begin_to_migrate(&database);
            tasks.spawn(async move { migrating.await.unwrap().applied.len() });
        }
        let applied: usize = tasks.join_all().await.into_iter().sum();
        assert_eq!(applied, 1, "one of them built it, the others waited");
        writing.abort();
    }
}

#[apply(trial_on_both_servers)]
async fn a_role_that_is_not_the_owner_is_told_what_to_run_beside_writers() {
    let database = Database::fresh().await;
    let client = table_without_an_index_on_key(&database).await;
    let role = role_without_create(&database).await;
    let store = PgStore::connect(&database.url_as(&role)).await.unwrap();
    let error = store.migrate().await.told().unwrap_err();
    assert_eq!(error.kind(), MigrateErrorKind::Forbidden);
    assert_eq!(
        error.sql().expect("the SQL to run").trim_end(),
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"http_sessions_key_idx\" ON \"http_sessions\" (key);"
    );
    client.batch_execute(error.sql().unwrap()).await.unwrap();
    assert!(store.migrate().await.unwrap().applied.is_empty());
    drop_role(&database, &role).await;
}

#[apply(trial_on_both_servers)]
async fn a_schema_that_does_not_exist_is_an_error_of_its_own() {
    let database = Database::fresh().await;
    let table = TableName::parse("no_such_schema.sessions").unwrap();
    let options = PgStoreOptions::new().table(table);
    let store = options.connect(&database.url()).await.unwrap();
    let error = store.migrate().await.told().unwrap_err();
    assert_eq!(error.kind(), MigrateErrorKind::NoSchema);
    assert!(error.to_string().contains("schema"), "{error}");
}

/// What Go runs (pgstore.go insert, save and selectOne), in other words.
const GO_INSERTS: &str =
    "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
    VALUES ($1, 'go', now(), now(), now() + interval '1 h')";
const GO_UPDATES: &str = "UPDATE http_sessions SET data = 'again', modified_on = now(),
    expires_on = now() + interval '1 h' WHERE key = $1";
const GO_SELECTS: &str = "SELECT id, key, data, created_on, modified_on, expires_on
    FROM http_sessions WHERE key = $1";

/// Writes sessions as Go does until `stop` is set. Returns how many.
async fn write_as_go_does(client: Client, stop: Arc<AtomicBool>) -> u64 {
    let insert = client.prepare(GO_INSERTS).await.unwrap();
    let update = client.prepare(GO_UPDATES).await.unwrap();
    let select = client.prepare(GO_SELECTS).await.unwrap();
    let mut sessions = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = fresh();
        let key = Key(&id);
        client.execute(&insert, &[&key]).await.unwrap();
        assert_eq!(client.execute(&update, &[&key]).await.unwrap(), 1);
        assert_eq!(client.query(&select, &[&key]).await.unwrap().len(), 1);
        sessions += 1;
    }
    sessions
}

/// The same as a node of this library does, which migrates when it starts.
async fn write_as_this_library_does(url: String, stop: Arc<AtomicBool>) -> (u64, Vec<u32>) {
    let store = PgStore::connect(&url).await.unwrap();
    let applied = store.migrate().await.unwrap().applied;
    let (mut sessions, after) = (0, row("new"));
    while !stop.load(Ordering::Relaxed) {
        let (id, new) = (fresh(), fresh());
        store.insert(&id, &row("")).await.unwrap();
        let renamed = store.rename(id_change(&id, Some(at(0)), &new), &after);
        assert_eq!(renamed.await.unwrap(), Written::Saved);
        assert_eq!(
            store.load(&new, at(0)).await.unwrap().into_row(),
            Some(after.clone())
        );
        sessions += 1;
    }
    store.close().await;
    (sessions, applied)
}

#[apply(trial_on_both_servers)]
async fn columns_are_added_beside_writers() {
    let database = Database::fresh().await;
    let client = database.client().await;
    let serial = "SET default_transaction_isolation = 'read committed'"; // So that looking on fails nobody.
    client.batch_execute(serial).await.unwrap();
    client.batch_execute(AS_GO_DOES).await.unwrap();
    client.batch_execute(ROWS).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let mut go = JoinSet::new();
    for _ in 0..4 {
        let serial = "SET default_transaction_isolation = 'read committed'"; // As Go's users run it.
        let writer = database.client().await;
        writer.batch_execute(serial).await.unwrap();
        go.spawn(write_as_go_does(writer, Arc::clone(&stop)));
    }
    let mut ours = JoinSet::new();
    for _ in 0..4 {
        ours.spawn(write_as_this_library_does(
            database.url(),
            Arc::clone(&stop),
        ));
    }
    let complete = "(SELECT count(*) = 3 FROM pg_index WHERE indisvalid AND indpred IS NOT NULL
        AND indrelid = 'http_sessions'::regclass)
        AND (SELECT count(*) > 50 FROM http_sessions WHERE saved_on = modified_on)";
    let begun = Instant::now();
    while client
        .query_one(&format!("SELECT {complete}"), &[])
        .await
        .is_err()
    {
        // The columns are not there yet.
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    wait_until(&client, complete).await;
    stop.store(true, Ordering::Relaxed);
    let by_go: u64 = go.join_all().await.into_iter().sum();
    let ours = ours.join_all().await;
    let by_us: u64 = ours.iter().map(|(sessions, _)| sessions).sum();
    let applied: usize = ours.iter().map(|(_, applied)| applied.len()).sum();
    assert!(applied >= 1, "one of them did it");
    println!("{by_go} sessions of Go's, {by_us} of this library, none failed");
    assert!(by_go > 0 && by_us > 0);
    let rows =
        "(SELECT count(*) = 2000 FROM http_sessions WHERE data = 'x' AND save_token IS NULL)";
    wait_until(&client, rows).await;
}

#[apply(trial_on_both_servers)]
async fn columns_wait_for_a_long_transaction_without_holding_up_others() {
    let database = Database::fresh().await;
    let watcher = database.client().await;
    watcher.batch_execute(AS_GO_DOES).await.unwrap();
    let mut client = database.client().await;
    let slow = slow_writer(&mut client).await;
    let migrating = begin_to_migrate(&database);
    let waits = format!(
        "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{}'
           AND wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE%')",
        database.schema()
    );
    wait_until(&watcher, &waits).await;
    // A new writer waits behind ALTER, which waits 2 seconds at most.
    let begun = Instant::now();
    watcher.execute(GO_INSERTS, &[&&b"key"[..]]).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "writers proceed");
    assert!(!migrating.is_finished());
    slow.commit().await.unwrap();
    assert_eq!(migrating.await.unwrap().applied, [2]);
}

/// As `pg_dump` reads: its transaction stays open, and no column can be added meanwhile.
#[apply(trial_on_both_servers)]
async fn beside_a_long_reader_others_wait_for_a_moment_only() {
    let database = Database::fresh().await;
    let watcher = database.client().await;
    watcher.batch_execute(AS_GO_DOES).await.unwrap();
    let mut client = database.client().await;
    let begin = client.build_transaction();
    let begin = begin.isolation_level(IsolationLevel::RepeatableRead);
    let reader = begin.start().await.unwrap();
    reader.batch_execute("TABLE http_sessions").await.unwrap();

    let store = PgStore::connect(&database.url()).await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let migrating = tokio::spawn(async move {
        let tell = move |progress| telling.lock().unwrap().push(progress);
        store.migrate_with_progress(tell).await.told().unwrap()
    });
    let (mut slowest, begun) = (Duration::ZERO, Instant::now());
    let mut busy = Duration::ZERO;
    while told.lock().unwrap().len() < 5 {
        let asked = Instant::now();
        watcher.query(GO_SELECTS, &[&&b"key"[..]]).await.unwrap();
        slowest = slowest.max(asked.elapsed());
        busy += asked.elapsed().saturating_sub(Duration::from_millis(20));
        assert!(begun.elapsed() < Duration::from_secs(40));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let all = begun.elapsed();
    println!(
        "reads beside a migration that waits: slowest {slowest:?}, {busy:?} of {all:?} waited"
    );
    assert!(slowest < Duration::from_millis(700), "{slowest:?}");
    assert!(2 * busy < all, "{busy:?} of {all:?}");
    let first = told.lock().unwrap()[0].clone();
    let MigrateProgress::WaitingForLock { holder, .. } = first else {
        panic!("{first:?}");
    };
    assert!(holder.is_some_and(|holder| holder.starts_with("process ")));
    reader.rollback().await.unwrap();
    assert_eq!(migrating.await.unwrap().applied, [2]);
}

#[apply(trial_on_both_servers)]
async fn a_long_build_tells_its_progress() {
    let database = Database::fresh().await;
    table_without_an_index_on_key(&database).await;
    let mut client = database.client().await;
    let slow = slow_writer(&mut client).await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let migrating = tokio::spawn(async move {
        let tell = move |progress| telling.lock().unwrap().push(progress);
        store.migrate_with_progress(tell).await.told().unwrap()
    });
    let begun = Instant::now();
    while told.lock().unwrap().len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    slow.commit().await.unwrap();
    assert_eq!(migrating.await.unwrap().applied, [1]);
    let told = told.lock().unwrap();
    let is_building = |progress: &MigrateProgress| matches!(progress, MigrateProgress::BuildingIndex { index, .. } if index == "http_sessions_key_idx");
    assert!(told.iter().all(is_building), "{told:?}");
}

#[apply(trial_on_both_servers)]
async fn the_library_runs_on_the_table_of_go() {
    let database = Database::fresh().await;
    let client = database.client().await;
    client.batch_execute(AS_GO_DOES).await.unwrap();
    for behaviour in behaviours() {
        let empty = "TRUNCATE http_sessions";
        client.batch_execute(empty).await.unwrap();
        let store = PgStore::connect(&database.url()).await.unwrap();
        store.migrate().await.unwrap();
        behaviour.check(Arc::new(store.clone())).await;
        store.close().await;
    }
}

#[apply(trial_on_both_servers)]
async fn what_is_missing_at_first_use_says_which_migration() {
    let database = Database::fresh().await;
    let client = database.client().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let error = store.delete(&fresh()).await.told().unwrap_err();
    assert_eq!(
        said_of(&error),
        ["it needs migration 1 (http_sessions)", "42P01"]
    );

    client.batch_execute(AS_GO_DOES).await.unwrap();
    store.delete(&fresh()).await.unwrap();
    let error = store.load(&fresh(), at(0)).await.told().unwrap_err();
    assert!(error.to_string().contains("migrate()"), "{error}");
    assert_eq!(
        said_of(&error),
        ["it needs migration 2 (session_metadata)", "42703"]
    );
}

/// Which migration, and the server's SQLSTATE.
fn said_of(error: &StoreError) -> [String; 2] {
    let cause = std::error::Error::source(error).expect("which migration");
    let refusal = cause.source().expect("what the server said");
    let refusal = refusal
        .downcast_ref::<DatabaseError>()
        .expect("it is the server's");
    [cause.to_string(), refusal.sqlstate().to_owned()]
}
