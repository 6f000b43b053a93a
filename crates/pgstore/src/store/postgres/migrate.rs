//! Creates and completes the table. This is the only DDL, and it runs only on demand.
//!
//! The catalogue (`catalogue.rs`) tells what is missing. So there is no table of versions, and a
//! role without the right to create passes if nothing is missing.
//!
//! One migrator at a time works on a table. The others ask for the lock repeatedly, outside of
//! transactions: CREATE INDEX CONCURRENTLY waits until all older transactions have ended, and would
//! deadlock with a migrator that waits inside of one.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, IsolationLevel, Transaction};

use super::catalogue::{FoundTable, look};
use super::migrate_error::MigrateError;
use super::migration_step::NewIndex;
use super::migrations::Migration;
use super::pg_store::PgStore;
use super::table_name::TableName;

/// How long a migration may take in all. Waits for others count, index builds do not.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The first half of the advisory lock's key: the ASCII text `pgst`. The other half is the table.
const LOCK: i32 = i32::from_be_bytes(*b"pgst");

/// What [`PgStore::migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The numbers of the migrations that it ran; empty if nothing was missing.
    pub applied: Vec<u32>,
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
    /// Sessions can be read and written meanwhile. Columns are added under a `lock_timeout` of 2
    /// seconds, with repeated attempts. An index is built `CONCURRENTLY`, without a time limit, after
    /// the remains of an earlier attempt were dropped. That needs a session of its own on the
    /// server: connect directly, not through a pooler in transaction mode.
    ///
    /// # Errors
    /// When the database is unreachable, when the role may not create what is missing (the error
    /// then contains the SQL to run), or when the table of that name is not a sessions table.
    // Go: pgstore.go createSessionsTable runs in the constructor, without a lock, and most of
    // twenty processes that start at once fail on the catalogue.
    pub async fn migrate(&self) -> Result<Migrated, MigrateError> {
        let executor = &self.inner.executor;
        let _guard = executor.enter().map_err(|_| MigrateError::closed())?;
        let deadline = Instant::now() + TIME_LIMIT;
        let connected = within(deadline, async {
            executor
                .source()
                .connect()
                .await
                .map_err(MigrateError::connect)
        });
        let mut client = connected.await?;
        let mut migrator = Migrator {
            client: &mut client,
            table: &self.inner.table,
            deadline,
            applied: BTreeSet::new(),
        };
        migrator.run().await?;
        Ok(Migrated {
            applied: migrator.applied.into_iter().collect(),
        })
    }
}

struct Migrator<'a> {
    client: &'a mut Client,
    table: &'a TableName,
    deadline: Instant,
    applied: BTreeSet<u32>,
}

impl Migrator<'_> {
    /// Makes one part after the other until nothing is missing. Each round begins with a look at
    /// the catalogue, so it does not matter what other migrators did in between.
    async fn run(&mut self) -> Result<(), MigrateError> {
        let mut pause = Duration::from_millis(10);
        loop {
            let found = within(self.deadline, look(&*self.client, self.table)).await?;
            if found.is_complete() {
                return Ok(());
            }
            found.refuse_if_unfit(self.table)?;
            match self.step(&found).await {
                Ok(Progress::Made) => continue,
                Ok(Progress::OthersWork) => {}
                Err(error) if error.is_race() && Instant::now() < self.deadline => {}
                Err(error) => return Err(error.with_sql(found.sql(self.table))),
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    async fn step(&mut self, found: &FoundTable) -> Result<Progress, MigrateError> {
        if found.has_all_columns() {
            self.make_indexes().await
        } else {
            within(self.deadline, self.make_table()).await
        }
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
            .batch_execute(include_str!("sql/limit_lock_waits.sql"))
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
        found.refuse_if_unfit(table)?;
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

    /// Makes the missing indexes while others read and write, outside of transactions.
    async fn make_indexes(&mut self) -> Result<Progress, MigrateError> {
        let locked = lock(&*self.client, include_str!("sql/lock.sql"), self.table);
        if !within(self.deadline, locked).await? {
            return Ok(Progress::OthersWork);
        }
        let made = self.make_indexes_under_lock().await;
        // If unlocking fails, the connection is broken, and its end releases the lock.
        let _ = lock(&*self.client, include_str!("sql/unlock.sql"), self.table).await;
        made
    }

    async fn make_indexes_under_lock(&mut self) -> Result<Progress, MigrateError> {
        let found = within(self.deadline, look(&*self.client, self.table)).await?;
        for setting in [
            include_str!("sql/no_statement_timeout.sql"),
            include_str!("sql/no_lock_timeout.sql"),
        ] {
            self.client.batch_execute(setting).await?;
        }
        for (migration, index) in found.without_indexes() {
            if let Progress::OthersWork = self.make_index(&index).await? {
                return Ok(Progress::OthersWork);
            }
            self.applied.insert(migration.number());
        }
        Ok(Progress::Made)
    }

    async fn make_index(&mut self, index: &NewIndex) -> Result<Progress, MigrateError> {
        for left in self.left_over(index).await? {
            if left.is_being_built {
                return Ok(Progress::OthersWork);
            }
            let drop = include_str!("sql/drop_index.sql").replace("unfinished_index", &left.name);
            self.client.batch_execute(&drop).await?;
        }
        let now = within(self.deadline.max(soon()), look(&*self.client, self.table)).await?;
        if !now.lacks(index) {
            return Ok(Progress::OthersWork);
        }
        let name = self.table.put_into(index.name);
        tracing::info!(index = name, "building an index of the sessions table");
        let text = self.table.put_into(&index.concurrently());
        self.client.batch_execute(&text).await?;
        let made = within(self.deadline.max(soon()), look(&*self.client, self.table)).await?;
        made.refuse_without(index, self.table)?;
        Ok(Progress::Made)
    }

    /// An invalid index that an earlier attempt left, or that another migrator is building.
    ///
    /// It looks twice, because a build that ends just now may seem neither valid nor under way.
    async fn left_over(&self, index: &NewIndex) -> Result<Vec<Unfinished>, MigrateError> {
        let first = self.unfinished(index).await?;
        if first.is_empty() || first.iter().any(|one| one.is_being_built) {
            return Ok(first);
        }
        self.unfinished(index).await
    }

    async fn unfinished(&self, index: &NewIndex) -> Result<Vec<Unfinished>, MigrateError> {
        let quoted = self.table.put_into(index.name);
        let (table, name) = (index.relation.quoted(self.table), quoted.trim_matches('"'));
        let sql = include_str!("sql/unfinished_index.sql");
        let rows = self
            .client
            .query_typed(sql, &[(&table, Type::TEXT), (&name, Type::TEXT)])
            .await?;
        let read = |row: &tokio_postgres::Row| {
            Ok(Unfinished {
                name: row.try_get(0)?,
                is_being_built: row.try_get(1)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

enum Progress {
    Made,
    /// Another migrator has the lock or builds the same index: look again after a pause.
    OthersWork,
}

struct Unfinished {
    name: String,
    is_being_built: bool,
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

/// Takes or releases the table's advisory lock.
async fn lock(
    client: &impl GenericClient,
    sql: &str,
    table: &TableName,
) -> Result<bool, MigrateError> {
    let (schema, name) = table.parts();
    let rows = client
        .query_typed(
            sql,
            &[
                (&LOCK, Type::INT4),
                (&schema, Type::TEXT),
                (&name, Type::TEXT),
            ],
        )
        .await?;
    let row = rows.first().ok_or_else(MigrateError::no_answer)?;
    Ok(row.try_get(0)?)
}

async fn within<T>(
    deadline: Instant,
    step: impl Future<Output = Result<T, MigrateError>>,
) -> Result<T, MigrateError> {
    timeout_at(deadline, step)
        .await
        .map_err(|_| MigrateError::timeout())?
}

/// The deadline of a look after a build that took longer than the time limit.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}
