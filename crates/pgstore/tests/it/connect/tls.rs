//! TLS under the store. `pgstore-connect` tests each `sslmode`.

use std::time::Duration;

use pgstore::{PgStoreOptions, Store, Timestamp};

use super::connect;
use super::servers::{file, named, with_tls};
use crate::support::secrets::{self, Told};
use crate::support::{apply, trial};

/// As the example of Go's pgstore has it.
#[apply(trial)]
async fn verify_full_as_a_url_reads_and_writes() {
    let root = file("authority.pem").replace('/', "%2F");
    let port = with_tls().port();
    let store = connect(&format!(
        "postgres://postgres@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={root}"
    ))
    .await
    .unwrap();
    store.migrate().await.unwrap();
    let id = secrets::fresh_id();
    let now = Timestamp::from_unix_seconds(0);
    assert_eq!(store.load(&id, now).await.unwrap().into_row(), None);
    store.close().await;
}

#[apply(trial)]
async fn a_stuck_statement_is_cancelled_over_tls() {
    let name = crate::support::database::unique();
    let root = file("authority.pem");
    let text = named(
        "db.test",
        &format!("user=postgres sslmode=verify-full sslrootcert={root} application_name={name}"),
    );
    let table = pgstore::TableName::parse(&format!("t{name}")).unwrap();
    let store = PgStoreOptions::new()
        .deadline(Duration::from_millis(300))
        .table(table)
        .connect(&text)
        .await
        .unwrap();
    store.migrate().await.unwrap();
    let mut client = crate::support::database::client(with_tls().url()).await;
    let stranger = client.transaction().await.unwrap();
    let lock = format!("LOCK TABLE t{name} IN ACCESS EXCLUSIVE MODE");
    stranger.batch_execute(&lock).await.unwrap();
    let id = secrets::fresh_id();
    store
        .load(&id, Timestamp::from_unix_seconds(0))
        .await
        .told()
        .unwrap_err();

    let watcher = crate::support::database::client(with_tls().url()).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = $1 AND wait_event_type = 'Lock'";
    let begun = std::time::Instant::now();
    while watcher
        .query_one(waiting, &[&name])
        .await
        .unwrap()
        .get::<_, i64>(0)
        > 0
    {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::task::yield_now().await;
    }
    stranger.rollback().await.unwrap();
    let drop = format!("DROP TABLE t{name}");
    watcher.batch_execute(&drop).await.unwrap();
}
