//! Errors that a healthy server passes on, such as those of a worker of a distributed table.

use pgstore::{PgStore, PgStoreOptions, Store, StoreErrorKind};
use tokio_postgres::Client;

use super::things::{at, fresh, row};
use crate::support::database::{Database, unique};
use crate::support::{apply, trial};

/// Every insert fails with the SQLSTATE that the table `failing` has, if it has one. The severity is
/// ERROR, so the connection stays.
const FAILS: &str = "
    CREATE TABLE failing (state text);
    CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE wanted text;
    BEGIN
        SELECT state INTO wanted FROM failing;
        IF FOUND THEN RAISE EXCEPTION USING ERRCODE = wanted, MESSAGE = 'a worker is down'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER fails BEFORE INSERT ON http_sessions FOR EACH ROW EXECUTE FUNCTION fails()";

#[apply(trial)]
async fn an_error_about_another_server_does_not_retire_the_connection() {
    let database = Database::fresh().await;
    let client = database.client().await;
    let (store, name) = named(&database).await;
    client.batch_execute(FAILS).await.unwrap();
    store.insert(&fresh(), &row("")).await.unwrap();
    let before = processes(&client, &name).await;

    for state in ["08006", "08000", "57P01", "57P03", "53300"] {
        let fail = format!("INSERT INTO failing VALUES ('{state}')");
        client.batch_execute(&fail).await.unwrap();
        let error = store.insert(&fresh(), &row("")).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{state}");
        client.batch_execute("DELETE FROM failing").await.unwrap();
        store.insert(&fresh(), &row("")).await.unwrap();
        assert_eq!(processes(&client, &name).await, before, "{state}");
    }
}

#[apply(trial)]
async fn a_write_that_lost_a_server_behind_the_server_is_in_doubt() {
    let database = Database::fresh().await;
    let client = database.client().await;
    let (store, _) = named(&database).await;
    client.batch_execute(FAILS).await.unwrap();
    let fail = "INSERT INTO failing VALUES ('08006')";
    client.batch_execute(fail).await.unwrap();
    let error = store.insert(&fresh(), &row("")).await.unwrap_err();
    assert!(error.is_in_doubt());
}

#[apply(trial)]
async fn a_fatal_error_of_any_class_retires_the_connection() {
    let database = Database::fresh().await;
    let client = database.client().await;
    let (store, name) = named(&database).await;
    store.insert(&fresh(), &row("")).await.unwrap();
    let before = processes(&client, &name).await;
    let end =
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1";
    client.query(end, &[&name]).await.unwrap();
    store.load(&fresh(), at(0)).await.unwrap();
    let after = processes(&client, &name).await;
    assert!(!after.is_empty());
    assert!(after.iter().all(|process| !before.contains(process)));
}

/// A store with one connection for requests, which has this name.
async fn named(database: &Database) -> (PgStore, String) {
    let name = unique();
    let url = format!("{}&application_name={name}", database.url());
    let options = PgStoreOptions::new().connections(1);
    let store = options.connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    (store, name)
}

async fn processes(client: &Client, name: &str) -> Vec<i32> {
    let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = $1 ORDER BY pid";
    let rows = client.query(sql, &[&name]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
