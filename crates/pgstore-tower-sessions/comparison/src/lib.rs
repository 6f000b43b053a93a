//! The same races on this crate's store and on `tower-sessions-sqlx-store`.

#![cfg(test)]

use std::collections::{HashMap, HashSet};

use pgstore_embedded::Schema;
use pgstore_tower_sessions::PostgresStore;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_sqlx_store::PostgresStore as SqlxStore;
use tower_sessions_sqlx_store::sqlx::PgPool;

const ROUNDS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn saves_that_race_a_logout_revive_the_session_in_sqlx_store_and_never_here() {
    let schema = Schema::fresh().await;
    let (sqlx, ours) = stores(&schema).await;
    let (by_sqlx, by_ours) = (revived(&sqlx).await, revived(&ours).await);
    println!("of {ROUNDS} logouts, saves undid {by_sqlx} in sqlx-store and {by_ours} here");
    assert!(by_sqlx > 0);
    assert_eq!(by_ours, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_created_with_one_id_at_once_are_several() {
    let schema = Schema::fresh().await;
    let (sqlx, ours) = stores(&schema).await;
    let (by_sqlx, by_ours) = (distinct(&sqlx).await, distinct(&ours).await);
    let of = 10 * ROUNDS;
    println!(
        "of {of} creations, 10 with each ID, came {by_sqlx} sessions in sqlx-store and {by_ours} here"
    );
    // sqlx-store looks whether the ID is there, and then writes: it loses some, if the timing is bad.
    assert_eq!(by_ours, of);
}

async fn stores(schema: &Schema) -> (SqlxStore, PostgresStore) {
    let sqlx = SqlxStore::new(PgPool::connect(schema.url()).await.unwrap());
    sqlx.migrate().await.unwrap();
    let ours = PostgresStore::connect(schema.url()).await.unwrap();
    ours.migrate().await.unwrap();
    (sqlx, ours)
}

/// After how many logouts the session is there again.
async fn revived(store: &(impl SessionStore + Clone)) -> usize {
    let mut revived = 0;
    for _ in 0..ROUNDS {
        let mut record = record();
        store.create(&mut record).await.unwrap();
        let mut calls = JoinSet::new();
        for number in 0..100 {
            let (store, record) = (store.clone(), record.clone());
            calls.spawn(async move {
                match number {
                    50 => store.delete(&record.id).await.unwrap(),
                    _ => drop(store.save(&record).await), // an error is an answer, too
                }
            });
        }
        calls.join_all().await;
        revived += usize::from(store.load(&record.id).await.unwrap().is_some());
    }
    revived
}

/// How many sessions come of creations, ten with each ID.
async fn distinct(store: &(impl SessionStore + Clone)) -> usize {
    let mut ids = HashSet::new();
    for _ in 0..ROUNDS {
        let first = record();
        let mut creations = JoinSet::new();
        for _ in 0..10 {
            let (store, mut record) = (store.clone(), first.clone());
            creations.spawn(async move {
                store.create(&mut record).await.unwrap();
                record.id
            });
        }
        ids.extend(creations.join_all().await);
    }
    ids.len()
}

fn record() -> Record {
    Record {
        id: Id::default(),
        data: HashMap::from([("number".to_owned(), json!(42))]),
        expiry_date: OffsetDateTime::now_utc() + Duration::hours(1),
    }
}
