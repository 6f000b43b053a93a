//! Purges against late saves.

use actix_session::storage::{SessionKey, SessionStore as _};
use futures_util::future::join_all;

use crate::app::{TTL, serve};
use crate::store::{key, state};
use crate::support::Database;

/// How often each race is run.
const ROUNDS: usize = 20;

/// actix-session's futures are not `Send`, so they race in one task.
#[tokio::test]
async fn of_a_hundred_updates_that_race_a_purge_none_revives_the_session() {
    let database = Database::fresh().await;
    let store = database.store().await;
    for _ in 0..ROUNDS {
        let created = store.save(state("0"), &TTL).await.unwrap();
        let calls = (0..100).map(|number| {
            let (store, key) = (&store, key(created.as_ref()));
            async move {
                match number {
                    50 => store.delete(&key).await.is_ok(),
                    _ => store
                        .update(key, state(&number.to_string()), &TTL)
                        .await
                        .is_ok(),
                }
            }
        });
        assert!(join_all(calls).await[50]);
        assert_eq!(store.load(&created).await.unwrap(), None);
        assert_eq!(database.rows().await, 0);
    }
}

/// The same on a server with several threads. A request that begins after the purge starts anew, under
/// another key: the old cookie is dead in any case.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_requests_that_a_purge_overtakes_none_revives_the_session() {
    let database = Database::fresh().await;
    let app = serve(&database.store().await);
    for _ in 0..ROUNDS {
        let mut visitor = app.browser();
        visitor.get("/add").await;
        let requests = (0..100).map(|number| {
            let mut browser = visitor.clone();
            async move {
                let page = if number == 50 { "/purge" } else { "/add" };
                browser.get(page).await.status
            }
        });
        for status in join_all(requests).await {
            assert!([200, 500].contains(&status), "{status}");
        }
        assert_eq!(visitor.get("/number").await.text, "None");
    }
}

/// actix-session's Redis store saves such a state under a new key, which undoes the purge.
#[tokio::test]
async fn an_update_after_a_purge_is_an_error_and_writes_no_row() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let created = store.save(state("1"), &TTL).await.unwrap();
    let late: SessionKey = key(created.as_ref());
    store.delete(&created).await.unwrap();
    let failed = store.update(late, state("2"), &TTL).await.unwrap_err();
    let cause = std::error::Error::source(&failed).unwrap().to_string();
    assert!(cause.contains("has ended"), "{cause}");
    assert_eq!(database.rows().await, 0);
}
