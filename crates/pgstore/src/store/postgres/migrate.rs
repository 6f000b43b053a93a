//! Creating and completing the table: the only place with DDL, and only when it is called.
//!
//! What there is to do is read from the catalogue (`catalogue.rs`), so there is no table of
//! versions, and a role that may create nothing passes when everything is there.
//!
//! One migrator at a time works on a table. The others ask for the lock again and again, never
//! inside of a transaction: building an index beside the writers (CONCURRENTLY) waits until all
//! older transactions have ended, and would wait for those who wait for it.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, IsolationLevel};

use super::PgStore;
use super::catalogue::{Found, look};
use super::migrate_error::MigrateError;
use super::migrations::{Index, Migration};
use super::table::TableName;

/// How long a migration may take in all, waiting for others included, building indexes excepted.
const PATIENCE: Duration = Duration::from_secs(60);

/// What our advisory locks have in common: the ASCII text `pgst`. The other half is the table.
const LOCK: i32 = i32::from_be_bytes(*b"pgst");

/// What [`PgStore::migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The numbers of the migrations it ran; none when everything was there.
    pub applied: Vec<u32>,
}

impl PgStore {
    /// Makes sure that the sessions table is there, with its columns and indexes.
    ///
    /// Idempotent, and safe while any number of other processes do the same, in Rust or Go. A
    /// table that Go's pgstore made is taken over as it is. When everything is there nothing is
    /// written or locked, and the role needs no right to create. It runs on a connection of its
    /// own and takes up to 60 seconds where it has to wait for others.
    ///
    /// # On a table in use
    ///
    /// Sessions can be read and written meanwhile. Columns are added under a `lock_timeout` of 2
    /// seconds, again and again until it works out. An index is built `CONCURRENTLY`: for as long
    /// as that takes, and after what an earlier attempt left unfinished was removed. That needs a
    /// connection that stays the same, so not a pooler's in transaction mode.
    ///
    /// # Errors
    /// When the database cannot be reached, when the role may not create what is missing (the
    /// error then prints the SQL to run), or when there is a table of that name that is none for
    /// sessions.
    // Go: pgstore.go createSessionsTable runs in the constructor, without a lock, and most of
    // twenty processes that start at once fail on the catalogue.
    pub async fn migrate(&self) -> Result<Migrated, MigrateError> {
        let link = &self.inner.executor;
        let _inside = link.enter().map_err(|_| MigrateError::closed())?;
        let deadline = Instant::now() + PATIENCE;
        let connected = within(deadline, async {
            link.source().connect().await.map_err(MigrateError::connect)
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
    /// One step after the other, until nothing is missing. Whatever happens in between, another
    /// look tells how things stand.
    async fn run(&mut self) -> Result<(), MigrateError> {
        let mut pause = Duration::from_millis(10);
        loop {
            let found = within(self.deadline, look(&*self.client, self.table)).await?;
            if found.is_complete() {
                return Ok(());
            }
            found.refuse_if_unfit(self.table)?;
            match self.step(&found).await {
                Ok(Step::Done) => continue,
                Ok(Step::OthersAreAtIt) => {}
                Err(error) if error.is_race() && Instant::now() < self.deadline => {}
                Err(error) => return Err(error.with_sql(found.sql(self.table))),
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    async fn step(&mut self, found: &Found) -> Result<Step, MigrateError> {
        if found.has_all_columns() {
            self.make_indexes().await
        } else {
            within(self.deadline, self.make_table()).await
        }
    }

    /// Creates the table with its indexes, or adds columns to it, in one transaction.
    async fn make_table(&mut self) -> Result<Step, MigrateError> {
        let table = self.table;
        let transaction = self
            .client
            .build_transaction()
            // Where another level is the default, all statements would see what the first one does.
            .isolation_level(IsolationLevel::ReadCommitted)
            .start()
            .await?;
        transaction
            .batch_execute(include_str!("sql/limit_lock_waits.sql"))
            .await?;
        // The lock is a statement of its own, so that what follows sees all that the holder
        // before did.
        if !lock(
            &transaction,
            include_str!("sql/lock_in_transaction.sql"),
            table,
        )
        .await?
        {
            return Ok(Step::OthersAreAtIt);
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
        if !found.has_table {
            made.without_indexes()
                .first()
                .map_or(Ok(()), |(_, index)| made.refuse_without(index, table))?;
        }
        transaction.commit().await?;
        self.applied.extend(applied);
        Ok(Step::Done)
    }

    /// Makes what indexes are missing while others read and write, outside of transactions.
    async fn make_indexes(&mut self) -> Result<Step, MigrateError> {
        let locked = lock(&*self.client, include_str!("sql/lock.sql"), self.table);
        if !within(self.deadline, locked).await? {
            return Ok(Step::OthersAreAtIt);
        }
        let made = self.make_indexes_alone().await;
        // If it does not work out, the connection is about to end, and the lock with it.
        let _ = lock(&*self.client, include_str!("sql/unlock.sql"), self.table).await;
        made
    }

    async fn make_indexes_alone(&mut self) -> Result<Step, MigrateError> {
        let found = within(self.deadline, look(&*self.client, self.table)).await?;
        for setting in [
            include_str!("sql/no_statement_timeout.sql"),
            include_str!("sql/no_lock_timeout.sql"),
        ] {
            self.client.batch_execute(setting).await?;
        }
        for (migration, index) in found.without_indexes() {
            if let Step::OthersAreAtIt = self.make_index(migration, &index).await? {
                return Ok(Step::OthersAreAtIt);
            }
            self.applied.insert(migration.number());
        }
        Ok(Step::Done)
    }

    async fn make_index(
        &mut self,
        migration: &Migration,
        index: &Index,
    ) -> Result<Step, MigrateError> {
        for left in self.left_over(index).await? {
            if left.is_being_built {
                return Ok(Step::OthersAreAtIt);
            }
            let drop = include_str!("sql/drop_index.sql").replace("unfinished_index", &left.name);
            self.client.batch_execute(&drop).await?;
        }
        let now = within(self.deadline.max(soon()), look(&*self.client, self.table)).await?;
        if !now.lacks(index) {
            return Ok(Step::OthersAreAtIt);
        }
        if let Some(text) = migration.concurrently(index) {
            let name = self.table.put_into(&index.name);
            tracing::info!(index = name, "building an index of the sessions table");
            let text = self.table.put_into(&text);
            self.client.batch_execute(&text).await?;
        }
        let made = within(self.deadline.max(soon()), look(&*self.client, self.table)).await?;
        made.refuse_without(index, self.table)?;
        Ok(Step::Done)
    }

    /// What an earlier attempt at this index has left, or somebody is still building.
    ///
    /// Looked at twice: a build that ends just now may seem neither valid nor under way.
    async fn left_over(&self, index: &Index) -> Result<Vec<Unfinished>, MigrateError> {
        let first = self.unfinished(index).await?;
        if first.is_empty() || first.iter().any(|one| one.is_being_built) {
            return Ok(first);
        }
        self.unfinished(index).await
    }

    async fn unfinished(&self, index: &Index) -> Result<Vec<Unfinished>, MigrateError> {
        let quoted = self.table.put_into(&index.name);
        let (table, name) = (self.table.quoted(), quoted.trim_matches('"'));
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

enum Step {
    Done,
    /// Somebody else has the lock, or builds the same index: wait a moment and look again.
    OthersAreAtIt,
}

struct Unfinished {
    name: String,
    is_being_built: bool,
}

/// Runs a migration; on a table that was there before, without its indexes.
async fn make(
    client: &impl GenericClient,
    migration: &Migration,
    found: &Found,
    table: &TableName,
) -> Result<(), MigrateError> {
    if !found.has_table {
        return Ok(client.batch_execute(&migration.sql_for(table)).await?);
    }
    for text in migration.table_statements() {
        client.batch_execute(&table.put_into(&text)).await?;
    }
    Ok(())
}

/// Takes the table's advisory lock, or gives it back.
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

/// For a look after a build that took longer than all the patience there was.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}
