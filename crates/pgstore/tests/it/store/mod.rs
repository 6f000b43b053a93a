//! The store on a real PostgreSQL, and both stores against the list of behaviours.

mod clocks;
mod distributed;
mod doubles;
mod executor;
mod gathering;
mod gathering_writes;
mod guards;
mod hostile;
mod in_doubt;
mod many_sessions;
mod migrate;
mod migrate_live;
mod opaque;
mod outage;
mod passed_on_errors;
mod peer_written;
mod pooled;
mod pooler;
mod probe;
mod processes;
mod refusals;
mod rows;
mod schema;
mod sql;
mod sweep;
mod unfit_tables;

use std::sync::Arc;

use libtest_mimic::Trial;
use pgstore::store::conformance::{Behaviour, behaviours};
use pgstore::{MemoryStore, Store};

use crate::support::database::Database;
use crate::support::{apply, registry, trials, trials_on_both_servers};

/// Every behaviour with the store in memory.
#[apply(trials)]
fn conformance_of_memory() -> Vec<Trial> {
    let of = |behaviour: Behaviour| {
        trial("memory", behaviour, async move {
            behaviour.check(Arc::new(MemoryStore::new())).await;
        })
    };
    behaviours().into_iter().map(of).collect()
}

/// Every behaviour with the store in PostgreSQL.
#[apply(trials_on_both_servers)]
fn conformance_of_postgres() -> Vec<Trial> {
    let of = |behaviour: Behaviour| {
        trial("postgres", behaviour, async move {
            let database = Database::fresh().await;
            let store = database.store().await;
            let checked = Arc::new(store.clone()) as Arc<dyn Store>;
            behaviour.check(checked).await;
            store.close().await;
        })
    };
    behaviours().into_iter().map(of).collect()
}

fn trial<F>(store: &str, behaviour: Behaviour, check: F) -> Trial
where
    F: Future<Output = ()> + Send + 'static,
{
    let name = format!("store::{store}::{}", behaviour.name());
    registry::on_a_runtime(&name, move || check)
}

/// IDs, rows and times of these tests.
mod things {
    use pgstore::store::{IdChange, PreviousId, Row, RowExtras};
    use pgstore::{SessionId, Timestamp};

    pub(super) use crate::support::secrets::fresh_id as fresh;

    pub(super) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_700_000_000 + seconds)
    }

    /// A row written now that ends in an hour.
    pub(super) fn row(data: &str) -> Row {
        Row {
            data: data.as_bytes().to_vec(),
            created_on: at(0),
            modified_on: at(0),
            expires_on: at(3600),
            extras: RowExtras {
                save_token: Some(1),
                ..RowExtras::default()
            },
        }
    }

    /// A change of a session's ID, as at a login.
    pub(super) fn id_change<'a>(
        old: &'a SessionId,
        seen: Option<Timestamp>,
        new: &'a SessionId,
    ) -> IdChange<'a> {
        let previous = PreviousId {
            until: at(60),
            grace_until: None,
        };
        IdChange {
            old,
            seen,
            new,
            previous,
        }
    }
}
