//! Requests of one session at the same time.

use std::collections::HashMap;

use serde_json::json;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use super::app::App;
use super::tower_sessions::SessionStore;
use super::tower_sessions::session::{Id, Record};
use crate::support::Database;

/// How often each race is run.
const ROUNDS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_saves_that_race_a_flush_none_revives_the_session() {
    let database = Database::fresh().await;
    let store = database.store().await;
    for _ in 0..ROUNDS {
        let mut record = record();
        store.create(&mut record).await.unwrap();
        let mut calls = JoinSet::new();
        for number in 0..100 {
            let (store, mut record) = (store.clone(), record.clone());
            calls.spawn(async move {
                if number == 50 {
                    return store.delete(&record.id).await.is_ok();
                }
                record.data.insert("number".to_owned(), json!(number));
                store.save(&record).await.is_ok()
            });
        }
        let saved = calls.join_all().await;
        assert!(saved.contains(&true)); // the logout
        assert_eq!(store.load(&record.id).await.unwrap(), None);
        assert_eq!(database.rows().await, 0);
    }
}

/// Every save begins before the logout, and ends after it.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_requests_that_a_logout_overtakes_none_revives_the_session() {
    let app = App::new().await;
    for _ in 0..ROUNDS {
        let visitor = app.visitor().await;
        let mut requests = JoinSet::new();
        for number in 0..100 {
            let mut browser = visitor.clone();
            requests.spawn(async move {
                let page = if number == 50 { "/flush" } else { "/add" };
                browser.get(page).await.status()
            });
        }
        for status in requests.join_all().await {
            assert!([200, 500].contains(&status.as_u16()), "{status}");
        }
        assert_eq!(visitor.clone().get("/number").await.text(), "None");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saves_at_once_leave_one_of_them_and_one_row() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut record = record();
    store.create(&mut record).await.unwrap();
    let mut saves = JoinSet::new();
    for number in 0..100 {
        let (store, mut record) = (store.clone(), record.clone());
        saves.spawn(async move {
            record.data = HashMap::from([
                ("a".to_owned(), json!(number)),
                ("b".to_owned(), json!(number)),
            ]);
            store.save(&record).await.unwrap();
        });
    }
    saves.join_all().await;
    let read = store.load(&record.id).await.unwrap().unwrap();
    assert_eq!(read.data["a"], read.data["b"]);
    assert_eq!(database.rows().await, 1);
}

/// A store that gives up at the first deadlock or lock would fail here.
#[tokio::test(flavor = "multi_thread")]
async fn saves_of_many_sessions_by_two_nodes_all_succeed() {
    let database = Database::fresh().await;
    let nodes = [database.store().await, database.store().await];
    let mut records = Vec::new();
    for _ in 0..20 {
        let mut record = record();
        nodes[0].create(&mut record).await.unwrap();
        records.push(record);
    }
    let mut saves = JoinSet::new();
    for number in 0..400 {
        let (store, mut record) = (nodes[number % 2].clone(), records[number % 20].clone());
        saves.spawn(async move {
            record.data.insert("number".to_owned(), json!(number));
            store.save(&record).await.unwrap();
        });
    }
    assert_eq!(saves.join_all().await.len(), 400);
}

fn record() -> Record {
    Record {
        id: Id::default(),
        data: HashMap::from([("number".to_owned(), json!(42))]),
        expiry_date: OffsetDateTime::now_utc() + Duration::hours(1),
    }
}
