//! Creates and completes the table. This is the only DDL, and it runs only on demand.
//!
//! The catalogue (`catalogue.rs`) tells what is missing, and `fitness.rs` what cannot be completed. So
//! there is no table of versions, and a role without the right to create passes if nothing is missing.
//! `index_build.rs` makes the indexes of a table in use.
//!
//! One migrator at a time works on a table. The others ask for the lock repeatedly, outside of
//! transactions: CREATE INDEX CONCURRENTLY waits until all older transactions have ended, and would
//! deadlock with a migrator that waits inside of one.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, IsolationLevel, Row, Transaction};

use super::catalogue::{FoundTable, look};
use super::connection_source::ConnectionSource;
use super::distribute::{self, Placed, distribute, look_at_placement, placed};
use super::fitness::shape;
use super::index_build::IndexBuilder;
use super::migrate_error::MigrateError;
use super::migrate_progress::MigrateProgress;
use super::migrate_step::{Progress, TIME_LIMIT, lock, soon, within};
use super::migrations::Migration;
use super::pg_store::PgStore;
use super::table_name::TableName;
use super::table_placement::TablePlacement;

/// The pauses before another try: they double from the shortest to the longest.
#[derive(Clone, Copy)]
struct Pauses {
    shortest: Duration,
    longest: Duration,
}

/// While another migrator works.
const FOR_MIGRATORS: Pauses = Pauses {
    shortest: Duration::from_millis(10),
    longest: Duration::from_millis(200),
};

/// Between two tries that hold up others.
const FOR_LOCKS: Pauses = Pauses {
    shortest: Duration::from_millis(200),
    longest: Duration::from_secs(2),
};

/// What [`PgStore::migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The numbers of the migrations that it ran; empty if nothing was missing.
    pub applied: Vec<u32>,
    /// Whether it distributed a table ([`TablePlacement::Distributed`](super::TablePlacement)).
    pub distributed: bool,
}

impl PgStore {
    /// Creates the sessions table, or the columns and indexes that it lacks.
    ///
    /// It is idempotent, and safe while other processes do the same, in Rust or Go. A table that
    /// Go's pgstore made is completed and keeps its rows. If nothing is missing, nothing is written
    /// or locked, and the role needs no right to create. It uses a connection of its own and takes
    /// up to 60 seconds if it has to wait for others.
    ///
    /// ```no_run
    /// # async fn example(store: pgstore::PgStore) -> Result<(), pgstore::MigrateError> {
    /// let migrated = store.migrate().await?;
    /// println!("ran migrations {:?}", migrated.applied);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # On a table in use
    ///
    /// Sessions can be read and written meanwhile. To add columns, it needs the table for a moment. It
    /// waits 100 ms at most, in which others wait behind it, and tries again after growing pauses. While
    /// a transaction that has read the table stays open, such as that of `pg_dump`, columns cannot be
    /// added; after 60 seconds the error says which session that is. An index is built
    /// `CONCURRENTLY`, without a time limit, after the remains of an earlier attempt were dropped. It
    /// waits for older transactions, and nobody waits for it. Of a partitioned table, each partition
    /// gets its part of the index in this way.
    ///
    /// Index builds use a second connection, which holds the migrator's lock, unless the pool or a pooler
    /// has none within 5 seconds. Nothing is set for a session, so a pooler in transaction mode hands
    /// nothing on to others.
    ///
    /// # On a Citus cluster
    ///
    /// With [`TablePlacement::Distributed`](super::TablePlacement::Distributed) the tables are
    /// distributed by the session's key, with the rows that they have. Nobody can read or write
    /// sessions while the rows are copied. Without it, a distributed table is completed like any other.
    ///
    /// # Errors
    /// When the database is unreachable, when the role may not create what is missing (the error
    /// then contains the SQL to run), or when the table of that name cannot be a sessions table: the
    /// error says what is unfit and what mends it, before anything is changed.
    // Go: pgstore.go createSessionsTable runs in the constructor, without a lock, and most of
    // twenty processes that start at once fail on the catalogue.
    pub async fn migrate(&self) -> Result<Migrated, MigrateError> {
        self.migrate_with_progress(|_| {}).await
    }

    /// As [`migrate`](Self::migrate), and tells what it is doing when that takes long. Use it for a
    /// progress bar or for the log of a deployment.
    ///
    /// ```no_run
    /// # async fn example(store: pgstore::PgStore) -> Result<(), pgstore::MigrateError> {
    /// store.migrate_with_progress(|progress| println!("{progress:?}")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`migrate`](Self::migrate).
    pub async fn migrate_with_progress(
        &self,
        tell: impl Fn(MigrateProgress) + Send + Sync,
    ) -> Result<Migrated, MigrateError> {
        // On the heap: a caller's own future would become too deep for the compiler.
        let migrating: MigrateFuture<'_> = Box::pin(self.migrate_telling(&tell));
        migrating.await
    }

    async fn migrate_telling(
        &self,
        tell: &(dyn Fn(MigrateProgress) + Send + Sync),
    ) -> Result<Migrated, MigrateError> {
        let executor = &self.inner.executor;
        let _guard = executor.enter().map_err(|_| MigrateError::closed())?;
        let source = executor.source();
        let connected = source.connect_for_migrating().await;
        let mut client = connected.map_err(MigrateError::connect)?;
        let mut migrator = Migrator {
            client: &mut client,
            source,
            table: &self.inner.table,
            placement: self.inner.placement,
            begun: Instant::now(),
            applied: BTreeSet::new(),
            distributed: false,
            tell,
        };
        migrator.run().await?;
        let (applied, distributed) = (migrator.applied, migrator.distributed);
        // The connections that are open already have asked before the table was there.
        let distribution = executor.distribution();
        let asked = async { Ok(distribution.ask(&*client, &self.inner.table).await?) };
        within(soon(), asked).await?;
        Ok(Migrated {
            applied: applied.into_iter().collect(),
            distributed,
        })
    }

    /// The numbers of the migrations that [`migrate`](Self::migrate) would run; empty if nothing is
    /// missing. It reads the catalogue only.
    ///
    /// ```no_run
    /// # async fn example(store: pgstore::PgStore) -> Result<(), pgstore::MigrateError> {
    /// let is_complete = store.missing_migrations().await?.is_empty();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database is unreachable or does not answer within 5 seconds, when the application's pool lends
    /// no connection within the store's deadline, or when the table of that name cannot be a sessions table.
    pub async fn missing_migrations(&self) -> Result<Vec<u32>, MigrateError> {
        let (executor, table) = (&self.inner.executor, &self.inner.table);
        let _guard = executor.enter().map_err(|_| MigrateError::closed())?;
        let source = executor.source();
        let client = source.connect().await.map_err(MigrateError::connect)?;
        let missing = within(soon(), missing(&client, table)).await?;
        source.take_back(client, None);
        Ok(missing)
    }

    /// Whether both tables are distributed by the session's key over the workers of a Citus cluster.
    ///
    /// ```no_run
    /// # async fn example(store: pgstore::PgStore) -> Result<(), pgstore::MigrateError> {
    /// let is_distributed = store.is_distributed().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database is unreachable or does not answer within 5 seconds, or when the application's pool
    /// lends no connection within the store's deadline.
    pub async fn is_distributed(&self) -> Result<bool, MigrateError> {
        let executor = &self.inner.executor;
        let _guard = executor.enter().map_err(|_| MigrateError::closed())?;
        let source = executor.source();
        let client = source.connect().await.map_err(MigrateError::connect)?;
        let placed = within(soon(), placed(&*client, &self.inner.table)).await?;
        source.take_back(client, None);
        Ok(placed == Placed::ByKey)
    }

    /// The SQL with which [`TablePlacement::Distributed`](super::TablePlacement::Distributed)
    /// distributes a table, after the [`migrations`](super::migrations()), to run by hand on the
    /// coordinator.
    ///
    /// ```
    /// use pgstore::{PgStore, TableName};
    ///
    /// let sql = PgStore::distribution_sql(&TableName::default());
    /// assert!(sql.contains("create_distributed_table"));
    /// ```
    #[must_use]
    pub fn distribution_sql(table: &TableName) -> String {
        distribute::sql(table)
    }
}

/// The numbers of the migrations that a table lacks which can be completed.
async fn missing(client: &Client, table: &TableName) -> Result<Vec<u32>, MigrateError> {
    if let Some(shape) = shape(client, table).await? {
        shape.refuse_if_unfit(table)?;
    }
    Ok(look(client, table).await?.numbers())
}

type MigrateFuture<'a> = Pin<Box<dyn Future<Output = Result<Migrated, MigrateError>> + Send + 'a>>;

struct Migrator<'a> {
    client: &'a mut Client,
    source: &'a ConnectionSource,
    table: &'a TableName,
    placement: TablePlacement,
    begun: Instant,
    applied: BTreeSet<u32>,
    distributed: bool,
    tell: &'a (dyn Fn(MigrateProgress) + Send + Sync),
}

impl Migrator<'_> {
    /// Makes one part after the other until nothing is missing. Each round begins with a look at
    /// the catalogue, so it does not matter what other migrators did in between.
    async fn run(&mut self) -> Result<(), MigrateError> {
        let mut pause = Duration::ZERO;
        loop {
            let shape = within(self.deadline(), shape(&*self.client, self.table)).await?;
            if let Some(shape) = shape {
                shape.refuse_if_unfit(self.table)?;
            }
            let must_distribute = self.must_distribute().await?;
            let found = within(self.deadline(), look(&*self.client, self.table)).await?;
            if found.is_complete() && !must_distribute {
                return Ok(());
            }
            let pauses = match self.step(&found).await {
                Ok(Progress::Made) => continue,
                Ok(Progress::OthersWork) => FOR_MIGRATORS,
                Err(error) if error.is_race() && Instant::now() < self.deadline() => {
                    self.tell_of_waiting(&error).await
                }
                Err(error) => return Err(self.explained(error, &found).await),
            };
            pause = (pause * 2).clamp(pauses.shortest, pauses.longest);
            sleep(pause).await;
        }
    }

    fn deadline(&self) -> Instant {
        self.begun + TIME_LIMIT
    }

    /// Tells what is waited for. Returns the pauses before the next tries.
    async fn tell_of_waiting(&mut self, error: &MigrateError) -> Pauses {
        if !error.is_lock_wait() {
            return FOR_MIGRATORS;
        }
        let (waited, holder) = (self.begun.elapsed(), self.lock_holder().await);
        tracing::info!(
            ?waited,
            holder,
            "the sessions table is in use; its columns are added when it is free for a moment"
        );
        (self.tell)(MigrateProgress::WaitingForLock { waited, holder });
        FOR_LOCKS
    }

    /// The error with what its reader needs: the SQL to run, or who has held the table.
    async fn explained(&self, error: MigrateError, found: &FoundTable) -> MigrateError {
        match error.is_lock_wait() {
            true => error.with_holder(self.lock_holder().await),
            false if self.placement == TablePlacement::Distributed => {
                let sql = [found.sql(self.table), distribute::sql(self.table)];
                error.with_sql(sql.join("\n"))
            }
            false => error.with_sql(found.sql(self.table)),
        }
    }

    /// The session that has held a lock on the table for longest.
    async fn lock_holder(&self) -> Option<String> {
        let sql = include_str!("sql/lock_holders.sql");
        let relation = self.table.quoted();
        let rows = self
            .client
            .query_typed(sql, &[(&relation, Type::TEXT)])
            .await;
        holder(rows.ok()?.first()?)
    }

    /// Whether the tables have to be distributed still. Says before the first change if they cannot be.
    async fn must_distribute(&self) -> Result<bool, MigrateError> {
        if self.placement != TablePlacement::Distributed {
            return Ok(false);
        }
        let placed = look_at_placement(&*self.client, self.table);
        Ok(within(self.deadline(), placed).await? != Placed::ByKey)
    }

    async fn step(&mut self, found: &FoundTable) -> Result<Progress, MigrateError> {
        if !found.has_all_columns() {
            return within(self.deadline(), self.make_table()).await;
        }
        // Before the indexes: the workers build each part of an index at the same time.
        if self.must_distribute().await? {
            (self.tell)(MigrateProgress::Distributing);
            let progress = distribute(self.client, self.table).await?;
            self.distributed |= progress == Progress::Made;
            return Ok(progress);
        }
        let mut builder = IndexBuilder {
            client: self.client,
            source: self.source,
            table: self.table,
            deadline: self.deadline(),
            tell: self.tell,
        };
        let (progress, applied) = builder.run().await?;
        self.applied.extend(applied);
        Ok(progress)
    }

    /// Creates the table with its indexes, or adds columns to it, in one transaction.
    async fn make_table(&mut self) -> Result<Progress, MigrateError> {
        let table = self.table;
        let mut transaction = self
            .client
            .build_transaction()
            // At a higher level all statements would see the snapshot of the first one.
            .isolation_level(IsolationLevel::ReadCommitted)
            .start()
            .await?;
        transaction
            .batch_execute(include_str!("sql/migration_lock_waits.sql"))
            .await?;
        // The lock is a statement of its own, so that the next one sees everything that the
        // previous holder did.
        if !lock(
            &transaction,
            include_str!("sql/lock_in_transaction.sql"),
            table,
        )
        .await?
        {
            return Ok(Progress::OthersWork);
        }
        let found = look(&transaction, table).await?;
        let mut applied = Vec::new();
        for migration in found.without_columns() {
            make(&transaction, migration, &found, table).await?;
            applied.push(migration.number());
        }
        let made = look(&transaction, table).await?;
        made.refuse_if_columns_are_missing(table)?;
        if !found.exists {
            made.without_indexes()
                .first()
                .map_or(Ok(()), |(_, index)| made.refuse_without(index, table))?;
        }
        for set in made.set() {
            set_if_possible(&mut transaction, &table.put_into(&set)).await?;
        }
        transaction.commit().await?;
        self.applied.extend(applied);
        Ok(Progress::Made)
    }
}

/// A session that holds a lock, for a message.
fn holder(row: &Row) -> Option<String> {
    let pid: i32 = row.try_get(0).ok()?;
    let application: Option<String> = row.try_get(1).ok()?;
    let since: Option<String> = row.try_get(2).ok()?;
    let application = application.map(|name| format!(" ({name})"));
    let since = since.map(|since| format!(", in a transaction since {since}"));
    let [application, since] = [application, since].map(Option::unwrap_or_default);
    Some(format!("process {pid}{application}{since}"))
}

/// Runs a migration. On a table that existed before, the indexes are left for later.
async fn make(
    client: &impl GenericClient,
    migration: &Migration,
    found: &FoundTable,
    table: &TableName,
) -> Result<(), MigrateError> {
    let texts: Vec<_> = match found.exists {
        true => migration.table_statements().collect(),
        false => migration.new_table_statements().collect(),
    };
    for text in texts {
        client.batch_execute(&table.put_into(text)).await?;
    }
    Ok(())
}

/// Makes settings of a table. They only make it faster, so a server that refuses them is no reason to
/// fail.
async fn set_if_possible(transaction: &mut Transaction<'_>, set: &str) -> Result<(), MigrateError> {
    let savepoint = transaction.transaction().await?;
    match savepoint.batch_execute(set).await {
        Ok(()) => savepoint.commit().await?,
        Err(error) => {
            tracing::info!(%error, "the server refused the settings of the sessions table");
            savepoint.rollback().await?;
        }
    }
    Ok(())
}
