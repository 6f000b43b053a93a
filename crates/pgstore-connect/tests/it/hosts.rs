//! Several hosts: which is taken, which is left, what is told when none will do.

use std::time::Duration;

use pgstore::Timestamp;
use pgstore::store::{ConnectErrorKind, PgStoreOptions};
use pgstore::store::{Row, RowExtras, Store};
use pgstore_embedded::EmbeddedPostgres;

use super::servers::{with_tls, without_tls};
use super::{connect, told};
use crate::support::secrets::{self, Told};
use crate::support::{apply, trial};

/// The port of the server that a store was connected to.
async fn port_of(text: &str) -> Result<u16, ConnectErrorKind> {
    let name = crate::support::database::unique();
    let store = match connect(&format!("{text} application_name={name}")).await {
        Ok(store) => store,
        Err(error) => {
            told(&error);
            return Err(error.kind());
        }
    };
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    let mut found = Vec::new();
    for server in [with_tls(), without_tls()] {
        let client = crate::support::database::client(server.url()).await;
        let row = client.query_one(sql, &[&name]).await.unwrap();
        if row.get::<_, i64>(0) > 0 {
            found.push(server.port());
        }
    }
    store.close().await;
    assert_eq!(found.len(), 1);
    Ok(found[0])
}

fn closed_port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

#[apply(trial)]
async fn the_first_host_that_answers_is_taken() {
    let (first, second) = (with_tls().port(), without_tls().port());
    let closed = closed_port();
    for (ports, expected) in [
        (format!("{closed},{first},{second}"), first),
        (format!("{second},{first},{closed}"), second),
    ] {
        let text = format!("host=127.0.0.1,127.0.0.1,127.0.0.1 port={ports} user=postgres");
        assert_eq!(port_of(&text).await, Ok(expected));
    }
    let text = format!(
        "host=nowhere.invalid,127.0.0.1 port={second} user=postgres load_balance_hosts=random"
    );
    assert_eq!(port_of(&text).await, Ok(second));
}

#[apply(trial)]
async fn the_session_attributes_choose_among_the_hosts() {
    let (writable, read_only) = (with_tls().port(), without_tls().port());
    let both = format!("host=127.0.0.1,127.0.0.1 port={read_only},{writable} user=postgres");
    for (wanted, expected) in [
        ("any", Ok(read_only)),
        ("read-write", Ok(writable)),
        ("read-only", Ok(read_only)),
        ("primary", Ok(read_only)),
        ("prefer-standby", Ok(read_only)),
        ("standby", Err(ConnectErrorKind::NoMatchingHost)),
    ] {
        let found = port_of(&format!("{both} target_session_attrs={wanted}")).await;
        assert_eq!(found, expected, "{wanted}");
    }
    let url = format!(
        "postgres://postgres@127.0.0.1:{read_only},127.0.0.1:{writable}/?target_session_attrs=read-write"
    );
    connect(&url).await.unwrap().close().await;
}

#[apply(trial)]
async fn a_standby_is_told_from_a_primary() {
    let standby = tokio::task::spawn_blocking(|| {
        EmbeddedPostgres::builder()
            .file("standby.signal", "")
            .start()
            .unwrap()
    });
    let standby = standby.await.unwrap();
    let (there, here) = (standby.port(), with_tls().port());
    let both = format!("host=127.0.0.1,127.0.0.1 port={here},{there} user=postgres");
    for (wanted, is_standby) in [
        ("any", false),
        ("primary", false),
        ("read-write", false),
        ("read-only", true),
        ("standby", true),
        ("prefer-standby", true),
    ] {
        let name = crate::support::database::unique();
        let text = format!("{both} target_session_attrs={wanted} application_name={name}");
        let store = connect(&text).await.unwrap();
        let client = crate::support::database::client(standby.url()).await;
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        let row = client.query_one(sql, &[&name]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0) == 1, is_standby, "{wanted}");
        store.close().await;
    }
    standby.stop().unwrap();
}

#[apply(trial)]
async fn when_all_hosts_fail_each_is_heard() {
    let (port, closed) = (with_tls().port(), closed_port());
    let text = format!(
        "host=127.0.0.1,nowhere.invalid,127.0.0.1 port={closed},1,{port} user=postgres \
         password=hunter2 dbname=none"
    );
    let error = connect(&text).await.told().unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::AllHostsFailed);
    let kinds: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.kind())
        .collect();
    assert_eq!(
        kinds,
        [
            ConnectErrorKind::Refused,
            ConnectErrorKind::UnknownHost,
            ConnectErrorKind::NoDatabase
        ]
    );
    told(&error);
    let words = error.to_string();
    for word in [&format!("127.0.0.1:{closed}"), "nowhere.invalid:1", "3D000"] {
        assert!(words.contains(word), "{words}");
    }
}

#[apply(trial)]
async fn a_refused_password_ends_the_search() {
    let (first, second) = (with_tls().port(), without_tls().port());
    let text = format!("host=127.0.0.1,127.0.0.1 port={first},{second} user=app password=hunter2");
    let error = connect(&text).await.told().unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Password, "{}", told(&error));
    assert_eq!(error.server(), Some(&*format!("127.0.0.1:{first}")));
}

#[apply(trial)]
async fn a_silent_host_takes_its_time_and_no_more() {
    let silence = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silence.local_addr().unwrap().port();
    let port = with_tls().port();
    let text = format!("host=127.0.0.1,127.0.0.1 port={silent},{port} user=postgres");
    let begun = std::time::Instant::now();
    let store = connect(&format!("{text} connect_timeout=1")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4));
    store.close().await;

    let error = PgStoreOptions::new()
        .environment::<String, String>([])
        .connect_timeout(Duration::from_millis(50))
        .connect(&format!(
            "host=127.0.0.1 port={silent} user=u password=hunter2"
        ))
        .await
        .told()
        .unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Timeout, "{}", told(&error));
}

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

async fn insert(store: &pgstore::store::PgStore) {
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
