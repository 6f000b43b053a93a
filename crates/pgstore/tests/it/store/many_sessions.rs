//! An owner with very many sessions, such as a robot that logs in repeatedly.

use std::time::Instant;

use pgstore::store::{OwnerColumn, Revocation, Row, RowExtras, Which};
use pgstore::{SessionHandle, Store};
use tokio_postgres::Client;

use super::things::{at, fresh, row};
use crate::support::database::Database;
use crate::support::secrets::Told;
use crate::support::{apply, trial, trial_on_both_servers};

/// Sessions of a robot. The last one began last and was written first. Every tenth has expired.
async fn fill(client: &Client, sessions: i64) {
    let fill = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on,
            save_token, saved_on, saved_expires_on, owner, handle)
        SELECT convert_to(substr(repeat(upper(translate(md5(n::text), '0189', 'GHIJ')), 2), 1, 52),
                          'UTF8'), 'x', to_timestamp(1600000000), modified, ends, n, modified, ends,
               'robot', NULL
          FROM (SELECT n, to_timestamp(1700000000 - n / 1000.0) AS modified,
                       to_timestamp(CASE WHEN n % 10 = 0 THEN 1699999999 ELSE 1800000000 END) AS ends
                  FROM generate_series(1, $1::bigint) AS n) AS robots";
    client.execute(fill, &[&sessions]).await.unwrap();
    client.batch_execute("ANALYZE http_sessions").await.unwrap();
}

async fn count(client: &Client) -> i64 {
    let sql = "SELECT count(*) FROM http_sessions";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

fn of_robot(which: Which<'_>) -> Revocation<'_> {
    Revocation {
        owner: "robot",
        which,
        column: OwnerColumn::IsTheTruth,
    }
}

fn current(handle: &SessionHandle) -> Row {
    Row {
        extras: RowExtras {
            save_token: Some(1),
            owner: Some("robot".into()),
            handle: Some(handle.clone()),
            ..RowExtras::default()
        },
        ..row("")
    }
}

#[apply(trial)]
async fn two_hundred_thousand_sessions_of_one_owner_are_revoked() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    fill(&client, 200_000).await;
    let (id, handle) = (fresh(), SessionHandle::generate().unwrap());
    store.insert(&id, &current(&handle)).await.unwrap();
    store.insert(&fresh(), &row("of nobody")).await.unwrap();
    let others = of_robot(Which::AllBut {
        id: Some(&id),
        handle: Some(&handle),
    });
    let began = Instant::now();
    let revoked = store.revoke(&others).await.unwrap();
    println!(
        "revoking {} sessions took {:?}",
        revoked.removed,
        began.elapsed()
    );
    assert_eq!((revoked.seen, revoked.removed), (200_000, 200_000));
    assert_eq!(store.revoke(&others).await.unwrap().seen, 0);
    assert_eq!(count(&client).await, 2);
    let one = store.revoke(&of_robot(Which::One(&handle))).await.unwrap();
    assert_eq!(one.removed, 1);
}

#[apply(trial_on_both_servers)]
async fn a_revocation_that_fails_half_way_continues_where_it_stopped() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    fill(&client, 4500).await;
    let keep = "CREATE TABLE orders (session bigint REFERENCES http_sessions (id));
        INSERT INTO orders SELECT id FROM http_sessions ORDER BY id OFFSET 2500 LIMIT 1";
    client.batch_execute(keep).await.unwrap();
    store
        .revoke(&of_robot(Which::All))
        .await
        .told()
        .unwrap_err();
    assert_eq!(count(&client).await, 2500, "two batches have committed");
    client.batch_execute("DROP TABLE orders").await.unwrap();
    let revoked = store.revoke(&of_robot(Which::All)).await.unwrap();
    assert_eq!((revoked.seen, revoked.removed), (2500, 2500));
    assert_eq!(count(&client).await, 0);
}

#[apply(trial_on_both_servers)]
async fn a_list_has_the_thousand_that_began_last_by_their_last_use() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    fill(&client, 5000).await;
    let all = store.owned("robot", at(0)).await.unwrap();
    assert_eq!(all.len(), 1000);
    let used: Vec<_> = all.iter().map(|(_, row)| row.modified_on).collect();
    assert!(used.is_sorted_by(|one, next| one > next));
    let ours = used.iter().all(|used| *used <= at(-3));
    assert!(ours, "they are among the last 2000");
    assert!(all.iter().all(|(_, row)| row.expires_on > at(0)));
}

#[apply(trial_on_both_servers)]
async fn a_list_finds_the_sessions_that_live_among_many_that_have_expired() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let id = fresh();
    let handle = SessionHandle::generate().unwrap();
    store.insert(&id, &current(&handle)).await.unwrap();
    fill(&client, 4000).await;
    let expire =
        "UPDATE http_sessions SET expires_on = to_timestamp(1699999999) WHERE handle IS NULL;
        UPDATE http_sessions SET modified_on = to_timestamp(1600000000) WHERE handle IS NULL";
    client.batch_execute(expire).await.unwrap();
    let all = store.owned("robot", at(0)).await.unwrap();
    assert_eq!(all.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&id]);
    assert!(store.owned("nobody", at(0)).await.unwrap().is_empty());
}
