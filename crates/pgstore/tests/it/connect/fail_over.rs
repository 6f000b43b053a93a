//! A primary that is demoted under the store, and a server that is read-only.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use pgstore::store::{Row, RowExtras, StoreError};
use pgstore::{PgStore, SessionId, Store, Timestamp};
use pgstore_embedded::EmbeddedPostgres;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::connect;
use crate::support::secrets;
use crate::support::{apply, trial};

#[apply(trial)]
async fn a_demoted_primary_is_left_for_the_new_one() {
    let start = || tokio::task::spawn_blocking(|| EmbeddedPostgres::start().unwrap());
    let (old, new) = tokio::join!(start(), start());
    let (old, new) = (old.unwrap(), new.unwrap());
    migrate(&old).await;
    migrate(&new).await;
    let text = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user=postgres",
        old.port(),
        new.port()
    );
    let store = connect(&text).await.unwrap();
    let first = insert(&store).await.unwrap();
    assert!(is_there(&store, &first).await);
    assert_eq!([rows(&old).await, rows(&new).await], [1, 0]);

    set_read_only(&old, true).await;
    // Sessions learn of it a moment later, each between two statements.
    let mut there = 0;
    while there == 0 {
        insert(&store).await.unwrap();
        there = rows(&new).await;
    }
    for more in 1..=10 {
        let id = insert(&store).await.unwrap();
        assert_eq!(rows(&new).await, there + more);
        assert!(is_there(&store, &id).await, "reads went to the old primary");
    }
    assert!(!is_there(&store, &first).await);
    store.close().await;
}

#[apply(trial)]
async fn a_standby_is_not_read_although_it_is_named_first() {
    let start = || tokio::task::spawn_blocking(|| EmbeddedPostgres::start().unwrap());
    let (standby, primary) = tokio::join!(start(), start());
    let (standby, primary) = (standby.unwrap(), primary.unwrap());
    migrate(&standby).await;
    migrate(&primary).await;
    set_read_only(&standby, true).await;
    let text = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user=postgres",
        standby.port(),
        primary.port()
    );
    let store = connect(&text).await.unwrap();
    assert!(!is_there(&store, &secrets::fresh_id()).await);
    assert_eq!(store_connections(&standby).await, 0);
    store.close().await;
    // Unless the application wants it.
    let any = format!("{text} target_session_attrs=any");
    let store = connect(&any).await.unwrap();
    assert!(!is_there(&store, &secrets::fresh_id()).await);
    assert!(store_connections(&standby).await > 0);
    let id = insert(&store).await.unwrap();
    assert!(
        is_there(&store, &id).await,
        "after a write, reads follow it"
    );
    store.close().await;
}

#[apply(trial)]
async fn a_server_that_is_read_only_for_a_while_keeps_its_connections() {
    let server = tokio::task::spawn_blocking(|| EmbeddedPostgres::start().unwrap());
    let server = server.await.unwrap();
    migrate(&server).await;
    let store = connect(server.url()).await.unwrap();
    let id = insert(&store).await.unwrap();
    set_read_only(&server, true).await;
    while insert(&store).await.is_ok() {}
    // Reads went over a new connection once, if at all.
    assert!(is_there(&store, &id).await);
    let before = sessions_begun(&server).await;
    let begun = Instant::now();
    for _ in 0..100 {
        insert(&store).await.unwrap_err();
        assert!(is_there(&store, &id).await);
    }
    // Each of the four connections, four times a second; and what this trial itself opens.
    let more = sessions_begun(&server).await - before;
    let most = 4 * (begun.elapsed().as_millis() / 250 + 1) + 8;
    assert!(u128::try_from(more).unwrap() <= most, "{more} connections");
    set_read_only(&server, false).await;
    while insert(&store).await.is_err() {}
    store.close().await;
}

/// A name that stands for two servers, of which the other one is the primary after a while.
#[apply(trial)]
async fn reads_follow_writes_to_another_server_behind_the_same_name() {
    let start = || tokio::task::spawn_blocking(|| EmbeddedPostgres::start().unwrap());
    let (old, new) = tokio::join!(start(), start());
    let (old, new) = (old.unwrap(), new.unwrap());
    migrate(&old).await;
    migrate(&new).await;
    let name = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = name.local_addr().unwrap().port();
    let leads_to = Arc::new(AtomicU16::new(old.port()));
    let way = Arc::clone(&leads_to);
    let carrying = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut client, _)) = name.accept().await {
            let there = (Ipv4Addr::LOCALHOST, way.load(Ordering::SeqCst));
            connections.spawn(async move {
                let mut server = TcpStream::connect(there).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    let url = old
        .url()
        .replace(&format!(":{}/", old.port()), &format!(":{port}/"));
    assert_ne!(url, old.url());
    let store = connect(&url).await.unwrap();
    let first = insert(&store).await.unwrap();
    set_read_only(&old, true).await;
    // Reads and writes get new connections, which lead to the old server still.
    for _ in 0..10 {
        insert(&store).await.unwrap_err();
        assert!(is_there(&store, &first).await);
    }
    leads_to.store(new.port(), Ordering::SeqCst);
    let id = loop {
        if let Ok(id) = insert(&store).await {
            break id;
        }
    };
    assert!(is_there(&store, &id).await, "reads went to the old server");
    store.close().await;
    carrying.abort();
}

async fn migrate(server: &EmbeddedPostgres) {
    let store = connect(server.url()).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
}

async fn insert(store: &PgStore) -> Result<SessionId, StoreError> {
    let now = Timestamp::from_unix_seconds(1_700_000_000);
    let row = Row {
        data: b"x".to_vec(),
        created_on: now,
        modified_on: now,
        expires_on: now,
        extras: RowExtras::default(),
    };
    let id = secrets::fresh_id();
    store.insert(&id, &row).await?;
    Ok(id)
}

async fn is_there(store: &PgStore, id: &SessionId) -> bool {
    let now = Timestamp::from_unix_seconds(1_699_999_999);
    store.load(id, now).await.unwrap().into_row().is_some()
}

async fn set_read_only(server: &EmbeddedPostgres, is_wanted: bool) {
    let client = crate::support::database::client(server.url()).await;
    let value = if is_wanted { "on" } else { "off" };
    let text = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
    client.batch_execute(&text).await.unwrap();
    client
        .query_one("SELECT pg_reload_conf()", &[])
        .await
        .unwrap();
    while is_read_only(server).await != is_wanted {
        tokio::task::yield_now().await;
    }
}

/// How many connections stores have to the server.
async fn store_connections(server: &EmbeddedPostgres) -> i64 {
    let client = crate::support::database::client(server.url()).await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgstore'";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// How many sessions the server's database has seen.
async fn sessions_begun(server: &EmbeddedPostgres) -> i64 {
    let client = crate::support::database::client(server.url()).await;
    let sql = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()";
    client.query_one(sql, &[]).await.unwrap().get(0)
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
