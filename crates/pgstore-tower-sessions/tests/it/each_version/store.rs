//! The store's own promises, by the trait that the layer calls.

use std::collections::{HashMap, HashSet};
use std::time::Duration as Time;

use pgstore::testing::TestClock;
use pgstore_tower_sessions::OnGone;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use super::tower_sessions::session::{Id, Record};
use super::tower_sessions::session_store::Error;
use super::tower_sessions::{ExpiredDeletion, SessionStore};
use crate::support::Database;

fn record(number: u32) -> Record {
    Record {
        id: Id::default(),
        data: HashMap::from([("number".to_owned(), json!(number))]),
        expiry_date: OffsetDateTime::now_utc() + Duration::hours(1),
    }
}

#[tokio::test]
async fn a_record_comes_back_as_it_was() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut written = record(1);
    written.data = HashMap::from([
        (String::new(), json!(null)),
        ("text".to_owned(), json!("Grüße \u{0}\n\"quoted\"")),
        (
            "numbers".to_owned(),
            json!([i64::MIN, u64::MAX, 0.1, -0.0, 1e300]),
        ),
        ("nested".to_owned(), json!({ "a": { "b": [true, {}] } })),
    ]);
    let id = written.id;
    store.create(&mut written).await.unwrap();
    assert_eq!(written.id, id);
    let read = store.load(&id).await.unwrap().unwrap();
    assert_eq!((read.id, &read.data), (id, &written.data));
    let lost = written.expiry_date - read.expiry_date;
    assert!(lost >= Duration::ZERO && lost < Duration::MICROSECOND);

    written.data = HashMap::new();
    store.save(&written).await.unwrap();
    let read = store.load(&id).await.unwrap().unwrap();
    assert!(read.data.is_empty());
}

#[tokio::test]
async fn creating_never_overwrites_and_draws_a_new_id() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let (mut first, mut second) = (record(1), record(2));
    second.id = first.id;
    store.create(&mut first).await.unwrap();
    store.create(&mut second).await.unwrap();
    assert_ne!(first.id, second.id);
    for written in [first, second] {
        let read = store.load(&written.id).await.unwrap().unwrap();
        assert_eq!(read.data, written.data);
    }
}

#[tokio::test]
async fn a_hundred_creations_of_one_id_at_once_make_a_hundred_sessions() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let id = Id::default();
    let mut creations = JoinSet::new();
    for number in 0..100 {
        let store = store.clone();
        creations.spawn(async move {
            let mut record = record(number);
            record.id = id;
            store.create(&mut record).await.unwrap();
            record
        });
    }
    let records = creations.join_all().await;
    let ids: HashSet<_> = records.iter().map(|record| record.id).collect();
    assert_eq!(ids.len(), 100);
    for written in records {
        let read = store.load(&written.id).await.unwrap().unwrap();
        assert_eq!(read.data, written.data);
    }
}

#[tokio::test]
async fn a_save_of_an_unknown_session_is_an_error_and_writes_no_row() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let failed = store.save(&record(1)).await.unwrap_err();
    assert!(
        matches!(&failed, Error::Backend(text) if text.contains("has ended")),
        "{failed}"
    );
    assert_eq!(database.rows().await, 0);
}

#[tokio::test]
async fn a_save_of_an_ended_session_can_be_dropped_instead() {
    let database = Database::fresh().await;
    let store = database.store().await.on_gone(OnGone::Drop);
    let mut record = record(1);
    store.create(&mut record).await.unwrap();
    store.delete(&record.id).await.unwrap();
    store.save(&record).await.unwrap();
    assert_eq!(store.load(&record.id).await.unwrap(), None);
    assert_eq!(database.rows().await, 0);
}

#[tokio::test]
async fn deleting_twice_is_no_error() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut record = record(1);
    store.create(&mut record).await.unwrap();
    store.delete(&record.id).await.unwrap();
    store.delete(&record.id).await.unwrap();
    assert_eq!(store.load(&record.id).await.unwrap(), None);
}

#[tokio::test]
async fn an_expired_session_neither_loads_nor_comes_back() {
    let database = Database::fresh().await;
    let mut record = record(1);
    let clock = TestClock::at(record.expiry_date.unix_timestamp() - 2);
    let store = database.store().await.clock(clock.clone());
    store.create(&mut record).await.unwrap();
    assert!(store.load(&record.id).await.unwrap().is_some());
    clock.advance(Time::from_secs(3));
    assert_eq!(store.load(&record.id).await.unwrap(), None);

    record.expiry_date += Duration::days(1);
    assert!(store.save(&record).await.is_err());
    assert_eq!(store.load(&record.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_record_that_has_expired_already_is_not_kept() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut record = record(1);
    store.create(&mut record).await.unwrap();
    record.expiry_date = OffsetDateTime::now_utc() - Duration::days(1);
    store.save(&record).await.unwrap();
    assert_eq!(store.load(&record.id).await.unwrap(), None);
    store.create(&mut record).await.unwrap();
    assert_eq!(store.load(&record.id).await.unwrap(), None);
    assert_eq!(database.rows().await, 0);
}

#[tokio::test]
async fn an_id_is_in_no_column_of_its_row() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut record = record(1);
    store.create(&mut record).await.unwrap();
    let columns = "SELECT to_jsonb(row)::text, encode(key, 'escape'), encode(data, 'escape')
                     FROM tower_sessions AS row";
    let row = database.schema.client().await.query_one(columns, &[]).await;
    let row = row.unwrap();
    let hex: String = record
        .id
        .0
        .to_le_bytes()
        .map(|byte| format!("{byte:02x}"))
        .concat();
    for column in 0..row.len() {
        let text: String = row.get(column);
        for id in [record.id.to_string(), record.id.0.to_string(), hex.clone()] {
            assert!(!text.contains(&id), "column {column}");
        }
    }
}

#[tokio::test]
async fn values_that_cannot_be_read_are_an_error_that_shows_none_and_the_row_is_kept() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut record = record(1);
    store.create(&mut record).await.unwrap();
    let spoil = r#"UPDATE tower_sessions SET data = '"a secret"'"#;
    database.schema.execute(spoil).await;
    let failed = store.load(&record.id).await.unwrap_err();
    assert!(matches!(&failed, Error::Decode(text) if !text.contains("secret")));
    assert_eq!(database.rows().await, 1);

    store.save(&record).await.unwrap();
    assert!(store.load(&record.id).await.unwrap().is_some());
}

#[tokio::test]
async fn expired_rows_are_removed_and_others_stay() {
    let database = Database::fresh().await;
    let clock = TestClock::at(OffsetDateTime::now_utc().unix_timestamp());
    let store = database.store().await.clock(clock.clone());
    let (mut short, mut long) = (record(1), record(2));
    long.expiry_date += Duration::days(1);
    store.create(&mut short).await.unwrap();
    store.create(&mut long).await.unwrap();
    store.delete_expired().await.unwrap();
    assert_eq!(database.rows().await, 2);
    clock.advance(Time::from_secs(2 * 60 * 60));
    store.delete_expired().await.unwrap();
    assert_eq!(database.rows().await, 1);
    assert!(store.load(&long.id).await.unwrap().is_some());
}

/// tower-sessions' own task ends at its first error.
#[tokio::test]
async fn the_sweeping_task_outlives_errors() {
    let database = Database::fresh().await;
    let clock = TestClock::at(OffsetDateTime::now_utc().unix_timestamp());
    let store = database.store().await.clock(clock.clone());
    store.create(&mut record(1)).await.unwrap();
    clock.advance(Time::from_secs(2 * 60 * 60));
    let client = database.schema.client().await;
    let break_it = "
        CREATE SEQUENCE failures;
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM nextval('failures');
            RAISE 'no';
        END $$;
        CREATE TRIGGER fail BEFORE DELETE ON tower_sessions FOR EACH STATEMENT
        EXECUTE FUNCTION fail()";
    client.batch_execute(break_it).await.unwrap();

    let sweeping = store
        .clone()
        .continuously_delete_expired(Time::from_millis(10));
    let sweeping = tokio::spawn(sweeping);
    let failures = "SELECT last_value FROM failures WHERE is_called";
    let failed = async || {
        let row = client.query_opt(failures, &[]).await.unwrap();
        row.is_some_and(|row| row.get::<_, i64>(0) >= 2)
    };
    eventually(failed).await;
    client
        .batch_execute("DROP TRIGGER fail ON tower_sessions")
        .await
        .unwrap();
    eventually(async || database.rows().await == 0).await;
    assert!(!sweeping.is_finished());
    sweeping.abort();
}

#[tokio::test]
async fn a_missing_table_is_an_error_that_says_what_to_do() {
    let database = Database::fresh().await;
    let store = pgstore_tower_sessions::PostgresStore::connect(database.schema.url()).await;
    let store = store.unwrap();
    for failed in [
        store.create(&mut record(1)).await.unwrap_err(),
        store.save(&record(1)).await.unwrap_err(),
        store.load(&Id::default()).await.unwrap_err(),
        store.delete(&Id::default()).await.unwrap_err(),
        store.delete_expired().await.unwrap_err(),
    ] {
        assert!(failed.to_string().contains("migrate"), "{failed}");
    }
}

async fn eventually(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Time::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Time::from_secs(20), wait)
        .await
        .unwrap();
}
