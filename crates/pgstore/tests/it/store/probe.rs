//! The probe, against everything that can prevent sessions from being written.

use std::time::{Duration, Instant};

use pgstore::store::DatabaseError;
use pgstore::{PgStore, PgStoreOptions, Store, StoreError, StoreErrorKind};

use super::migrate::{drop_role, role_without_create};
use super::things::{fresh, row};
use crate::support::database::Database;
use crate::support::{apply, trial_on_both_servers};

fn sqlstate(error: &StoreError) -> Option<&str> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(answer) = error.downcast_ref::<DatabaseError>() {
            return Some(answer.sqlstate());
        }
        cause = error.source();
    }
    None
}

#[apply(trial_on_both_servers)]
async fn a_probe_leaves_nothing_but_a_used_number() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    store.insert(&fresh(), &row("")).await.unwrap();
    let rows = "SELECT string_agg(concat(ctid, xmin, id), ' ') FROM http_sessions";
    let fingerprint = || async {
        let row = client.query_one(rows, &[]).await.unwrap();
        row.get::<_, String>(0)
    };
    let before = fingerprint().await;
    for _ in 0..3 {
        store.probe().await.unwrap();
    }
    assert_eq!(fingerprint().await, before);
    let used = "SELECT last_value FROM http_sessions_id_seq";
    let used: i64 = client.query_one(used, &[]).await.unwrap().get(0);
    assert!((2..=10).contains(&used), "{used}");
    let open = "SELECT count(*) FROM pg_locks WHERE relation = 'http_sessions'::regclass
        AND pid <> pg_backend_pid()";
    let begun = Instant::now();
    while client.query_one(open, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "a lock is left");
    }
}

#[apply(trial_on_both_servers)]
async fn a_probe_finds_every_right_that_is_missing() {
    let database = Database::fresh().await;
    database.store().await;
    let client = database.client().await;
    let role = role_without_create(&database).await;
    let all = format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON http_sessions, http_sessions_ids TO {role};
         GRANT USAGE ON SEQUENCE http_sessions_id_seq TO {role}"
    );
    client.batch_execute(&all).await.unwrap();
    let store = PgStore::connect(&database.url_as(&role)).await.unwrap();
    store.probe().await.unwrap();
    for right in [
        "SELECT ON http_sessions",
        "INSERT ON http_sessions",
        "UPDATE ON http_sessions",
        "DELETE ON http_sessions",
        "USAGE ON SEQUENCE http_sessions_id_seq",
    ] {
        let revoke = format!("REVOKE {right} FROM {role}");
        client.batch_execute(&revoke).await.unwrap();
        let error = store.probe().await.expect_err(right);
        assert_eq!(error.kind(), StoreErrorKind::Forbidden, "{right}");
        if !right.contains("SEQUENCE") {
            assert_eq!(sqlstate(&error), Some("42501"), "{right}");
        }
        client.batch_execute(&all).await.unwrap();
        store.probe().await.unwrap();
    }
    drop_role(&database, &role).await;
}

#[apply(trial_on_both_servers)]
async fn a_probe_finds_a_server_that_takes_no_writes() {
    let database = Database::fresh().await;
    database.store().await;
    // A standby answers the same error, by the same check.
    let url = database.url_with("-cdefault_transaction_read_only=on");
    let store = PgStore::connect(&url).await.unwrap();
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(sqlstate(&error), Some("25006"));
}

#[apply(trial_on_both_servers)]
async fn a_probe_finds_a_table_that_is_missing_or_lacks_columns() {
    let database = Database::fresh().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NotMigrated);
    assert_eq!(sqlstate(&error), Some("42P01"));
    store.migrate().await.unwrap();
    store.probe().await.unwrap();
    let drop = "ALTER TABLE http_sessions DROP COLUMN grace_group";
    let client = database.client().await;
    client.batch_execute(drop).await.unwrap();
    let fresh = PgStore::connect(&database.url()).await.unwrap();
    let error = fresh.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NotMigrated);
    assert_eq!(sqlstate(&error), Some("42703"));
}

#[apply(trial_on_both_servers)]
async fn a_probe_finds_what_forbids_a_row() {
    for forbids in [
        "ALTER TABLE http_sessions ADD COLUMN tenant TEXT NOT NULL",
        "ALTER TABLE http_sessions ADD CHECK (length(data) > 1000)",
        "ALTER SEQUENCE http_sessions_id_seq MAXVALUE 9; SELECT setval('http_sessions_id_seq', 9)",
        // Checked at the commit, which a probe never reaches.
        "CREATE TABLE keys (key BYTEA PRIMARY KEY);
         ALTER TABLE http_sessions ADD FOREIGN KEY (key) REFERENCES keys
             DEFERRABLE INITIALLY DEFERRED",
        // The version that a save writes would not be the one that the next one expects.
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN NEW.modified_on := now(); RETURN NEW; END';
         CREATE TRIGGER stamps BEFORE UPDATE ON http_sessions
             FOR EACH ROW EXECUTE FUNCTION stamp()",
    ] {
        let database = Database::fresh().await;
        let (store, client) = (database.store().await, database.client().await);
        store.probe().await.unwrap();
        client.batch_execute(forbids).await.unwrap();
        let error = store.probe().await.expect_err(forbids);
        assert!(!error.is_unavailable(), "{forbids}: {error}");
    }
}

#[apply(trial_on_both_servers)]
async fn a_probe_waits_for_no_lock_longer_than_its_limit() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let lock = "BEGIN; LOCK TABLE http_sessions IN ACCESS EXCLUSIVE MODE";
    client.batch_execute(lock).await.unwrap();
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    client.batch_execute("ROLLBACK").await.unwrap();
    store.probe().await.unwrap();
}

#[apply(trial_on_both_servers)]
async fn a_probe_takes_in_no_statement_of_another_caller() {
    let database = Database::fresh().await;
    let store = database
        .store_with(PgStoreOptions::new().connections(1))
        .await;
    let ids: Vec<_> = (0..50).map(|_| fresh()).collect();
    for id in &ids {
        let row = row("");
        let (probed, inserted) = tokio::join!(store.probe(), store.insert(id, &row));
        probed.unwrap();
        inserted.unwrap();
    }
    for id in &ids {
        assert_eq!(store.delete(id).await.unwrap(), 1);
    }
}

#[apply(trial_on_both_servers)]
async fn a_probe_returns_the_connection_of_an_applications_pool() {
    let database = Database::fresh().await;
    database.store().await;
    let config = database.url().parse().unwrap();
    let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
    let pool = deadpool_postgres::Pool::builder(manager)
        .max_size(1)
        .build()
        .unwrap();
    let store = PgStore::from_pool(pool.clone());
    let pid = || async {
        let client = pool.get().await.unwrap();
        let row = client.query_one("SELECT pg_backend_pid()", &[]).await;
        row.unwrap().get::<_, i32>(0)
    };
    let before = pid().await;
    for _ in 0..3 {
        store.probe().await.unwrap();
    }
    assert_eq!(pid().await, before);
    let client = database.client().await;
    let forbid = "ALTER TABLE http_sessions ADD COLUMN tenant TEXT NOT NULL";
    client.batch_execute(forbid).await.unwrap();
    assert!(store.probe().await.is_err());
    assert!(store.load(&fresh(), super::things::at(0)).await.is_ok());
}
