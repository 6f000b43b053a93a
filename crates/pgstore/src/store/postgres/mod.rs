//! The store in PostgreSQL, on the table of Go's pgstore.
//!
//! [`PgStore`] is the store; [`PgStoreOptions`] says how many connections it has and how long an
//! operation may take; [`migrations`] is the SQL that [`PgStore::migrate`] runs.
//!
//! InFlightGuard, from the caller to the wire: a [`Store`] method makes a *verb* (`verbs/`), the *link*
//! (`link.rs`) tries it as often as makes sense on a connection out of its *source* (`source.rs`:
//! `slots.rs` or the application's pool), the *slot* (`pool_slot.rs`) replaces lost
//! connections by its *connector* (the crate [`pgstore_connect`]), the *connection* (`connection.rs`) prepares the verb's statement
//! (`sql/`) once and pipelines it with other callers'. `columns.rs` knows a row's columns,
//! `failure.rs` what an error means.

#[cfg(feature = "deadpool")]
mod application_pool;
mod catalogue;
mod clocks;
mod columns;
mod connection;
mod connection_source;
mod duplicates;
mod executor;
mod failure;
mod in_flight;
mod migrate;
mod migrate_error;
mod migrations;
mod needs_migration;
mod options;
mod pool;
mod pool_slot;
mod statements;
mod table;
mod types;
mod verbs;

use std::fmt;
use std::sync::Arc;

pub use migrate::Migrated;
pub use migrate_error::{MigrateError, MigrateErrorKind};
pub use migrations::{Migration, migrations};
pub use options::PgStoreOptions;
pub use pgstore_connect::{ConfigError, ConnectError, DatabaseError, connection_strings};
pub use table::{InvalidTableName, TableName};

use self::duplicates::Duplicates;
use self::executor::Executor;
use self::needs_migration::NeedsMigration;
use self::verbs::{
    Delete, DeleteVersion, Find, Insert, Load, Owned, Probe, Rename, Replace, Revoke,
    SelectPeerWritten, Successor, Sweep, Update, Verb,
};
use super::{IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row};
use super::{Store, StoreError, StoreErrorKind, StoreFuture, SweepBatch, Swept, Written};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;

/// Sessions in PostgreSQL. A handle: clones share the connections.
///
/// All callers share a few connections, on which their statements are pipelined; there is no pool
/// to run dry. A lost connection comes back by itself at the next use. Every operation ends
/// within a deadline (5 seconds by default) and is one statement that commits by itself, so a
/// client that goes away leaves nothing half-done.
///
/// ```no_run
/// use pgstore::store::PgStore;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PgStore::connect("postgres://app:secret@localhost/web").await?;
/// store.migrate().await?;
/// // … serve …
/// store.close().await;
/// # Ok(())
/// # }
/// ```
///
/// # What is tried again?
///
/// Within the deadline: a statement that others got in the way of (a deadlock, a serialization
/// failure), up to seven more times; one whose connection was found closed or read-only, twice
/// more. When a connection is lost with a statement under way, reading is repeated likewise, and
/// so is what can be done twice: deleting, revoking, sweeping. A first row, an update, a rename or
/// the deletion of one version is not: it may have been done, and finding out is up to whoever
/// asked for it, for whom the error is [in doubt](StoreError::is_in_doubt). So is that of a
/// deadline which passes with the statement under way.
///
/// # What does it cost?
///
/// One round trip for each operation, and one more where a connection sees a statement for the
/// first time. Two connections, plus one while a sweep lasts.
// Go: pgstore.go NewPGStore has a pool without bounds or deadlines and creates the table itself.
#[derive(Clone)]
pub struct PgStore {
    inner: Arc<Inner>,
}

struct Inner {
    executor: Executor,
    table: TableName,
    duplicates: Duplicates,
}

impl PgStore {
    /// Connects with the default [`PgStoreOptions`], to a URL
    /// (`postgres://user:password@host:port/database`) or keywords (`host=/run/postgresql
    /// dbname=web`).
    ///
    /// Both mean what they mean to libpq, and so to `psql`: several hosts, `PG*` variables,
    /// `~/.pgpass`, `sslmode`; [`connection_strings`] has the table of options. It opens one connection and
    /// changes nothing in the database; see [`PgStore::migrate`].
    ///
    /// # Errors
    /// When the connection string cannot be read or no connection comes about.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        PgStoreOptions::new().connect(url).await
    }

    /// Uses the application's own pool for every statement, with the default options.
    ///
    /// When the application has a pool anyway and connections are scarce. The store's own two
    /// connections are quicker: many callers' statements share them, while a pool's connection is
    /// one caller's at a time. How to connect, TLS and all, is the pool's affair; waiting for one
    /// of its connections counts towards the deadline; [`close`](PgStore::close) leaves it open.
    /// Nothing is asked of the pool before the first use.
    ///
    /// Each operation takes a connection, sends one statement (prepared once and kept in the
    /// pool's cache) and gives it back; [`PgStore::migrate`] takes one and closes it afterwards. A
    /// connection whose statement was not waited for to its end is closed, too.
    ///
    /// ```no_run
    /// use deadpool_postgres::{Manager, Pool};
    /// use pgstore::store::PgStore;
    /// use tokio_postgres::NoTls;
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let manager = Manager::new("host=localhost user=app dbname=web".parse()?, NoTls);
    /// let pool = Pool::builder(manager).max_size(8).build()?;
    /// let store = PgStore::from_pool(pool.clone());
    /// # Ok(())
    /// # }
    /// ```
    // Go: pgstore.go NewPGStoreFromPool, whose Close closes the application's pool, too.
    #[cfg(feature = "deadpool")]
    #[must_use]
    pub fn from_pool(pool: deadpool_postgres::Pool) -> Self {
        PgStoreOptions::new().from_pool(pool)
    }

    /// Waits for the operations under way, for one deadline at most, and ends the connections
    /// that are the store's own.
    ///
    /// Later calls, also on clones, fail with
    /// [`StoreErrorKind::Closed`]. Twice is harmless.
    pub async fn close(&self) {
        self.inner.executor.close().await;
    }
}

impl PgStore {
    /// One statement; a second one only if there is no row.
    async fn look_up(&self, id: &SessionId, now: Timestamp) -> Result<Lookup, StoreError> {
        match self.load_newest(&Load { id, now }).await? {
            Some(row) => Ok(Lookup::Row(id.clone(), row)),
            None => self.inner.run(&Successor { id, now }).await,
        }
    }
}

impl Inner {
    async fn run<V: Verb>(&self, verb: &V) -> Result<V::Answer, StoreError> {
        let outcome = self.executor.run(verb).await;
        outcome.map_err(|error| match error.kind() {
            StoreErrorKind::NotMigrated => NeedsMigration::of(V::KIND.migration(), error),
            _ => error,
        })
    }
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore")
            .field("server", &self.inner.executor.source().server())
            .field("table", &self.inner.table.to_string())
            .finish_non_exhaustive()
    }
}

impl Store for PgStore {
    fn load<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> StoreFuture<'a, Lookup> {
        Box::pin(async move { self.look_up(id, now).await })
    }

    fn insert<'a>(&'a self, id: &'a SessionId, row: &'a Row) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.inner.run(&Insert { id, row }).await })
    }

    fn update<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
        row: &'a Row,
    ) -> StoreFuture<'a, Written> {
        Box::pin(async move { self.inner.run(&Update { id, seen, row }).await })
    }

    fn rename<'a>(&'a self, change: IdChange<'a>, row: &'a Row) -> StoreFuture<'a, Written> {
        let IdChange {
            old,
            seen,
            new,
            previous,
        } = change;
        Box::pin(async move {
            match seen {
                Some(seen) => {
                    let rename = Rename {
                        old,
                        seen,
                        new,
                        previous,
                        row,
                    };
                    self.inner.run(&rename).await
                }
                None => {
                    let replace = Replace {
                        old,
                        new,
                        previous,
                        row,
                    };
                    self.inner.run(&replace).await
                }
            }
        })
    }

    fn delete<'a>(&'a self, id: &'a SessionId) -> StoreFuture<'a, u64> {
        Box::pin(async move { self.inner.run(&Delete { id }).await })
    }

    fn delete_version<'a>(
        &'a self,
        id: &'a SessionId,
        seen: Timestamp,
    ) -> StoreFuture<'a, Written> {
        Box::pin(async move { self.inner.run(&DeleteVersion { id, seen }).await })
    }

    fn find<'a>(
        &'a self,
        handle: &'a SessionHandle,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>> {
        Box::pin(async move { self.inner.run(&Find { handle, now }).await })
    }

    fn owned<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<(SessionId, Row)>> {
        Box::pin(async move { self.inner.run(&Owned { owner, now }).await })
    }

    fn revoke<'a>(&'a self, revocation: &'a Revocation<'a>) -> StoreFuture<'a, Revoked> {
        Box::pin(async move { self.inner.run(&Revoke { revocation }).await })
    }

    fn peer_written(&self, after: PeerWrittenCursor, limit: u32) -> StoreFuture<'_, PeerWritten> {
        Box::pin(async move {
            let foreign = self.inner.run(&SelectPeerWritten { after, limit }).await;
            if !matches!(foreign, Ok(PeerWritten { next: Some(_), .. })) {
                self.inner.executor.rest();
            }
            foreign
        })
    }

    fn sweep<'a>(&'a self, batch: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        Box::pin(async move {
            let swept = self.inner.run(&Sweep { batch }).await;
            if !matches!(swept, Ok(Swept { next: Some(_), .. })) {
                self.inner.executor.rest();
            }
            swept
        })
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.inner.run(&Probe).await })
    }
}
