//! What users of tower-sessions get beyond its traits: owners, handles, the library's own tools.

use std::collections::HashMap;
use std::sync::Arc;

use pgstore::store::Sweeper;
use pgstore::testing::TestClock;
use pgstore_tower_sessions::PostgresStore;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

use crate::support::Database;

fn user_of(values: &HashMap<String, Value>) -> Option<String> {
    Some(values.get("user")?.as_str()?.to_owned())
}

async fn login(store: &PostgresStore, user: &str) -> Record {
    let mut record = Record {
        id: Id::default(),
        data: HashMap::from([("user".to_owned(), json!(user))]),
        expiry_date: OffsetDateTime::now_utc() + Duration::hours(1),
    };
    store.create(&mut record).await.unwrap();
    record
}

async fn is_live(store: &PostgresStore, record: &Record) -> bool {
    store.load(&record.id).await.unwrap().is_some()
}

#[tokio::test]
async fn the_sessions_of_a_user_are_listed_and_ended() {
    let database = Database::fresh().await;
    let store = database.store().await.owner_from(user_of);
    let [phone, laptop] = [login(&store, "ada").await, login(&store, "ada").await];
    let other = login(&store, "grace").await;

    let current = laptop.id.to_string();
    let listed = store.sessions_of("ada", Some(&current)).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed.iter().filter(|one| one.is_current).count(), 1);
    let handle = &listed.iter().find(|one| !one.is_current).unwrap().handle;
    assert!(!store.revoke("grace", handle).await.unwrap());
    assert!(store.revoke("ada", handle).await.unwrap());
    assert!(!is_live(&store, &phone).await);

    let phone = login(&store, "ada").await;
    assert_eq!(store.revoke_all_except("ada", &current).await.unwrap(), 1);
    assert!(!is_live(&store, &phone).await);
    assert!(is_live(&store, &laptop).await);
    assert_eq!(store.revoke_all("ada").await.unwrap(), 1);
    assert!(!is_live(&store, &laptop).await);
    assert!(is_live(&store, &other).await);
}

#[tokio::test]
async fn a_save_keeps_the_handle_and_follows_the_owner() {
    let database = Database::fresh().await;
    let store = database.store().await.owner_from(user_of);
    let mut record = login(&store, "ada").await;
    let before = store.sessions_of("ada", None).await.unwrap();
    record.data.insert("page".to_owned(), json!(1));
    store.save(&record).await.unwrap();
    let after = store.sessions_of("ada", None).await.unwrap();
    assert_eq!(before[0].handle, after[0].handle);
    assert_eq!(before[0].created, after[0].created);

    record.data.insert("user".to_owned(), json!("grace"));
    store.save(&record).await.unwrap();
    assert!(store.sessions_of("ada", None).await.unwrap().is_empty());
    let grace = store.sessions_of("grace", None).await.unwrap();
    assert_eq!(grace[0].handle, after[0].handle);
}

#[tokio::test]
async fn an_owner_that_cannot_be_stored_and_a_function_that_panics_fail_no_save() {
    let database = Database::fresh().await;
    let store = database.store().await;
    for owner in ["", "with\0nul", &"long".repeat(1000)] {
        login(&store.clone().owner_from(user_of), owner).await;
    }
    let panicking = store
        .clone()
        .owner_from(|_| panic!("a bug of the application"));
    let record = login(&panicking, "ada").await;
    assert!(is_live(&store, &record).await);
    assert_eq!(database.rows().await, 4);
}

/// The commands `pgstore migrate --table tower_sessions` and `pgstore sweep --table tower_sessions`
/// call these.
#[tokio::test]
async fn the_table_is_one_that_the_librarys_tools_know() {
    let database = Database::fresh().await;
    let tools = PostgresStore::options()
        .connect(database.schema.url())
        .await
        .unwrap();
    assert!(!tools.migrate().await.unwrap().applied.is_empty());
    let store = database.store().await;
    assert!(store.migrate().await.unwrap().applied.is_empty());

    login(&store, "ada").await;
    let clock = TestClock::at(OffsetDateTime::now_utc().unix_timestamp() + 2 * 60 * 60);
    let sweeper = Sweeper::new(Arc::new(tools), Arc::new(clock), Default::default());
    assert_eq!(sweeper.sweep().await.unwrap(), 1);
}

#[tokio::test]
async fn a_closed_store_is_an_error_and_no_panic() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let record = login(&store, "ada").await;
    store.close().await;
    let failed = store.load(&record.id).await.unwrap_err();
    assert!(failed.to_string().contains("closed"), "{failed}");
}

#[tokio::test]
async fn a_table_that_silently_refuses_changes_is_an_error() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let record = login(&store, "ada").await;
    let refuse = "
        CREATE FUNCTION ignore() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER ignore BEFORE INSERT OR UPDATE OR DELETE ON tower_sessions FOR EACH ROW
        EXECUTE FUNCTION ignore()";
    database.schema.execute(refuse).await;
    let mut new = record.clone();
    new.id = Id::default();
    for failed in [
        store.create(&mut new).await.unwrap_err(),
        store.save(&record).await.unwrap_err(),
        store.delete(&record.id).await.unwrap_err(),
    ] {
        assert!(failed.to_string().contains("refuse"), "{failed}");
    }
}

#[test]
fn the_default_table_has_a_valid_name() {
    let options = format!("{:?}", PostgresStore::options());
    assert!(options.contains("tower_sessions"), "{options}");
}
