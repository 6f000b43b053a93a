//! A primary that is demoted under the store.

use pgstore::store::{Row, RowExtras};
use pgstore::{PgStore, Store, Timestamp};
use pgstore_embedded::EmbeddedPostgres;

use super::connect;
use crate::support::secrets;
use crate::support::{apply, trial};

#[apply(trial)]
async fn a_demoted_primary_is_left_for_the_new_one() {
    let start = || tokio::task::spawn_blocking(|| EmbeddedPostgres::start().unwrap());
    let (old, new) = tokio::join!(start(), start());
    let (old, new) = (old.unwrap(), new.unwrap());
    for server in [&old, &new] {
        let store = connect(server.url()).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
    }
    let text = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user=postgres",
        old.port(),
        new.port()
    );
    let store = connect(&text).await.unwrap();
    insert(&store).await;
    assert_eq!([rows(&old).await, rows(&new).await], [1, 0]);

    let client = crate::support::database::client(old.url()).await;
    let demote = "ALTER SYSTEM SET default_transaction_read_only = on";
    client.batch_execute(demote).await.unwrap();
    client
        .query_one("SELECT pg_reload_conf()", &[])
        .await
        .unwrap();
    while !is_read_only(&old).await {
        tokio::task::yield_now().await;
    }
    // Sessions learn of it a moment later, each between two statements.
    let mut there = 0;
    while there == 0 {
        insert(&store).await;
        there = rows(&new).await;
    }
    for more in 1..=10 {
        insert(&store).await;
        assert_eq!(rows(&new).await, there + more);
    }
    store.close().await;
}

async fn insert(store: &PgStore) {
    let now = Timestamp::from_unix_seconds(1_700_000_000);
    let row = Row {
        data: b"x".to_vec(),
        created_on: now,
        modified_on: now,
        expires_on: now,
        extras: RowExtras::default(),
    };
    let id = secrets::fresh_id();
    store.insert(&id, &row).await.unwrap();
}

async fn rows(server: &EmbeddedPostgres) -> i64 {
    let client = crate::support::database::client(server.url()).await;
    let sql = "SELECT count(*) FROM http_sessions";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn is_read_only(server: &EmbeddedPostgres) -> bool {
    let client = crate::support::database::client(server.url()).await;
    let row = client.query_one("SHOW transaction_read_only", &[]).await;
    row.unwrap().get::<_, String>(0) == "on"
}
