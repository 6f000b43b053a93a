//! The server goes away and comes back; the store does likewise, by itself.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use pgstore::store::postgres::PgStoreOptions;
use pgstore::store::{PgStore, Store, StoreError, Written};
use pgstore_embedded::EmbeddedPostgres;
use tokio::net::TcpListener;

use super::things::{at, fresh, row};
use crate::support::trials;

pub(super) fn trials() -> Vec<Trial> {
    trials![
        a_killed_server_is_an_error_in_time_and_works_again_when_it_is_back,
        a_server_that_says_nothing_is_an_error_in_time,
    ]
}

async fn a_killed_server_is_an_error_in_time_and_works_again_when_it_is_back() {
    let mut server = EmbeddedPostgres::builder().durable().start().unwrap();
    let deadline = Duration::from_secs(2);
    let options = PgStoreOptions::new().deadline(deadline);
    let store = options.connect(server.url()).await.unwrap();
    store.migrate().await.unwrap();
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();

    server.kill().unwrap();
    // The server's last processes take a moment to end, and serve until then.
    let mut failures_in_a_row = 0;
    while failures_in_a_row < 5 {
        match is_unavailable(&store, deadline).await {
            true => failures_in_a_row += 1,
            false => failures_in_a_row = 0,
        }
    }
    let server = tokio::task::spawn_blocking(move || {
        server.restart().unwrap();
        server
    });
    let server = server.await.unwrap();
    assert_eq!(store.load(&id, at(0)).await.unwrap(), Some(row("")));
    assert_eq!(
        store.update(&id, at(0), &row("")).await.unwrap(),
        Written::Saved
    );
    store.insert(&fresh(), &row("")).await.unwrap();
    store.close().await;
    server.stop().unwrap();
}

/// Whether a load and an insert both fail, and if one does, as it should and in time.
async fn is_unavailable(store: &PgStore, deadline: Duration) -> bool {
    let (begun, id, row) = (Instant::now(), fresh(), row(""));
    let (load, insert) = tokio::join!(store.load(&id, at(0)), store.insert(&id, &row));
    assert!(begun.elapsed() < deadline + Duration::from_secs(1));
    let errors = [load.err(), insert.err()];
    let unavailable = |error: &Option<StoreError>| error.as_ref().map(StoreError::is_unavailable);
    assert!(
        !errors.iter().filter_map(unavailable).any(|yes| !yes),
        "{errors:?}"
    );
    errors.iter().all(Option::is_some)
}

async fn a_server_that_says_nothing_is_an_error_in_time() {
    let silence = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silence.local_addr().unwrap().port();
    let store = PgStoreOptions::new()
        .deadline(Duration::from_millis(200))
        .connect_timeout(Duration::from_millis(300))
        .connect_lazily(&format!("postgres://u@127.0.0.1:{port}/d"))
        .unwrap();
    let begun = Instant::now();
    for _ in 0..3 {
        let error = store.load(&fresh(), at(0)).await.unwrap_err();
        assert!(error.is_unavailable());
    }
    assert!(begun.elapsed() < Duration::from_secs(2));
}
