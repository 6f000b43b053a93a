//! Tables distributed over the workers of a Citus cluster: how they come to be, what is refused before
//! anything is changed, and what a store does about them by itself.

use std::sync::Arc;

use libtest_mimic::Completion;
use pgstore::store::{SweepBatch, Written};
use pgstore::{MigrateErrorKind, PgStore, PgStoreOptions, Store, TablePlacement};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::migrate::AS_GO_DOES;
use super::things::{at, fresh, id_change, row};
use crate::support::app::App;
use crate::support::database::{Data, Database, Key};
use crate::support::go::{GoPeer, Need, need};
use crate::support::proxy::{Direction, Message, Proxy};
use crate::support::rust_app::RustApp;
use crate::support::secrets::Told;
use crate::support::{apply, distributed_trial, trial};

/// A store that distributes its table when it migrates, which it has not done yet.
async fn unmigrated(database: &Database) -> PgStore {
    let options = PgStoreOptions::new().placement(TablePlacement::Distributed);
    options.connect(&database.url()).await.told().unwrap()
}

/// By which columns the tables are distributed.
async fn placed(client: &Client) -> Vec<(String, String)> {
    let sql = "SELECT logicalrelid::text, column_to_column_name(logicalrelid, partkey)
                 FROM pg_dist_partition
                WHERE logicalrelid IN (to_regclass('http_sessions'), to_regclass('http_sessions_ids'))
                ORDER BY 1";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn both_by_key() -> Vec<(String, String)> {
    let of = |table: &str| (table.to_owned(), "key".to_owned());
    vec![of("http_sessions"), of("http_sessions_ids")]
}

#[apply(trial)]
async fn a_server_without_citus_is_refused_before_the_first_change() {
    let database = Database::fresh().await;
    let store = unmigrated(&database).await;
    let error = store.migrate().await.told().unwrap_err();
    assert_eq!(error.kind(), MigrateErrorKind::UnfitTable);
    assert!(
        error.to_string().contains("CREATE EXTENSION citus"),
        "{error}"
    );
    assert!(!store.is_distributed().await.told().unwrap());
    let tables = "SELECT FROM pg_tables WHERE schemaname = current_schema()";
    let client = database.client().await;
    assert!(client.query(tables, &[]).await.unwrap().is_empty());
}

#[apply(distributed_trial)]
async fn migrating_distributes_both_tables_once() {
    let database = Database::fresh().await;
    let store = unmigrated(&database).await;
    let migrated = store.migrate().await.told().unwrap();
    assert_eq!((migrated.applied, migrated.distributed), (vec![1, 2], true));
    assert_eq!(placed(&database.client().await).await, both_by_key());
    assert!(store.is_distributed().await.told().unwrap());
    assert!(store.missing_migrations().await.told().unwrap().is_empty());
    let migrated = store.migrate().await.told().unwrap();
    assert_eq!((migrated.applied, migrated.distributed), (vec![], false));
    let plain = PgStore::connect(&database.url()).await.told().unwrap();
    assert!(plain.migrate().await.told().unwrap().applied.is_empty());
}

#[apply(distributed_trial)]
async fn twenty_stores_distribute_at_once() {
    let database = Database::fresh().await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let store = unmigrated(&database).await;
        tasks.spawn(async move { store.migrate().await.told().unwrap().distributed });
    }
    let distributed = tasks.join_all().await.into_iter();
    assert_eq!(distributed.filter(|it| *it).count(), 1);
    assert_eq!(placed(&database.client().await).await, both_by_key());
}

#[apply(distributed_trial)]
async fn the_table_of_go_is_distributed_with_its_rows() {
    let database = Database::fresh().await;
    let client = database.client().await;
    client.batch_execute(AS_GO_DOES).await.unwrap();
    let ids: Vec<_> = (0..200).map(|_| fresh()).collect();
    let insert = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
                  VALUES ($1, $2, to_timestamp(1700000000), to_timestamp(1700000000),
                          to_timestamp(1700003600))";
    for id in &ids {
        let parameters = [
            &Key(id) as &(dyn tokio_postgres::types::ToSql + Sync),
            &Data(b"go"),
        ];
        client.execute(insert, &parameters).await.unwrap();
    }
    let store = unmigrated(&database).await;
    let migrated = store.migrate().await.told().unwrap();
    assert_eq!((migrated.applied, migrated.distributed), (vec![1, 2], true));
    assert_eq!(placed(&client).await, both_by_key());
    for id in &ids {
        let found = store.load(id, at(0)).await.unwrap().into_row().unwrap();
        assert_eq!(found.data, b"go");
    }
    let local = "SELECT pg_relation_size('http_sessions')";
    let bytes: i64 = client.query_one(local, &[]).await.unwrap().get(0);
    assert_eq!(bytes, 0, "no copy stays on the coordinator");
    let key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint
                WHERE conrelid = 'http_sessions'::regclass AND contype = 'p'";
    let key: String = client.query_one(key, &[]).await.unwrap().get(0);
    assert_eq!(key, "PRIMARY KEY (key, id)");
}

#[apply(distributed_trial)]
async fn what_cannot_be_distributed_is_told_with_what_mends_it_before_the_first_change() {
    for (change, words) in [
        (
            "CREATE TABLE uploads (session bigint REFERENCES http_sessions)",
            vec!["foreign key", "of uploads", "drop it"],
        ),
        (
            "CREATE UNIQUE INDEX odd ON http_sessions (id)",
            vec!["unique index odd"],
        ),
        (
            "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER odd BEFORE INSERT ON http_sessions FOR EACH ROW EXECUTE FUNCTION odd()",
            vec!["trigger odd"],
        ),
        (
            "CREATE TABLE heirs () INHERITS (http_sessions)",
            vec!["table that inherits heirs"],
        ),
        (
            "INSERT INTO http_sessions (data) VALUES ('x')",
            vec!["have no key", "DELETE FROM http_sessions WHERE key IS NULL"],
        ),
        (
            "ALTER TABLE http_sessions DROP CONSTRAINT http_sessions_pkey, ADD PRIMARY KEY (id, expires_on);
             SELECT create_distributed_table('http_sessions', 'id')",
            vec!["is distributed by id", "undistribute_table"],
        ),
        (
            "SELECT create_reference_table('http_sessions')",
            vec!["not distributed", "undistribute_table"],
        ),
    ] {
        let database = Database::fresh().await;
        let client = database.client().await;
        client.batch_execute(AS_GO_DOES).await.unwrap();
        client.batch_execute(change).await.unwrap();
        let error = unmigrated(&database).await.migrate().await;
        let error = error.told().unwrap_err();
        assert_eq!(error.kind(), MigrateErrorKind::UnfitTable, "{change}");
        for word in words {
            assert!(error.to_string().contains(word), "{change}: {error}");
        }
        let columns = "SELECT FROM pg_attribute WHERE attrelid = 'http_sessions'::regclass AND attnum > 0";
        assert_eq!(client.query(columns, &[]).await.unwrap().len(), 6, "{change}");
    }
}

#[apply(distributed_trial)]
async fn what_the_error_says_makes_the_table_fit() {
    let database = Database::fresh().await;
    let client = database.client().await;
    client.batch_execute(AS_GO_DOES).await.unwrap();
    let reference = "SELECT create_reference_table('http_sessions')";
    client.batch_execute(reference).await.unwrap();
    let store = unmigrated(&database).await;
    let error = store.migrate().await.told().unwrap_err().to_string();
    let (_, sql) = error.split_once("to mend it: ").unwrap();
    client.batch_execute(sql).await.unwrap();
    assert!(store.migrate().await.told().unwrap().distributed);
}

#[apply(distributed_trial)]
async fn the_sql_to_run_by_hand_distributes_the_table() {
    let database = Database::fresh().await;
    let client = database.client().await;
    let table = pgstore::TableName::default();
    for migration in pgstore::store::migrations() {
        client.batch_execute(&migration.sql()).await.unwrap();
    }
    let by_hand = PgStore::distribution_sql(&table);
    client.batch_execute(&by_hand).await.unwrap();
    let store = unmigrated(&database).await;
    assert!(store.is_distributed().await.told().unwrap());
    let migrated = store.migrate().await.told().unwrap();
    // What the primary key was an index for.
    assert_eq!((migrated.applied, migrated.distributed), (vec![1], false));
}

#[apply(distributed_trial)]
async fn settings_that_a_distributed_table_cannot_bear_are_refused_by_name() {
    let database = Database::fresh().await;
    database.store().await;
    for (options, name) in [
        ("-cDateStyle=SQL,DMY", "DateStyle"),
        ("-cDateStyle=German", "DateStyle"),
        ("-cplan_cache_mode=force_generic_plan", "plan_cache_mode"),
    ] {
        let error = PgStore::connect(&database.url_with(options)).await;
        let error = error.told().unwrap_err();
        assert!(error.is_configuration(), "{options}: {error}");
        assert!(error.to_string().contains(name), "{options}: {error}");
        let pool = database_pool(&database.url_with(options));
        let error = PgStore::from_pool(pool).load(&fresh(), at(0)).await;
        let error = format!("{:?}", error.told().unwrap_err());
        assert!(error.contains(name), "{options}: {error}");
    }
    let url = database.url_with("-cDateStyle=ISO,DMY -cTimeZone=America/New_York");
    let store = PgStore::connect(&url).await.told().unwrap();
    round_trip(&store).await;
}

fn database_pool(url: &str) -> deadpool_postgres::Pool {
    let manager = deadpool_postgres::Manager::new(url.parse().unwrap(), tokio_postgres::NoTls);
    deadpool_postgres::Pool::builder(manager)
        .max_size(4)
        .build()
        .unwrap()
}

async fn round_trip(store: &PgStore) {
    let id = fresh();
    store.insert(&id, &row("first")).await.unwrap();
    let mut second = row("second");
    second.modified_on = at(7);
    let updated = store.update(&id, at(0), &second).await.unwrap();
    assert_eq!(updated, Written::Saved);
    let found = store.load(&id, at(7)).await.unwrap().into_row();
    assert_eq!(found, Some(second));
}

/// Fewer would have shared a statement.
#[apply(distributed_trial)]
async fn each_caller_s_statement_is_sent_by_itself_from_the_first_one_on() {
    const CALLERS: usize = 64;
    let database = Database::fresh().await;
    database.store().await;
    let proxy = Proxy::before(&database.url()).await;
    let store = PgStore::connect(&proxy.url(&database.url())).await.told();
    let store = store.unwrap();
    proxy.arm(None);
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let store = store.clone();
        tasks.spawn(async move { store.insert(&fresh(), &row("")).await.unwrap() });
    }
    tasks.join_all().await;
    let executed = Message {
        direction: Direction::ToServer,
        tag: b'E',
    };
    let seen = proxy
        .seen()
        .into_iter()
        .filter(|it| *it == executed)
        .count();
    assert!(seen >= CALLERS, "{seen}");
}

/// A worker that is down, or slow, holds up its own sessions only.
#[apply(distributed_trial)]
async fn a_lookup_a_save_and_a_logout_ask_one_worker_each() {
    let database = Database::fresh().await;
    database.store().await;
    let refuses_others = database.url_with("-ccitus.multi_task_query_log_level=error");
    let store = PgStore::connect(&refuses_others).await.told().unwrap();
    let [id, absent, other] = [fresh(), fresh(), fresh()];
    store.insert(&id, &row("")).await.unwrap();
    let found = store.load(&id, at(0)).await.unwrap();
    assert!(found.into_row().is_some());
    let saved = store.update(&id, at(0), &row("saved")).await.unwrap();
    assert_eq!(saved, Written::Saved);
    let found = store.load(&absent, at(0)).await.unwrap();
    assert!(found.into_row().is_none());
    store.delete(&id).await.unwrap();
    // This one does ask all of them, so the setting works.
    assert!(store.load_all(&[absent, other], at(0)).await.is_err());
}

/// Its connections have asked already.
#[apply(distributed_trial)]
async fn a_table_that_is_distributed_under_a_running_store_stays_usable() {
    let database = Database::fresh().await;
    let running = PgStore::connect(&database.url()).await.told().unwrap();
    running.migrate().await.told().unwrap();
    let (id, second) = (fresh(), fresh());
    running.insert(&id, &row("")).await.unwrap();
    unmigrated(&database).await.migrate().await.told().unwrap();

    let saved = running.update(&id, at(0), &row("saved")).await.unwrap();
    assert_eq!(saved, Written::Saved);
    let change = id_change(&id, Some(at(0)), &second);
    let renamed = running.rename(change, &row("renamed")).await.unwrap();
    assert_eq!(renamed, Written::Saved);
    let found = running.load(&second, at(0)).await.unwrap().into_row();
    assert_eq!(found.unwrap().data, b"renamed");
    let batch = SweepBatch::new(at(9999), at(-9999), 100);
    assert_eq!(running.sweep(&batch).await.unwrap().removed, 1);
}

#[apply(distributed_trial)]
async fn an_application_s_pool_finds_out_by_itself() {
    let database = Database::fresh().await;
    database.store().await;
    let store = PgStore::from_pool(database_pool(&database.url()));
    let app = App::over(store);
    let mut user = app.log_in().await;
    assert_eq!(user.user().await.as_deref(), Some("ada"));
    app.sessions.probe().await.unwrap();
}

#[apply(distributed_trial)]
async fn many_callers_over_one_pool_save_all() {
    let database = Database::fresh().await;
    let store = Arc::new(database.store().await);
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { round_trip(&store).await });
    }
    tasks.join_all().await;
}

#[apply(distributed_trial)]
async fn a_go_program_shares_the_sessions() -> Completion {
    if let Need::Ignored(reason) | Need::Failed(reason) = need() {
        return Completion::ignored_with(reason);
    }
    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let database = Database::fresh().await;
    database.store().await;
    let go = GoPeer::serve(&database.url(), KEY).await;
    let rust = RustApp::serve(&database.url(), KEY).await;
    let reply = go.post_form("/login", "user=ada", None).await;
    let cookie = reply.cookie("session-key").expect("a cookie is set");
    let there = rust.get("/session", Some(&cookie)).await.json;
    assert_eq!(there["values"]["user"], "ada");
    let set = json!({ "colour": "blue" });
    assert_eq!(rust.post("/set", &set, Some(&cookie)).await.status, 200);
    let answer = go.assert("colour", "string", Some(&cookie)).await;
    assert_eq!(answer.json["value"], json!({ "t": "string", "v": "blue" }));
    assert_eq!(go.assert("user", "string", Some(&cookie)).await.status, 200);
    Completion::Completed
}
