//! Rows that a Go program wrote last, found by their index.

use std::time::{Duration, UNIX_EPOCH};

use pgstore::store::{PeerWrittenCursor, Row, Written};
use pgstore::{CookieName, SessionId, Store, go};
use tokio_postgres::Client;

use super::things::{at, fresh, row};
use crate::support::app::{App, keys};
use crate::support::database::{Database, Key};
use crate::support::{apply, trial_on_both_servers};

/// How Go's pgstore inserts a row and updates one.
// Go: pgstore.go insert, update.
const GO_INSERTS: &str =
    "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
    VALUES ($1, 'theirs', now(), now(), now() + interval '30 days')";
const GO_UPDATES: &str = "UPDATE http_sessions
    SET data = 'theirs', modified_on = now(), expires_on = now() + interval '30 days'
    WHERE key = $1";

async fn peer_written(store: &impl Store) -> Vec<SessionId> {
    let batch = store.peer_written(PeerWrittenCursor::START, 500).await;
    let mut ids: Vec<_> = batch.unwrap().rows.into_iter().map(|(id, _)| id).collect();
    ids.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
    ids
}

async fn go(client: &Client, sql: &str, id: &SessionId) {
    assert_eq!(client.execute(sql, &[&Key(id)]).await.unwrap(), 1);
}

fn saved(seconds: i64) -> Row {
    Row {
        modified_on: at(seconds),
        ..row("mine")
    }
}

#[apply(trial_on_both_servers)]
async fn what_go_inserts_or_updates_is_found_and_what_is_saved_again_is_not() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let (mine, updated, inserted) = (fresh(), fresh(), fresh());
    for id in [&mine, &updated] {
        store.insert(id, &saved(0)).await.unwrap();
    }
    assert_eq!(peer_written(&store).await, []);
    go(&client, GO_UPDATES, &updated).await;
    go(&client, GO_INSERTS, &inserted).await;
    let mut both = [updated.clone(), inserted];
    both.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
    assert_eq!(peer_written(&store).await, both);
    for id in &both {
        let found = store.load(id, at(0)).await.unwrap().into_row().unwrap();
        let next = saved(1);
        let written = store.update(id, found.modified_on, &next).await.unwrap();
        assert_eq!(written, Written::Saved);
    }
    assert_eq!(peer_written(&store).await, []);
}

#[apply(trial_on_both_servers)]
async fn what_go_wrote_is_found_without_a_read_of_the_other_rows() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let fill = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on,
            saved_on, saved_expires_on)
        SELECT convert_to(md5(n::text), 'UTF8'), 'mine', now(), now(), now(), now(), now()
          FROM generate_series(1, 20000) AS n;
        ANALYZE http_sessions";
    client.batch_execute(fill).await.unwrap();
    let id = fresh();
    go(&client, GO_INSERTS, &id).await;
    let sql = include_str!("../../../src/store/postgres/sql/peer_written.sql");
    let explain = format!("PREPARE found AS {sql}; SET plan_cache_mode = force_generic_plan");
    client.batch_execute(&explain).await.unwrap();
    let plan = client
        .simple_query("EXPLAIN (ANALYZE, COSTS OFF) EXECUTE found (0, 500, 10000)")
        .await
        .unwrap();
    let plan: String = plan.iter().map(|line| format!("{line:?}\n")).collect();
    assert!(plan.contains("http_sessions_peer_written_idx"), "{plan}");
    assert!(!plan.contains("Seq Scan"), "{plan}");
    assert_eq!(peer_written(&store).await, [id]);
}

#[apply(trial_on_both_servers)]
async fn a_save_that_keeps_the_expiry_stays_hot() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let id = fresh();
    store.insert(&id, &saved(0)).await.unwrap();
    for seconds in 1..=20 {
        let update = store.update(&id, at(seconds - 1), &saved(seconds)).await;
        assert_eq!(update.unwrap(), Written::Saved);
    }
    store.close().await; // The server's counts are complete when the connection has ended.
    let counts = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
        WHERE relid = 'http_sessions'::regclass";
    loop {
        let row = client.query_one(counts, &[]).await.unwrap();
        let (updates, hot): (i64, i64) = (row.get(0), row.get(1));
        if updates == 20 {
            // One that starts a new page may be not.
            assert!(hot >= 18, "{hot} of {updates}");
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[apply(trial_on_both_servers)]
async fn what_go_writes_is_found_where_a_session_value_sets_the_expiry() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let app = App::build(store.clone(), keys(), |sessions| {
        sessions.owner_from(CookieName::new("s").unwrap(), "user")
    });
    let session = app.session(&http::HeaderMap::new());
    let year_2100 = UNIX_EPOCH + Duration::from_micros(4_102_444_800_123_456);
    session
        .insert("expires_on", go::Time::from(year_2100))
        .unwrap();
    app.save(&session).await;
    assert_eq!(peer_written(&store).await, []);
    // Go: pgstore.go save writes the value as it is.
    let by_go = "UPDATE http_sessions SET data = 'theirs', modified_on = now(),
        expires_on = '2100-01-01 00:00:00.123456Z'";
    client.batch_execute(by_go).await.unwrap();
    let id = session.id().await.unwrap().unwrap();
    assert_eq!(peer_written(&store).await, [id]);
}
