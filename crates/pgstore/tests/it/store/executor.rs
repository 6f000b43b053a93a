//! Many callers over a few connections: pipelining, deadlines, lost connections, closing.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgstore::store::ConfigError;
use pgstore::store::{Row, Written};
use pgstore::{
    ConnectError, PgStore, PgStoreOptions, StatementNames, StatementStrategy, Store, StoreErrorKind,
};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::things::{at, fresh, row};
use crate::support::database::{Database, Key};
use crate::support::proxy::{Direction, Message, Proxy};
use crate::support::secrets::Told;
use crate::support::{apply, trial_on_both_servers};

#[apply(trial_on_both_servers)]
async fn a_hundred_tasks_share_four_connections() {
    let database = Database::fresh().await;
    let store = named_store(&database, PgStoreOptions::new()).await;
    let mut tasks = JoinSet::new();
    for task in 0..100 {
        let store = store.clone();
        tasks.spawn(async move {
            for turn in 0..5 {
                round_trip(&store, &row(&format!("{task} {turn}"))).await;
            }
        });
    }
    tasks.join_all().await;
    let connections = pids(&database.client().await, &database).await;
    assert!((3..=4).contains(&connections.len()), "{connections:?}");
}

#[apply(trial_on_both_servers)]
async fn a_connection_is_opened_when_it_is_needed() {
    let database = Database::fresh().await;
    let store = named_store(&database, PgStoreOptions::new()).await;
    let watcher = database.client().await;
    let id = fresh();
    for _ in 0..5 {
        store.load(&id, at(0)).await.unwrap();
    }
    assert_eq!(pids(&watcher, &database).await.len(), 1);
    for _ in 0..5 {
        store.insert(&fresh(), &row("")).await.unwrap();
    }
    assert_eq!(pids(&watcher, &database).await.len(), 2);
}

#[apply(trial_on_both_servers)]
async fn one_connection_serves_every_statement_if_the_server_gives_no_other() {
    let database = Database::fresh().await;
    database.store().await;
    let (role, client) = (
        format!("one_{}", crate::support::database::unique()),
        database.client().await,
    );
    let schema = database.schema();
    let create = format!(
        "CREATE ROLE {role} LOGIN CONNECTION LIMIT 1; GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role};
         GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
    );
    client.batch_execute(&create).await.unwrap();
    let url = format!("{}&user={role}", database.url());
    let store = PgStore::connect(&url).await.unwrap();
    for turn in 0..3 {
        round_trip(&store, &row(&turn.to_string())).await;
    }
    store.close().await;
    let remove = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    client.batch_execute(&remove).await.unwrap();
}

#[apply(trial_on_both_servers)]
async fn one_connection_may_be_all_there_is() {
    let database = Database::fresh().await;
    let store = named_store(&database, PgStoreOptions::new().connections(1)).await;
    let mut tasks = JoinSet::new();
    for task in 0..20 {
        let store = store.clone();
        tasks.spawn(async move { round_trip(&store, &row(&task.to_string())).await });
    }
    tasks.join_all().await;
    assert_eq!(pids(&database.client().await, &database).await.len(), 1);
}

async fn round_trip(store: &PgStore, row: &Row) {
    let id = fresh();
    store.insert(&id, row).await.unwrap();
    let after = Row {
        modified_on: at(1),
        ..row.clone()
    };
    assert_eq!(
        store.update(&id, at(0), &after).await.unwrap(),
        Written::Saved
    );
    assert_eq!(
        store.load(&id, at(1)).await.unwrap().into_row(),
        Some(after)
    );
    assert_eq!(store.delete(&id).await.unwrap(), 1);
}

/// The server processes of the connections of [`named_store`].
async fn pids(client: &Client, database: &Database) -> Vec<i32> {
    let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = $1";
    let rows = client.query(sql, &[&name_of(database)]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn name_of(database: &Database) -> String {
    format!("pgstore {}", database.schema())
}

/// A store whose connections have a name of their own in pg_stat_activity.
async fn named_store(database: &Database, options: PgStoreOptions) -> PgStore {
    let name = name_of(database).replace(' ', "%20");
    let url = format!("{}&application_name={name}", database.url());
    let store = options.connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    // The connections that migrated end a moment later.
    let (watcher, begun) = (database.client().await, Instant::now());
    while pids(&watcher, database).await.len() > 1 {
        assert!(begun.elapsed() < Duration::from_secs(10), "they stay");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    store
}

#[apply(trial_on_both_servers)]
async fn connections_that_are_terminated_under_load_come_back() {
    let database = Database::fresh().await;
    let store = named_store(&database, PgStoreOptions::new()).await;
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();

    let mut readers = JoinSet::new();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    for _ in 0..20 {
        let (store, id, stop) = (store.clone(), id.clone(), Arc::clone(&stop));
        readers.spawn(async move {
            let mut loads = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                assert_eq!(
                    store.load(&id, at(0)).await.unwrap().into_row(),
                    Some(row(""))
                );
                loads += 1;
            }
            loads
        });
    }
    let client = database.client().await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE application_name = $1";
    let mut killed = 0;
    while killed < 10 {
        let row = client
            .query_one(kill, &[&name_of(&database)])
            .await
            .unwrap();
        killed += row.get::<_, i64>(0);
        // Until it has recovered: more losses in a row than attempts are an error.
        for _ in 0..10 {
            store.load(&id, at(0)).await.unwrap();
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let loads: u64 = readers.join_all().await.into_iter().sum();
    assert!(loads > 0);
    assert_eq!(
        store.update(&id, at(0), &row("")).await.unwrap(),
        Written::Saved
    );
}

#[apply(trial_on_both_servers)]
async fn a_row_locked_by_a_stranger_keeps_nobody_from_reading() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let (id, other) = (fresh(), fresh());
    store.insert(&id, &row("")).await.unwrap();

    let mut client = database.client().await;
    let stranger = client.transaction().await.unwrap();
    let lock = "SELECT FROM http_sessions WHERE key = $1 FOR UPDATE";
    stranger.query(lock, &[&Key(&id)]).await.unwrap();

    let (seen, late) = (row("").modified_on, row("late"));
    let mut blocked = pin!(store.update(&id, seen, &late));
    tokio::select! {
        biased;
        _ = &mut blocked => panic!("the row is locked"),
        () = async {
            store.insert(&other, &row("")).await.unwrap();
            assert_eq!(store.load(&other, at(0)).await.unwrap().into_row(), Some(row("")));
            assert_eq!(store.load(&id, at(0)).await.unwrap().into_row(), Some(row("")));
        } => {}
    }
    stranger.rollback().await.unwrap();
    assert_eq!(blocked.await.unwrap(), Written::Saved);
}

#[apply(trial_on_both_servers)]
async fn a_blocked_write_ends_at_its_deadline_and_blocks_nobody_after() {
    let database = Database::fresh().await;
    let options = PgStoreOptions::new()
        .connections(1)
        .deadline(Duration::from_millis(300));
    let store = named_store(&database, options).await;
    let (id, other) = (fresh(), fresh());
    store.insert(&id, &row("")).await.unwrap();
    store.insert(&other, &row("")).await.unwrap();

    let mut client = database.client().await;
    let stranger = client.transaction().await.unwrap();
    let lock = "SELECT FROM http_sessions WHERE key = $1 FOR UPDATE";
    stranger.query(lock, &[&Key(&id)]).await.unwrap();

    let begun = Instant::now();
    let error = store
        .update(&id, at(0), &row("late"))
        .await
        .told()
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(
        store.load(&other, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );

    // The server was asked to cancel, too: no statement of the store waits for the lock.
    let waiting = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = $1 AND wait_event_type = 'Lock'";
    let watcher = database.client().await;
    loop {
        let row = watcher
            .query_one(waiting, &[&name_of(&database)])
            .await
            .unwrap();
        if row.get::<_, i64>(0) == 0 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::task::yield_now().await;
    }
    stranger.rollback().await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
}

#[apply(trial_on_both_servers)]
async fn a_caller_that_goes_away_while_blocked_blocks_nobody_after() {
    let database = Database::fresh().await;
    let store = database
        .store_with(PgStoreOptions::new().connections(1))
        .await;
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    let mut client = database.client().await;
    let stranger = client.transaction().await.unwrap();
    let lock = "SELECT FROM http_sessions WHERE key = $1 FOR UPDATE";
    stranger.query(lock, &[&Key(&id)]).await.unwrap();

    let late = row("late");
    let write = store.update(&id, at(0), &late);
    let gone = tokio::time::timeout(Duration::from_millis(50), write).await;
    assert!(gone.is_err());
    // A later write on the only connection is answered after what was sent before.
    store.insert(&fresh(), &row("")).await.unwrap();
    stranger.rollback().await.unwrap();
    // It waited for its next try and left before that.
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
    let written = store.update(&id, at(0), &row("after")).await.unwrap();
    assert_eq!(written, Written::Saved);
}

#[apply(trial_on_both_servers)]
async fn a_connection_that_became_read_only_is_left() {
    let database = Database::fresh().await;
    let options = PgStoreOptions::new().connections(1);
    let store = named_store(&database, options).await;
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    let client = database.client().await;
    let before = pids(&client, &database).await;

    // As after a failover: the old connections can no longer write.
    let freeze = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF pg_backend_pid() = {} THEN
             RAISE EXCEPTION 'cannot execute in a read-only transaction' USING ERRCODE = '25006';
           END IF;
           RETURN NEW;
         END $$;
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON http_sessions
           FOR EACH ROW EXECUTE FUNCTION refuse()",
        before[0]
    );
    client.batch_execute(&freeze).await.unwrap();
    assert_eq!(
        store.update(&id, at(0), &row("after")).await.unwrap(),
        Written::Saved
    );
    store.insert(&fresh(), &row("")).await.unwrap();
    assert!(!pids(&client, &database).await.contains(&before[0]));
}

#[apply(trial_on_both_servers)]
async fn statements_that_a_pooler_forgot_are_prepared_again() {
    let database = Database::fresh().await;
    let store = database
        .store_with(PgStoreOptions::new().connections(1))
        .await;
    let (client, id) = (database.client().await, fresh());
    store.insert(&id, &row("")).await.unwrap();
    // PostgreSQL refuses to replan a statement whose result type has changed.
    let change = "ALTER TABLE http_sessions ALTER created_on TYPE timestamptz(3)";
    client.batch_execute(change).await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
    let again = "DROP TABLE http_sessions";
    client.batch_execute(again).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.load(&id, at(0)).await.unwrap().into_row(), None);
    store.insert(&id, &row("")).await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
}

#[apply(trial_on_both_servers)]
async fn a_missing_table_says_that_migrate_was_not_run() {
    let database = Database::fresh().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let error = store.load(&fresh(), at(0)).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NotMigrated);
    assert!(error.to_string().contains("migrate"), "{error}");
    store.migrate().await.unwrap();
    assert_eq!(store.load(&fresh(), at(0)).await.unwrap().into_row(), None);
}

#[apply(trial_on_both_servers)]
async fn a_missing_right_says_so() {
    let database = Database::fresh().await;
    database.store().await;
    let role = format!("nobody_{}", crate::support::database::unique());
    let client = database.client().await;
    let create = format!(
        "CREATE ROLE {role}; GRANT USAGE ON SCHEMA {} TO {role}",
        database.schema()
    );
    client.batch_execute(&create).await.unwrap();
    let store = PgStore::connect(&database.url_as(&role)).await.unwrap();
    let error = store.load(&fresh(), at(0)).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Forbidden);
    let remove = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    client.batch_execute(&remove).await.unwrap();
}

#[apply(trial_on_both_servers)]
async fn a_serializable_server_is_served() {
    let database = Database::fresh().await;
    database.store().await;
    let url = database.url_with("-cdefault_transaction_isolation=serializable");
    let options = PgStoreOptions::new().connections(4);
    let store = options.connect(&url).await.unwrap();
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, id) = (store.clone(), id.clone());
        tasks.spawn(async move { store.update(&id, at(0), &row("after")).await });
    }
    for outcome in tasks.join_all().await {
        // A statement that lost too often is unavailable, never wrong.
        assert!(
            outcome.as_ref().is_ok_and(|saved| *saved == Written::Saved)
                || outcome.is_err_and(|error| error.is_unavailable())
        );
    }
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row("after"))
    );
}

#[apply(trial_on_both_servers)]
async fn closing_waits_for_what_is_under_way_and_ends_the_connections() {
    let database = Database::fresh().await;
    let store = named_store(&database, PgStoreOptions::new()).await;
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();
    let stranger = database.client().await;
    let lock = "BEGIN; LOCK TABLE http_sessions IN SHARE MODE";
    stranger.batch_execute(lock).await.unwrap();

    let writing = tokio::spawn({
        let (store, id) = (store.clone(), id.clone());
        async move { store.update(&id, at(0), &row("saved")).await }
    });
    let watcher = database.client().await;
    let waiting = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = $1 AND wait_event_type = 'Lock'";
    while watcher
        .query_one(waiting, &[&name_of(&database)])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        tokio::task::yield_now().await;
    }
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    stranger.batch_execute("ROLLBACK").await.unwrap();
    closing.await.unwrap();
    assert_eq!(writing.await.unwrap().unwrap(), Written::Saved);
    while !pids(&watcher, &database).await.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[apply(trial_on_both_servers)]
async fn closing_twice_is_harmless_and_later_calls_are_refused() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let clone = store.clone();
    store.close().await;
    clone.close().await;
    let error = clone.load(&fresh(), at(0)).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Closed);
    assert!(store.migrate().await.is_err());
}

#[apply(trial_on_both_servers)]
async fn wrong_settings_each_have_their_own_error_without_the_password() {
    let server: tokio_postgres::Config = crate::support::database::server_url().parse().unwrap();
    let port = server.get_ports()[0];
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = free.local_addr().unwrap().port();
    drop(free);
    type Is = fn(&ConnectError) -> bool;
    let tests: [(String, Is); 5] = [
        ("postgres://u:hunter2@h/d?colour=red".to_owned(), |error| {
            matches!(
                error,
                ConnectError::Config(ConfigError::UnknownOption { .. })
            )
        }),
        (
            format!("postgres://u:hunter2@127.0.0.1:{refused}/d"),
            |error| matches!(error, ConnectError::NotListening { .. }),
        ),
        (
            "postgres://u:hunter2@nowhere.invalid/d".to_owned(),
            |error| matches!(error, ConnectError::UnknownHost { .. }),
        ),
        (
            "host=/nowhere user=u password=hunter2".to_owned(),
            |error| matches!(error, ConnectError::NotListening { .. }),
        ),
        (
            format!("postgres://postgres:hunter2@127.0.0.1:{port}/no_such_database"),
            |error| matches!(error, ConnectError::NoDatabase { .. }),
        ),
    ];
    for (url, is) in tests {
        let error = PgStore::connect(&url).await.told().unwrap_err();
        assert!(is(&error), "{error:?}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[apply(trial_on_both_servers)]
async fn connecting_lazily_needs_no_server() {
    let store = PgStoreOptions::new()
        .connect_lazily("host=/nowhere user=u password=hunter2")
        .unwrap();
    let error = store.load(&fresh(), at(0)).await.told().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let told = format!("{error} {error:?} {store:?}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[apply(trial_on_both_servers)]
async fn no_debug_output_shows_the_password() {
    let store = PgStoreOptions::new()
        .connect_lazily("postgres://u:hunter2@db.example:7/d")
        .unwrap();
    let told = format!("{store:?}");
    assert!(told.contains("db.example:7"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[apply(trial_on_both_servers)]
async fn a_constructor_changes_nothing_in_the_database() {
    let database = Database::fresh().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let client = database.client().await;
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = $1";
    let row = client
        .query_one(tables, &[&database.schema()])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    store.close().await;
}

#[apply(trial_on_both_servers)]
async fn a_store_outlives_the_runtime_it_was_made_on() {
    let database = Database::fresh().await;
    let url = database.url();
    let elsewhere = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = PgStore::connect(&url).await.unwrap();
            store.migrate().await.unwrap();
            for _ in 0..10 {
                store.load(&fresh(), at(0)).await.unwrap();
            }
            store
        })
    });
    let store = elsewhere.join().unwrap();
    for _ in 0..10 {
        assert_eq!(store.load(&fresh(), at(0)).await.unwrap().into_row(), None);
    }
}

#[apply(trial_on_both_servers)]
async fn statements_have_names_where_the_store_talks_to_the_server_itself() {
    let database = Database::fresh().await;
    for (names, has_names) in [
        (StatementNames::Auto, true),
        (StatementNames::Named, true),
        (StatementNames::Unnamed, false),
    ] {
        let proxy = Proxy::before(&database.url()).await;
        let url = proxy.url(&database.url());
        let options = PgStoreOptions::new().statement_names(names);
        let store = options.connect(&url).await.unwrap();
        store.migrate().await.unwrap();
        let id = fresh();
        store.insert(&id, &row("")).await.unwrap();
        proxy.arm(None);
        for _ in 0..3 {
            store.load(&id, at(0)).await.unwrap();
        }
        // Parse goes along each time, or went before.
        let seen = proxy.seen();
        let is_parse = |sent: &&Message| sent.tag == b'P' && sent.direction == Direction::ToServer;
        let parses = seen.iter().filter(is_parse).count();
        assert_eq!(parses, if has_names { 1 } else { 3 }, "{names:?}");
        store.close().await;
    }
}

/// A pooler that shares server connections may take statements apart that overlap, and pass the second half
/// of one to another server connection. Others lose count when one of them fails. With names that are asked
/// for, they overlap: so the trial would see it.
#[apply(trial_on_both_servers)]
async fn statements_without_names_or_by_way_of_a_proxy_are_sent_one_after_the_other() {
    let database = Database::fresh().await;
    for (names, overlap) in [
        (StatementNames::Named, true),
        (StatementNames::Auto, false),
        (StatementNames::Unnamed, false),
    ] {
        let proxy = Proxy::before(&database.url()).await;
        let options = PgStoreOptions::new()
            .connections(1)
            .statement_names(names)
            .strategy(StatementStrategy::OnePerCaller);
        let store = options.connect(&proxy.url(&database.url())).await.unwrap();
        store.migrate().await.unwrap();
        let id = fresh();
        store.insert(&id, &row("")).await.unwrap();
        proxy.arm(None);
        let mut callers = JoinSet::new();
        for caller in 0..200_u64 {
            let (store, id) = (store.clone(), id.clone());
            callers.spawn(async move {
                // Some leave while they wait for their turn, some while their statement is under way.
                let patience = Duration::from_micros(caller * 100 + 100);
                match caller % 4 {
                    0 | 1 => store.load(&id, at(0)).await.map(drop),
                    _ => match tokio::time::timeout(patience, store.load(&id, at(0))).await {
                        Ok(loaded) => loaded.map(drop),
                        Err(_) => Ok(()),
                    },
                }
            });
        }
        for done in callers.join_all().await {
            done.unwrap();
        }
        assert_eq!(overlaps(&proxy.seen()), overlap, "{names:?}");
        store.close().await;
    }
}

/// Whether a statement was sent while the server had not answered everything that ended before. A mere
/// question whether it has is no statement: it has one message, which cannot be taken apart.
fn overlaps(seen: &[Message]) -> bool {
    let (mut ended, mut ready) = (0, 0);
    seen.iter().any(|message| {
        let is_statement = matches!(message.tag, b'P' | b'B');
        let is_early = message.direction == Direction::ToServer && is_statement && ended > ready;
        match (message.direction, message.tag) {
            (Direction::ToServer, b'S' | b'Q') => ended += 1,
            (Direction::FromServer, b'Z') => ready += 1,
            _ => {}
        }
        is_early
    })
}
