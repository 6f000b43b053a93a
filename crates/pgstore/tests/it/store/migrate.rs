//! Creating the table: once, twenty times at once, beside Go, and without the right to create.

use pgstore::store::migrations;
use pgstore::{MigrateErrorKind, PgStore, SessionId, Store};
use tokio::task::JoinSet;

use super::things::{at, fresh, row};
use crate::support::database::{Database, unique};
use crate::support::secrets::Told;
use crate::support::{apply, trial_on_both_servers};

/// What Go's constructor does (pgstore.go createSessionsTable), in other words.
pub(super) const AS_GO_DOES: &str = "DO $$ BEGIN
    CREATE TABLE IF NOT EXISTS http_sessions (id BIGSERIAL PRIMARY KEY, key BYTEA, data BYTEA,
      created_on TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP, modified_on TIMESTAMPTZ,
      expires_on TIMESTAMPTZ);
    CREATE INDEX IF NOT EXISTS http_sessions_expiry_idx ON http_sessions (expires_on);
    CREATE INDEX IF NOT EXISTS http_sessions_key_idx ON http_sessions (key);
  END $$";

#[apply(trial_on_both_servers)]
async fn migrating_twice_does_nothing_the_second_time() {
    let database = Database::fresh().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    assert_eq!(store.migrate().await.unwrap().applied, [1, 2]);
    assert!(store.migrate().await.unwrap().applied.is_empty());
    assert_eq!(migrations()[0].number(), 1);
}

#[apply(trial_on_both_servers)]
async fn twenty_stores_migrate_at_once() {
    migrate_twenty_at_once("").await;
}

#[apply(trial_on_both_servers)]
async fn twenty_stores_migrate_at_once_where_transactions_are_serializable() {
    migrate_twenty_at_once("-cdefault_transaction_isolation=serializable").await;
}

async fn migrate_twenty_at_once(options: &str) {
    let database = Database::fresh().await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let url = database.url_with(options);
        tasks.spawn(async move {
            let store = PgStore::connect(&url).await.unwrap();
            store.migrate().await.unwrap().applied.len()
        });
    }
    let applied: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(applied, 2, "one of them did both, the others waited");
}

#[apply(trial_on_both_servers)]
async fn stores_migrate_beside_the_statement_of_go() {
    let database = Database::fresh().await;
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let (url, client) = (database.url(), database.client().await);
        tasks.spawn(async move {
            if number % 2 == 0 {
                // Go may fail here, on the catalogue's unique indexes.
                let _ = client.batch_execute(AS_GO_DOES).await;
            } else {
                let store = PgStore::connect(&url).await.unwrap();
                store.migrate().await.unwrap();
                store.load(&fresh(), at(0)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}

#[apply(trial_on_both_servers)]
async fn the_table_of_go_keeps_its_rows() {
    let database = Database::fresh().await;
    let client = database.client().await;
    client.batch_execute(AS_GO_DOES).await.unwrap();
    let key = "A".repeat(52);
    let fill = format!(
        "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on) VALUES
           ('{key}', 'old', now(), to_timestamp(1700000000), to_timestamp(1700003600)),
           ('{key}', 'new', now(), to_timestamp(1700000001), to_timestamp(1700003600)),
           (NULL, NULL, NULL, NULL, NULL);
         ALTER TABLE http_sessions ADD COLUMN note text"
    );
    client.batch_execute(&fill).await.unwrap();
    let before = fingerprint(&database).await;

    let store = PgStore::connect(&database.url()).await.unwrap();
    assert_eq!(store.migrate().await.unwrap().applied, [2]);
    assert_eq!(fingerprint(&database).await, before);
    let id = SessionId::parse(key.as_bytes()).unwrap();
    let found = store.load(&id, at(0)).await.unwrap().into_row().unwrap();
    assert_eq!(found.data, b"new");
}

/// The rows of the table with their places, and the table's file.
async fn fingerprint(database: &Database) -> String {
    let sql = "SELECT pg_relation_filepath('http_sessions') || string_agg(
                   concat_ws('|', ctid, xmin, id, key, data, created_on, modified_on, expires_on, note),
                   '' ORDER BY id)
                 FROM http_sessions";
    let row = database.client().await.query_one(sql, &[]).await.unwrap();
    row.get(0)
}

/// A role of the test's own that may use the schema but create nothing in it.
pub(super) async fn role_without_create(database: &Database) -> String {
    let role = format!("runtime_{}", unique());
    let schema = database.schema();
    let create = format!("CREATE ROLE {role}; GRANT USAGE ON SCHEMA {schema} TO {role}");
    database
        .client()
        .await
        .batch_execute(&create)
        .await
        .unwrap();
    role
}

pub(super) async fn drop_role(database: &Database, role: &str) {
    let remove = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    database
        .client()
        .await
        .batch_execute(&remove)
        .await
        .unwrap();
}

#[apply(trial_on_both_servers)]
async fn a_role_that_may_not_create_passes_if_nothing_is_missing() {
    let database = Database::fresh().await;
    database.store().await;
    let role = role_without_create(&database).await;
    let grant = format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON http_sessions, http_sessions_ids TO {role};
         GRANT USAGE ON SEQUENCE http_sessions_id_seq TO {role}"
    );
    database.client().await.batch_execute(&grant).await.unwrap();
    let store = PgStore::connect(&database.url_as(&role)).await.unwrap();
    assert!(store.migrate().await.unwrap().applied.is_empty());
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
    drop_role(&database, &role).await;
}

#[apply(trial_on_both_servers)]
async fn a_role_that_may_not_create_is_told_what_to_run() {
    let database = Database::fresh().await;
    let role = role_without_create(&database).await;
    let store = PgStore::connect(&database.url_as(&role)).await.unwrap();
    let error = store.migrate().await.told().unwrap_err();
    assert_eq!(error.kind(), MigrateErrorKind::Forbidden);
    let sql = error.sql().expect("the SQL to run").to_owned();
    assert!(error.to_string().contains(&sql));

    database.client().await.batch_execute(&sql).await.unwrap();
    assert!(store.migrate().await.unwrap().applied.is_empty());
    drop_role(&database, &role).await;
}

#[apply(trial_on_both_servers)]
async fn a_table_that_is_not_for_sessions_is_refused() {
    let database = Database::fresh().await;
    let create = "CREATE TABLE http_sessions (id bigserial PRIMARY KEY, key text, data bytea)";
    database.client().await.batch_execute(create).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let error = store.migrate().await.told().unwrap_err();
    assert_eq!(error.kind(), MigrateErrorKind::UnfitTable);
    let told = error.to_string();
    assert!(
        told.contains("key, created_on, modified_on, expires_on"),
        "{told}"
    );
}

#[apply(trial_on_both_servers)]
async fn an_index_under_another_name_counts() {
    let database = Database::fresh().await;
    let client = database.client().await;
    client.batch_execute(AS_GO_DOES).await.unwrap();
    let rename = "ALTER INDEX http_sessions_key_idx RENAME TO by_key";
    client.batch_execute(rename).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    assert_eq!(store.migrate().await.unwrap().applied, [2]);
}

#[apply(trial_on_both_servers)]
async fn an_index_name_taken_by_another_index_is_told() {
    let database = Database::fresh().await;
    let client = database.client().await;
    client.batch_execute(AS_GO_DOES).await.unwrap();
    let swap = "DROP INDEX http_sessions_key_idx;
                CREATE INDEX http_sessions_key_idx ON http_sessions (data)";
    client.batch_execute(swap).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let error = store.migrate().await.told().unwrap_err();
    assert_eq!(error.kind(), MigrateErrorKind::UnfitTable);
    assert!(error.to_string().contains("no index on key"), "{error}");
}

/// The storage parameters of the table.
async fn settings(database: &Database) -> Vec<String> {
    let sql = "SELECT unnest(reloptions) FROM pg_class WHERE oid = 'http_sessions'::regclass";
    let rows = database.client().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[apply(trial_on_both_servers)]
async fn settings_of_the_operator_are_kept() {
    let database = Database::fresh().await;
    let client = database.client().await;
    client.batch_execute(AS_GO_DOES).await.unwrap();
    let set = "ALTER TABLE http_sessions SET (FILLFACTOR = 70, parallel_workers = 0)";
    client.batch_execute(set).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    assert_eq!(store.migrate().await.unwrap().applied, [2]);
    let expected = [
        "fillfactor=70",
        "parallel_workers=0",
        "autovacuum_vacuum_scale_factor=0.02",
        "autovacuum_vacuum_insert_scale_factor=0.05",
    ];
    assert_eq!(settings(&database).await, expected);

    // What an operator has reset stays so, and nothing is missing.
    let reset = "ALTER TABLE http_sessions RESET (autovacuum_vacuum_scale_factor)";
    client.batch_execute(reset).await.unwrap();
    assert!(store.migrate().await.unwrap().applied.is_empty());
    assert_eq!(settings(&database).await.len(), 3);
}

#[apply(trial_on_both_servers)]
async fn a_partitioned_table_gets_no_settings() {
    let database = Database::fresh().await;
    let create = "CREATE TABLE http_sessions (id bigserial, key bytea, data bytea,
            created_on timestamptz, modified_on timestamptz, expires_on timestamptz)
            PARTITION BY HASH (id);
        CREATE TABLE part PARTITION OF http_sessions FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        CREATE INDEX ON http_sessions (expires_on);
        CREATE INDEX ON http_sessions (key)";
    database.client().await.batch_execute(create).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let told = store.migrate().await.told();
    assert!(settings(&database).await.is_empty(), "{told:?}");
}
