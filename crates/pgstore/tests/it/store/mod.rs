//! The store on a real PostgreSQL, and both stores against the list of behaviours.

mod clocks;
mod doubles;
mod doubt;
mod guards;
mod hostile;
mod link;
mod migrate;
mod migrate_live;
mod outage;
mod probe;
mod processes;
mod rows;
mod schema;
mod sql;
mod sweep;

use std::sync::Arc;

use libtest_mimic::Trial;
use pgstore::store::conformance::{Behaviour, behaviours};
use pgstore::store::{MemoryStore, Store};

use crate::support::database::Database;
use crate::support::server::Server;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = conformance_of_memory();
    trials.extend(conformance_of_postgres());
    trials.extend(rows::trials());
    trials.extend(guards::trials());
    trials.extend(doubt::trials());
    trials.extend(probe::trials());
    trials.extend(clocks::trials());
    trials.extend(doubles::trials());
    trials.extend(sql::trials());
    trials.extend(link::trials());
    trials.extend(outage::trials());
    trials.extend(migrate::trials());
    trials.extend(migrate_live::trials());
    trials.extend(processes::trials());
    trials.extend(schema::trials());
    trials.extend(sweep::trials());
    trials.extend(hostile::trials());
    trials
}

/// Every behaviour with the store in memory.
fn conformance_of_memory() -> Vec<Trial> {
    let of = |behaviour: Behaviour| {
        trial("memory", behaviour, async move {
            behaviour.check(Arc::new(MemoryStore::new())).await;
        })
    };
    behaviours().into_iter().map(of).collect()
}

/// Every behaviour with the store in PostgreSQL.
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

fn trial(
    store: &str,
    behaviour: Behaviour,
    check: impl Future<Output = ()> + Send + 'static,
) -> Trial {
    let server = Server::current();
    let name = server.name(&format!("store::{store}::{}", behaviour.name()));
    Trial::test(name, move || {
        server.within(|| server.runtime().block_on(check));
        Ok(())
    })
}

/// IDs, rows and times of these tests.
mod things {
    use pgstore::store::{Renaming, Retirement, Row, RowExtras};
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

    /// A new ID for a session, as at a login.
    pub(super) fn renaming<'a>(
        old: &'a SessionId,
        seen: Option<Timestamp>,
        new: &'a SessionId,
    ) -> Renaming<'a> {
        let retirement = Retirement {
            until: at(60),
            previous_grace_until: None,
        };
        Renaming {
            old,
            seen,
            new,
            retirement,
        }
    }
}
