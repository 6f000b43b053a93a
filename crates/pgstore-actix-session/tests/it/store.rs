//! The store's own promises, by the trait that the middleware calls.

use std::collections::{HashMap, HashSet};
use std::time::Duration as Time;

use actix_session::storage::{LoadError, SessionKey, SessionStore as _};
use actix_web::cookie::time::Duration;
use pgstore::testing::TestClock;

use crate::app::TTL;
use crate::support::Database;

const NOW: i64 = 1_795_704_330;

pub(crate) fn state(number: &str) -> HashMap<String, String> {
    HashMap::from([("number".to_owned(), number.to_owned())])
}

pub(crate) fn key(text: &str) -> SessionKey {
    text.to_owned().try_into().unwrap()
}

#[tokio::test]
async fn a_state_comes_back_as_it_was() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut written = state("1");
    written.insert("Grüße \u{0}".to_owned(), r#"{"quoted":"\n"}"#.to_owned());
    let created = store.save(written.clone(), &TTL).await.unwrap();
    assert_eq!(store.load(&created).await.unwrap(), Some(written));

    let updated = store
        .update(key(created.as_ref()), HashMap::new(), &TTL)
        .await
        .unwrap();
    assert_eq!(updated, created);
    assert_eq!(store.load(&created).await.unwrap(), Some(HashMap::new()));
}

#[tokio::test]
async fn a_missing_session_is_none() {
    let database = Database::fresh().await;
    let store = database.store().await;
    assert_eq!(store.load(&key("unknown")).await.unwrap(), None);
    store.delete(&key("unknown")).await.unwrap();
    store.update_ttl(&key("unknown"), &TTL).await.unwrap();
    assert_eq!(database.rows().await, 0);
}

#[tokio::test]
async fn each_session_gets_a_key_of_its_own_that_is_in_no_column() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut keys = HashSet::new();
    for _ in 0..20 {
        let created = store.save(state("1"), &TTL).await.unwrap();
        assert_eq!(created.as_ref().len(), 52);
        keys.insert(String::from(created));
    }
    assert_eq!(keys.len(), 20);
    let columns = "SELECT to_jsonb(row)::text || encode(key, 'escape') || encode(data, 'escape')
                     FROM actix_sessions AS row";
    for row in database
        .schema
        .client()
        .await
        .query(columns, &[])
        .await
        .unwrap()
    {
        let text: String = row.get(0);
        assert!(keys.iter().all(|key| !text.contains(key)));
    }
}

#[tokio::test]
async fn a_session_ends_with_its_time_to_live() {
    let database = Database::fresh().await;
    let clock = TestClock::at(NOW);
    let store = database.store().await.clock(clock.clone());
    let created = store.save(state("1"), &TTL).await.unwrap();
    clock.advance(Time::from_secs(599));
    assert!(store.load(&created).await.unwrap().is_some());
    store.update_ttl(&created, &TTL).await.unwrap();
    clock.advance(Time::from_secs(599));
    assert_eq!(store.load(&created).await.unwrap(), Some(state("1")));

    clock.advance(Time::from_secs(1));
    assert_eq!(store.load(&created).await.unwrap(), None);
    store.update_ttl(&created, &TTL).await.unwrap();
    let late = key(created.as_ref());
    assert!(store.update(late, state("2"), &TTL).await.is_err());
    assert_eq!(store.load(&created).await.unwrap(), None);
}

#[tokio::test]
async fn a_time_to_live_of_nothing_ends_the_session() {
    let database = Database::fresh().await;
    let store = database.store().await;
    for nothing in [Duration::ZERO, Duration::seconds(-1)] {
        let created = store.save(state("1"), &TTL).await.unwrap();
        store.update_ttl(&created, &nothing).await.unwrap();
        assert_eq!(store.load(&created).await.unwrap(), None);
        let created = store.save(state("1"), &nothing).await.unwrap();
        assert_eq!(store.load(&created).await.unwrap(), None);
    }
    assert_eq!(database.rows().await, 0);
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_an_error_that_shows_nothing_of_it() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let created = store.save(state("1"), &TTL).await.unwrap();
    let spoil = r#"UPDATE actix_sessions SET data = '{"number":["a secret"]}'"#;
    database.schema.execute(spoil).await;
    match store.load(&created).await.unwrap_err() {
        LoadError::Deserialization(cause) => assert!(!format!("{cause:?}").contains("secret")),
        LoadError::Other(cause) => panic!("{cause}"),
    }
    assert_eq!(database.rows().await, 1);
}
