//! The store through PgBouncer in transaction mode, with its default settings. Where PgBouncer is missing,
//! the trials are ignored and say so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Completion;
use pgstore::store::Written;
use pgstore::store::conformance::behaviours;
use pgstore::{PgStore, PgStoreOptions, Store, TableName};
use tokio::task::JoinSet;

use super::pooler::{MISSING, PgBouncer};
use super::things::{at, fresh, row};
use crate::support::database::client;
use crate::support::secrets::Told;
use crate::support::{apply, trial};

const PARAMETERS: &str = "extra_float_digits,options";

/// A store on a table of its own.
async fn store(bouncer: &PgBouncer, table: &str) -> PgStore {
    let options = PgStoreOptions::new().table(TableName::parse(table).unwrap());
    let store = options.connect(&bouncer.url()).await.told().unwrap();
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

#[apply(trial)]
async fn every_behaviour_of_a_store_holds_through_pgbouncer() -> Completion {
    let Some(bouncer) = PgBouncer::start(PARAMETERS, 4).await else {
        return Completion::ignored_with(MISSING);
    };
    for (number, behaviour) in behaviours().into_iter().enumerate() {
        let store = store(&bouncer, &format!("sessions_{number}")).await;
        behaviour.check(Arc::new(store.clone())).await;
        store.close().await;
    }
    Completion::Completed
}

#[apply(trial)]
async fn stores_that_share_a_server_connection_never_execute_each_other_s_statements() -> Completion
{
    // One server connection: what one store prepared under a name, the other one would execute.
    let Some(bouncer) = PgBouncer::start(PARAMETERS, 1).await else {
        return Completion::ignored_with(MISSING);
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

#[apply(trial)]
async fn a_restart_of_pgbouncer_and_a_changed_type_heal_by_themselves() -> Completion {
    let Some(mut bouncer) = PgBouncer::start(PARAMETERS, 2).await else {
        return Completion::ignored_with(MISSING);
    };
    let (store, id) = (store(&bouncer, "sessions").await, fresh());
    store.insert(&id, &row("kept")).await.unwrap();
    bouncer.restart().await;
    let begun = Instant::now();
    while store.load(&id, at(0)).await.told().is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it stays away");
    }
    store.insert(&fresh(), &row("")).await.told().unwrap();

    let direct = client(bouncer.server.url()).await;
    let change = "ALTER TABLE sessions ALTER created_on TYPE timestamptz(3)";
    direct.batch_execute(change).await.unwrap();
    let found = store.load(&id, at(0)).await.told().unwrap();
    assert_eq!(found.into_row(), Some(row("kept")));
    Completion::Completed
}
