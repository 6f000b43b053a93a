//! The store through poolers, with its default settings. Where a pooler is missing, the trials are ignored
//! and say so; with `CI=true` they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Trial};
use pgstore::store::conformance::behaviours;
use pgstore::store::{SweepBatch, Written};
use pgstore::{PgStore, PgStoreOptions, Store, TableName};
use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;

use super::migrate::AS_GO_DOES;
use super::pooler::Pooled;
use super::things::{at, fresh, row};
use crate::support::database::client;
use crate::support::pooler::Kind;
use crate::support::secrets::Told;
use crate::support::{apply, registry, trial, trials};

const KINDS: [Kind; 3] = [Kind::Transaction, Kind::Session, Kind::Pgpool];

/// A store on a table of its own.
async fn store(pooled: &Pooled, table: &str) -> PgStore {
    let options = PgStoreOptions::new().table(TableName::parse(table).unwrap());
    let store = options.connect(&pooled.url()).await.told().unwrap();
    store.migrate().await.told().unwrap();
    store
}

/// How many statements the server connections of the pool keep under names.
async fn prepared(url: &str) -> i64 {
    let sql = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%sessions%'";
    let lines = client(url).await.simple_query(sql).await.unwrap();
    let count = lines.iter().find_map(|line| match line {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    count.unwrap().parse().unwrap()
}

/// One trial for each pooler.
fn of_each_kind<F>(name: &str, check: fn(Kind) -> F) -> Vec<Trial>
where
    F: Future<Output = Result<(), Completion>> + 'static,
{
    let of = |kind: Kind| {
        let name = format!("store::pooled::{name}::{kind:?}").to_lowercase();
        registry::on_a_runtime(&name, move || async move {
            match check(kind).await {
                Ok(()) => Completion::Completed,
                Err(ended) => ended,
            }
        })
    };
    KINDS.into_iter().map(of).collect()
}

#[apply(trials)]
fn every_behaviour_of_a_store_holds() -> Vec<Trial> {
    of_each_kind("every_behaviour_of_a_store_holds", |kind| async move {
        let pooled = Pooled::start(kind, "").await?;
        for (number, behaviour) in behaviours().into_iter().enumerate() {
            let store = store(&pooled, &format!("sessions_{number}")).await;
            behaviour.check(Arc::new(store.clone())).await;
            store.close().await;
        }
        Ok(())
    })
}

/// A restart, and a type that is changed under the running store.
#[apply(trials)]
fn a_restart_and_a_changed_type_heal_by_themselves() -> Vec<Trial> {
    of_each_kind(
        "a_restart_and_a_changed_type_heal_by_themselves",
        |kind| async move {
            let mut pooled = Pooled::start(kind, "").await?;
            let (store, id) = (store(&pooled, "sessions").await, fresh());
            store.insert(&id, &row("kept")).await.unwrap();
            pooled.pooler.restart();
            answers_within_10_s(&store).await;
            store.insert(&fresh(), &row("")).await.told().unwrap();

            let direct = client(pooled.server.url()).await;
            for precision in [3, 2, 4] {
                let change =
                    format!("ALTER TABLE sessions ALTER created_on TYPE timestamptz({precision})");
                direct.batch_execute(&change).await.unwrap();
                let found = store.load(&id, at(0)).await.told().unwrap();
                assert_eq!(found.into_row(), Some(row("kept")));
                store.insert(&fresh(), &row("")).await.told().unwrap();
            }
            Ok(())
        },
    )
}

/// Reads and writes have connections of their own, and each may have been lost.
async fn answers_within_10_s(store: &PgStore) {
    let begun = Instant::now();
    while store.load(&fresh(), at(0)).await.told().is_err()
        || store.insert(&fresh(), &row("")).await.told().is_err()
    {
        assert!(begun.elapsed() < Duration::from_secs(10), "it stays away");
    }
}

/// One server connection serves the stores of two nodes. In session mode a connection is a client's own, so
/// each store asks for one and they take turns.
#[apply(trial)]
async fn one_server_connection_is_enough() -> Completion {
    let settings = "default_pool_size = 1\n";
    let pooled = match Pooled::start(Kind::Transaction, settings).await {
        Ok(pooled) => pooled,
        Err(ended) => return ended,
    };
    let (one, other) = (
        store(&pooled, "sessions").await,
        store(&pooled, "sessions").await,
    );
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let store = [&one, &other][task % 2].clone();
        tasks.spawn(async move {
            for _ in 0..10 {
                let id = fresh();
                store.insert(&id, &row("kept")).await.told().unwrap();
                let found = store.load(&id, at(0)).await.told().unwrap();
                assert_eq!(found.into_row(), Some(row("kept")));
            }
        });
    }
    tasks.join_all().await;
    Completion::Completed
}

/// A pool of one connection, and a pooler that has none for a migration's second one. Also a table in use, whose
/// indexes are built by the side, is migrated.
#[apply(trial)]
async fn a_pool_of_one_connection_migrates_loads_saves_and_sweeps() -> Completion {
    // In session mode, the store's connection and the one that migrates each keep a server connection.
    for (kind, settings) in [
        (Kind::Transaction, "default_pool_size = 1\n"),
        (Kind::Session, "default_pool_size = 2\n"),
    ] {
        let pooled = match Pooled::start(kind, settings).await {
            Ok(pooled) => pooled,
            Err(ended) => return ended,
        };
        let direct = client(pooled.server.url()).await;
        direct.batch_execute(AS_GO_DOES).await.unwrap();
        let fill = "INSERT INTO http_sessions (key, expires_on) VALUES ('a', to_timestamp(1))";
        direct.batch_execute(fill).await.unwrap();

        let options = PgStoreOptions::new().connections(1);
        let store = options.connect(&pooled.url()).await.told().unwrap();
        assert_eq!(store.migrate().await.told().unwrap().applied, [2]);
        let id = fresh();
        store.insert(&id, &row("new")).await.told().unwrap();
        let saved = store.update(&id, at(0), &row("saved")).await.told();
        assert_eq!(saved.unwrap(), Written::Saved);
        let found = store.load(&id, at(0)).await.told().unwrap();
        assert_eq!(found.into_row(), Some(row("saved")));
        let batch = SweepBatch::new(at(0), at(0), 100);
        assert_eq!(store.sweep(&batch).await.told().unwrap().removed, 1);
        store.close().await;
    }
    Completion::Completed
}

/// PAUSE keeps callers waiting, and none of them notices unless its deadline ends first.
#[apply(trial)]
async fn a_pause_of_pgbouncer_is_waited_for_and_a_long_one_heals() -> Completion {
    let pooled = match Pooled::start(Kind::Transaction, "").await {
        Ok(pooled) => pooled,
        Err(ended) => return ended,
    };
    let store = store(&pooled, "sessions").await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut failures = 0;
            while !stop.load(Ordering::Relaxed) {
                let saved = store.insert(&fresh(), &row("kept")).await;
                failures += usize::from(saved.is_err());
            }
            failures
        });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    pooled.pooler.pause();
    tokio::time::sleep(Duration::from_millis(1000)).await;
    pooled.pooler.resume();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.store(true, Ordering::Relaxed);
    assert_eq!(tasks.join_all().await.iter().sum::<usize>(), 0);

    pooled.pooler.pause();
    let error = store.insert(&fresh(), &row("")).await.told().unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    pooled.pooler.resume();
    answers_within_10_s(&store).await;
    store.insert(&fresh(), &row("")).await.told().unwrap();
    Completion::Completed
}

#[apply(trial)]
async fn stores_that_share_a_server_connection_never_execute_each_other_s_statements() -> Completion
{
    // One server connection: what one store prepared under a name, the other one would execute.
    let settings = "default_pool_size = 1\n";
    let bouncer = match Pooled::start(Kind::Transaction, settings).await {
        Ok(pooled) => pooled,
        Err(ended) => return ended,
    };
    let one = store(&bouncer, "sessions").await;
    let other = store(&bouncer, "sessions").await;
    let (kept, lost) = (fresh(), fresh());
    one.insert(&kept, &row("kept")).await.unwrap();
    for _ in 0..20 {
        let mut tasks = JoinSet::new();
        for task in 0..20 {
            let (one, other) = (one.clone(), other.clone());
            let (kept, lost) = (kept.clone(), lost.clone());
            tasks.spawn(async move {
                // One begins with loads, the other one with deletions.
                if task % 2 == 0 {
                    let found = one.load(&kept, at(0)).await.told().unwrap();
                    assert_eq!(found.into_row(), Some(row("kept")));
                } else {
                    other.delete(&lost).await.told().unwrap();
                    let mine = fresh();
                    other.insert(&mine, &row("mine")).await.told().unwrap();
                    let after = pgstore::store::Row {
                        modified_on: at(1),
                        ..row("after")
                    };
                    let saved = other.update(&mine, at(0), &after).await.told().unwrap();
                    assert_eq!(saved, Written::Saved);
                    assert_eq!(other.delete(&mine).await.told().unwrap(), 1);
                }
            });
        }
        tasks.join_all().await;
    }
    assert_eq!(prepared(&bouncer.url()).await, 0);
    Completion::Completed
}

/// PgBouncer 1.18 ends, for all its clients, when one that cancels closes its connection too soon.
#[apply(trial)]
async fn cancelling_statements_leaves_pgbouncer_running() -> Completion {
    let settings = "default_pool_size = 1\n";
    let pooled = match Pooled::start(Kind::Transaction, settings).await {
        Ok(pooled) => pooled,
        Err(ended) => return ended,
    };
    let stranger = client(&pooled.url()).await;
    let direct = client(pooled.server.url()).await;
    for _ in 0..20 {
        let (client, task) = pgstore_connect::connect(&pooled.url()).await.unwrap();
        let cancel = task.cancel_handle();
        let sleeping = client.simple_query("SELECT pg_sleep(60)");
        let cancelling = async {
            // As the store does: once, while the statement is under way.
            let under_way = "SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'
                              AND wait_event = 'PgSleep'";
            while direct.query_opt(under_way, &[]).await.unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            cancel.cancel().await.unwrap();
        };
        let (slept, ()) = tokio::join!(sleeping, cancelling);
        let error = slept.unwrap_err();
        assert_eq!(error.code().map(SqlState::code), Some("57014"));
    }
    assert!(stranger.simple_query("SELECT 1").await.is_ok());
    Completion::Completed
}
