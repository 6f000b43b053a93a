//! The probe, against everything that can prevent sessions from being written.

use pgstore::store::DatabaseError;
use pgstore::{PgStore, Store, StoreError, StoreErrorKind};

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
async fn a_probe_writes_nothing() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    store.insert(&fresh(), &row("")).await.unwrap();
    let before = "SELECT concat(ctid, xmin, (SELECT last_value FROM http_sessions_id_seq))
                    FROM http_sessions";
    let fingerprint = || async {
        let row = client.query_one(before, &[]).await.unwrap();
        row.get::<_, String>(0)
    };
    let before = fingerprint().await;
    store.probe().await.unwrap();
    assert_eq!(fingerprint().await, before);
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
