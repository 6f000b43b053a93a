//! Rows that other programs wrote: NULLs, infinities, duplicates, other time zones.

use std::time::{Duration, Instant};

use pgstore::store::{IdChange, Lookup, OwnerColumn, PeerWrittenCursor, PreviousId, RowExtras};
use pgstore::store::{Revocation, Row, Which, Written};
use pgstore::{ErrorClass, PgStore, SessionHandle, SessionId, Store, StoreErrorKind, Timestamp};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::things::{at, fresh, id_change, row};
use crate::support::database::{Database, Key};
use crate::support::secrets::Told;
use crate::support::{apply, trial_on_both_servers};

#[apply(trial_on_both_servers)]
async fn a_null_or_an_infinity_is_an_undecodable_row_that_can_be_deleted() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    for broken in [
        "data = NULL",
        "created_on = NULL",
        "modified_on = NULL",
        "expires_on = NULL",
        "created_on = '-infinity'",
        "modified_on = 'infinity'",
        "expires_on = 'infinity'",
    ] {
        let id = fresh();
        store.insert(&id, &row("")).await.unwrap();
        let sql = format!("UPDATE http_sessions SET {broken} WHERE key = $1");
        client.execute(&sql, &[&Key(&id)]).await.unwrap();

        let error = store.load(&id, at(0)).await.told().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::UndecodableRow, "{broken}");
        assert_eq!(error.class(), ErrorClass::Client);
        assert_eq!(store.delete(&id).await.unwrap(), 1, "the row was kept");
    }
}

#[apply(trial_on_both_servers)]
async fn a_duplicate_with_a_null_time_is_not_the_newest() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let id = fresh();
    store.insert(&id, &row("whole")).await.unwrap();
    let broken = "INSERT INTO http_sessions (key, data) VALUES ($1, 'broken')";
    client.execute(broken, &[&Key(&id)]).await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row("whole"))
    );
    wait_for_one_row(&store, &client, &id).await;
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row("whole"))
    );
}

async fn count_rows(client: &Client, id: &SessionId) -> i64 {
    let sql = "SELECT count(*) FROM http_sessions WHERE key = $1";
    let row = client.query_one(sql, &[&Key(id)]).await.unwrap();
    row.get(0)
}

/// Waits until the key has one row. If the server is short of connections, the removal of the others
/// may fail; every load tries again.
async fn wait_for_one_row(store: &PgStore, client: &Client, id: &SessionId) {
    for _ in 0..5 {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            if count_rows(client, id).await == 1 {
                return;
            }
            tokio::task::yield_now().await;
        }
        store.load(id, at(0)).await.unwrap();
    }
    panic!("older rows are not removed");
}

fn written(data: &str, seconds: i64) -> Row {
    Row {
        modified_on: at(seconds),
        ..row(data)
    }
}

#[apply(trial_on_both_servers)]
async fn loading_removes_older_duplicates_and_counts_them() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let (id, bystander) = (fresh(), fresh());
    store.insert(&bystander, &row("bystander")).await.unwrap();
    for (data, seconds) in [("old", -20), ("new", -1), ("middle", -10)] {
        store.insert(&id, &written(data, seconds)).await.unwrap();
    }
    let found = store.load(&id, at(0)).await.unwrap().into_row();
    assert_eq!(found, Some(written("new", -1)));
    wait_for_one_row(&store, &client, &id).await;
    let found = store.load(&id, at(0)).await.unwrap().into_row();
    assert_eq!(found, Some(written("new", -1)));
    assert_eq!(count_rows(&client, &bystander).await, 1);
    // The count changes a moment after the rows were removed.
    while store.clone().duplicates_removed() != 2 {
        tokio::task::yield_now().await;
    }
}

#[apply(trial_on_both_servers)]
async fn of_two_rows_as_new_as_each_other_one_is_read_written_and_kept() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let id = fresh();
    store.insert(&id, &row("one")).await.unwrap();
    store.insert(&id, &row("two")).await.unwrap();
    let after = written("after", 1);
    let updated = store.update(&id, at(0), &after).await.unwrap();
    assert_eq!(updated, Written::Saved);
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(after.clone())
    );
    wait_for_one_row(&store, &client, &id).await;
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(after)
    );
}

#[apply(trial_on_both_servers)]
async fn an_undecodable_newest_row_keeps_its_duplicates() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let id = fresh();
    store.insert(&id, &written("older", -1)).await.unwrap();
    store.insert(&id, &row("newest")).await.unwrap();
    let broken = "UPDATE http_sessions SET modified_on = 'infinity' WHERE data = 'newest'";
    client.execute(broken, &[]).await.unwrap();
    let error = store.load(&id, at(0)).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::UndecodableRow);
    store.close().await;
    assert_eq!(count_rows(&client, &id).await, 2);
    let again = PgStore::connect(&database.url()).await.unwrap();
    assert_eq!(again.delete(&id).await.unwrap(), 2);
}

#[apply(trial_on_both_servers)]
async fn removing_duplicates_beside_writers_never_removes_the_newest() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    let mut saved = 0;
    for round in 0..100 {
        // Go does this when it saves a new session twice.
        store.insert(&id, &written("duplicate", 0)).await.unwrap();
        let mut tasks = JoinSet::new();
        for writer in 0..4 {
            let (store, id) = (store.clone(), id.clone());
            let save_token = format!("{round} {writer}");
            tasks.spawn(async move {
                let seen = store
                    .load(&id, at(0))
                    .await
                    .unwrap()
                    .into_row()
                    .expect("one is there");
                let next = Timestamp::from_unix_micros(seen.modified_on.unix_micros() + 1);
                let after = Row {
                    modified_on: next,
                    ..row(&save_token)
                };
                let written = store.update(&id, seen.modified_on, &after).await.unwrap();
                (written == Written::Saved).then_some(after)
            });
        }
        let acknowledged: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        let found = store
            .load(&id, at(0))
            .await
            .unwrap()
            .into_row()
            .expect("it is there");
        let newest = acknowledged.iter().map(|row| row.modified_on).max();
        assert!(newest.is_none_or(|newest| found.modified_on >= newest));
        saved += acknowledged.len();
    }
    assert!(saved >= 100, "{saved}");
    wait_for_one_row(&store, &client, &id).await;
}

#[apply(trial_on_both_servers)]
async fn a_locked_duplicate_does_not_hold_up_a_load() {
    let database = Database::fresh().await;
    let (store, mut client) = (database.store().await, database.client().await);
    let id = fresh();
    store.insert(&id, &written("older", -1)).await.unwrap();
    store.insert(&id, &row("newest")).await.unwrap();
    let stranger = client.transaction().await.unwrap();
    let lock = "SELECT FROM http_sessions WHERE data = 'older' FOR UPDATE";
    stranger.query(lock, &[]).await.unwrap();
    let begun = Instant::now();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row("newest"))
    );
    assert!(begun.elapsed() < Duration::from_secs(2));
    stranger.rollback().await.unwrap();
    wait_for_one_row(&store, &client, &id).await;
}

#[apply(trial_on_both_servers)]
async fn an_undecodable_row_can_be_renamed() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let (old, new) = (fresh(), fresh());
    let broken = "INSERT INTO http_sessions (key) VALUES ($1)";
    client.execute(broken, &[&Key(&old)]).await.unwrap();
    let renamed = store
        .rename(id_change(&old, None, &new), &row(""))
        .await
        .unwrap();
    assert_eq!(renamed, Written::Saved);
    assert_eq!(
        store.load(&new, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
}

/// Go leaves the extra columns unchanged. Only modified_on, which differs from saved_on, tells that
/// Go has written the row.
#[apply(trial_on_both_servers)]
async fn a_row_that_go_has_overwritten_counts_as_peer_written() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let (old, id) = (fresh(), fresh());
    let mut ours = owned();
    ours.extras.save_token = Some(7);
    store.insert(&old, &row("")).await.unwrap();
    let previous = PreviousId {
        until: at(60),
        grace_until: Some(at(60)),
    };
    let change = IdChange {
        previous,
        ..id_change(&old, Some(at(0)), &id)
    };
    store.rename(change, &ours).await.unwrap().saved();
    ours.extras.id_is_unconfirmed = true;
    let successor = Lookup::Row(id.clone(), ours.clone());
    assert_eq!(store.load(&old, at(1)).await.unwrap(), successor);
    assert_eq!(
        store.load(&id, at(1)).await.unwrap().into_row(),
        Some(ours.clone())
    );

    let by_go = "UPDATE http_sessions SET data = 'go', modified_on = to_timestamp(1700000001),
                      expires_on = expires_on + interval '1 second'
                  WHERE key = $1 AND save_token = 7";
    let written = client.execute(by_go, &[&Key(&id)]).await.unwrap();
    assert_eq!(written, 1);
    let mut theirs = Row {
        data: b"go".to_vec(),
        modified_on: at(1),
        expires_on: ours.expires_on.plus(Duration::from_secs(1)),
        ..ours.clone()
    };
    theirs.extras.save_token = None;
    assert_eq!(
        store.load(&id, at(1)).await.unwrap().into_row(),
        Some(theirs.clone())
    );
    theirs.extras.id_is_unconfirmed = false; // Only loads read it.
    let found = (id.clone(), theirs);
    assert_eq!(store.load(&old, at(1)).await.unwrap(), Lookup::Replaced);
    let listed = store.owned("alice", at(1)).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&found));
    let handle = ours.extras.handle.as_ref().unwrap();
    assert_eq!(
        store.find(handle, at(1)).await.unwrap(),
        Some(found.clone())
    );
    let peer_written = store
        .peer_written(PeerWrittenCursor::START, 10)
        .await
        .unwrap();
    assert_eq!(peer_written.rows, [found]);
    let of_alice = |column| Revocation {
        owner: "alice",
        which: Which::All,
        column,
    };
    let by_index = store.revoke(&of_alice(OwnerColumn::IsAnIndex)).await;
    assert_eq!(by_index.unwrap().seen, 0);
    let by_truth = store.revoke(&of_alice(OwnerColumn::IsTheTruth)).await;
    assert_eq!(by_truth.unwrap().removed, 1);
}

#[apply(trial_on_both_servers)]
async fn an_invalid_handle_or_age_is_none() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    let broken = "UPDATE http_sessions SET handle = '../etc/passwd', max_age = -1";
    client.batch_execute(broken).await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
}

fn owned() -> Row {
    Row {
        extras: RowExtras {
            owner: Some("alice".to_owned()),
            handle: SessionHandle::generate().ok(),
            save_token: None,
            ..RowExtras::default()
        },
        ..row("")
    }
}

#[apply(trial_on_both_servers)]
async fn lists_leave_out_rows_that_cannot_be_decoded() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    for broken in [
        "data = NULL",
        "created_on = NULL",
        "modified_on = NULL",
        "expires_on = 'infinity'",
        "key = 'no key'",
    ] {
        let (good, bad) = (owned(), owned());
        let (id, lost) = (fresh(), fresh());
        store.insert(&id, &good).await.unwrap();
        store.insert(&lost, &bad).await.unwrap();
        let sql = format!("UPDATE http_sessions SET {broken} WHERE key = $1");
        client.execute(&sql, &[&Key(&lost)]).await.unwrap();
        let expected = vec![(id, good)];
        assert_eq!(
            store.owned("alice", at(0)).await.unwrap(),
            expected,
            "{broken}"
        );
        let peer_written = store
            .peer_written(PeerWrittenCursor::START, 10)
            .await
            .unwrap();
        assert_eq!(peer_written.rows, expected, "{broken}");

        // A search for such a row alone is an error, as a load is.
        let handle = bad.extras.handle.unwrap();
        let error = store.find(&handle, at(0)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::UndecodableRow, "{broken}");
        client
            .batch_execute("TRUNCATE http_sessions")
            .await
            .unwrap();
    }
}

/// Makes $1 sessions of alice, as this library writes them.
const MANY: &str = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on,
                                               owner, save_token, saved_on)
    SELECT convert_to(rpad(translate(n::text, '0123456789', 'ABCDEFGHIJ'), 52, 'X'), 'UTF8'), 'x',
           time, time, time + interval '1 h', 'alice', 1, time
      FROM (SELECT n, to_timestamp(1700000000 + n) AS time FROM generate_series(1, $1::int) AS n) AS s";

#[apply(trial_on_both_servers)]
async fn an_owners_list_is_bounded() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    client.execute(MANY, &[&1010]).await.unwrap();
    let listed = store.owned("alice", at(0)).await.unwrap();
    assert_eq!(listed.len(), 1000);
    assert_eq!(listed[0].1.modified_on, at(1010));
    let all = Revocation {
        owner: "alice",
        which: Which::All,
        column: OwnerColumn::IsAnIndex,
    };
    assert_eq!(store.revoke(&all).await.unwrap().removed, 1010);
}

#[apply(trial_on_both_servers)]
async fn peer_written_rows_are_found_far_apart() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let ids = [fresh(), fresh()];
    store.insert(&ids[0], &owned()).await.unwrap();
    client.execute(MANY, &[&25_000]).await.unwrap();
    store.insert(&ids[1], &owned()).await.unwrap();
    let (mut found, mut next, mut batches) = (Vec::new(), Some(PeerWrittenCursor::START), 0);
    while let Some(after) = next {
        let batch = store.peer_written(after, 10).await.unwrap();
        found.extend(batch.rows.into_iter().map(|(id, _)| id));
        (next, batches) = (batch.next, batches + 1);
    }
    assert_eq!(found, ids);
    assert_eq!(batches, 3, "each batch reads a bounded number of rows");
}

#[apply(trial_on_both_servers)]
async fn the_time_zone_of_the_connection_changes_nothing() {
    let database = Database::fresh().await;
    let here = database.store().await;
    let url = database.url_with("-cTimeZone=America/New_York -cDateStyle=SQL,DMY");
    let elsewhere = PgStore::connect(&url).await.unwrap();

    let id = fresh();
    elsewhere.insert(&id, &row("")).await.unwrap();
    assert_eq!(
        here.load(&id, at(3599)).await.unwrap().into_row(),
        Some(row(""))
    );
    assert_eq!(
        elsewhere.load(&id, at(3599)).await.unwrap().into_row(),
        Some(row(""))
    );
    assert_eq!(
        elsewhere.load(&id, at(3600)).await.unwrap().into_row(),
        None
    );

    let count = "SELECT count(*) FROM http_sessions WHERE expires_on = to_timestamp(1700003600)";
    let rows: i64 = database
        .client()
        .await
        .query_one(count, &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(rows, 1);
}

#[apply(trial_on_both_servers)]
async fn instants_beyond_postgresql_range_are_kept_as_its_last_one() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let id = fresh();
    let endless = Row {
        expires_on: Timestamp::from_unix_micros(i64::MAX),
        ..row("")
    };
    store.insert(&id, &endless).await.unwrap();
    let found = store
        .load(&id, at(0))
        .await
        .unwrap()
        .into_row()
        .expect("it is alive");
    assert!(found.expires_on > at(200_000 * 365 * 24 * 3600));
}

#[apply(trial_on_both_servers)]
async fn every_column_that_go_reads_is_written() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    let (id, new) = (fresh(), fresh());
    store.insert(&id, &row("")).await.unwrap();
    store.insert(&fresh(), &row("")).await.unwrap();
    store
        .rename(id_change(&id, Some(at(0)), &new), &row(""))
        .await
        .unwrap()
        .saved();
    let nulls = "SELECT count(*) FROM http_sessions WHERE NOT ((id, key, data, created_on,
        modified_on, expires_on) IS NOT NULL)";
    let rows: i64 = client.query_one(nulls, &[]).await.unwrap().get(0);
    assert_eq!(rows, 0);
}

#[apply(trial_on_both_servers)]
async fn a_table_of_another_name_and_schema_holds_the_rows() {
    use pgstore::{PgStoreOptions, TableName};

    let database = Database::fresh().await;
    let table = TableName::parse(&format!("{}.Visitors", database.schema())).unwrap();
    let options = PgStoreOptions::new().table(table);
    let server = crate::support::database::server_url();
    let store = options.connect(server).await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.migrate().await.unwrap().applied.is_empty());

    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
    let count = "SELECT count(*) FROM \"Visitors\" WHERE key = $1";
    let client = database.client().await;
    let found = client.query_one(count, &[&Key(&id)]).await.unwrap();
    assert_eq!(found.get::<_, i64>(0), 1);
}

#[apply(trial_on_both_servers)]
async fn no_error_quotes_a_row() {
    let database = Database::fresh().await;
    let (store, client) = (database.store().await, database.client().await);
    // PostgreSQL quotes the failing row in the error's DETAIL.
    let check = "ALTER TABLE http_sessions ADD CHECK (data <> 'secret data')";
    client.batch_execute(check).await.unwrap();
    let id = fresh();
    let error = store
        .insert(&id, &row("secret data"))
        .await
        .told()
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Other);
    let told = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
    let key = String::from_utf8_lossy(id.as_bytes()).into_owned();
    let hex: String = id
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(told.contains("23514"), "{told}");
    for secret in ["secret data", &key, &hex, "7365637265742064617461"] {
        assert!(!told.contains(secret), "{told}");
    }
}

trait Saved {
    fn saved(self);
}

impl Saved for Written {
    fn saved(self) {
        assert_eq!(self, Written::Saved);
    }
}
