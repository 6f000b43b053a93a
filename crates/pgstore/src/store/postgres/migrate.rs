//! Creating the table: the only place with DDL, and only when it is called.
//!
//! What there is to do is read from the catalogue, so there is no table of versions, and a role
//! that may create nothing passes when everything is there.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, IsolationLevel};

use super::PgStore;
use super::migrate_error::MigrateError;
use super::table::TableName;

/// How long a migration may take in all, waiting for others included.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is begun anew when somebody else changes the catalogue at the same time.
const ATTEMPTS: u32 = 20;

/// One lock for all migrations of a database. The number is the ASCII text `pgstore1`.
const LOCK: i64 = i64::from_be_bytes(*b"pgstore1");

/// One numbered migration.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
}

impl Migration {
    /// Its number; they begin at 1 and have no gaps.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its SQL, for the table `http_sessions`.
    #[must_use]
    pub fn sql(&self) -> &'static str {
        self.sql
    }

    /// Its SQL for another table.
    #[must_use]
    pub fn sql_for(&self, table: &TableName) -> String {
        table.put_into(self.sql)
    }
}

/// The migrations, oldest first. They are only ever added to.
///
/// For operators who run DDL themselves:
///
/// ```
/// for migration in pgstore::store::postgres::migrations() {
///     println!("-- {} {}\n{}", migration.number(), migration.name(), migration.sql());
/// }
/// ```
#[must_use]
pub fn migrations() -> &'static [Migration] {
    &[Migration {
        number: 1,
        name: "http_sessions",
        sql: include_str!("../../../migrations/0001_http_sessions.sql"),
    }]
}

/// What [`PgStore::migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The numbers of the migrations it ran; none when everything was there.
    pub applied: Vec<u32>,
}

impl PgStore {
    /// Makes sure that the sessions table is there, with its indexes.
    ///
    /// Idempotent, and safe while any number of other processes do the same, in Rust or Go. A
    /// table that Go's pgstore made is taken over as it is. When everything is there nothing is
    /// written or locked, and the role needs no right to create. It runs on a connection of its
    /// own and takes up to 60 seconds where it has to wait for others.
    ///
    /// # Errors
    /// When the database cannot be reached, when the role may not create what is missing (the
    /// error then prints the SQL to run), or when there is a table of that name that is none for
    /// sessions.
    // Go: pgstore.go createSessionsTable runs in the constructor, without a lock, and most of
    // twenty processes that start at once fail on the catalogue.
    pub async fn migrate(&self) -> Result<Migrated, MigrateError> {
        let link = &self.inner.link;
        let _inside = link.enter().map_err(|_| MigrateError::closed())?;
        let (mut client, _driver) = link.dial().connect().await.map_err(MigrateError::connect)?;
        timeout(PATIENCE, migrate(&mut client, &self.inner.table))
            .await
            .map_err(|_| MigrateError::timeout())?
    }
}

async fn migrate(client: &mut Client, table: &TableName) -> Result<Migrated, MigrateError> {
    let mut applied = Vec::new();
    for attempt in 1..=ATTEMPTS {
        let found = look(client, table).await?;
        if found.is_complete() {
            break;
        }
        found.refuse_if_foreign(table)?;
        match apply(client, table).await {
            Ok(numbers) => applied.extend(numbers),
            Err(error) if error.is_race() && attempt < ATTEMPTS => {
                sleep(Duration::from_millis(10) * attempt).await;
            }
            Err(error) => return Err(error.with_sql(table)),
        }
    }
    Ok(Migrated { applied })
}

/// Runs what is missing, under the lock. The lock is a statement of its own, so that what follows
/// sees all that the holder before did.
async fn apply(client: &mut Client, table: &TableName) -> Result<Vec<u32>, MigrateError> {
    let transaction = client
        .build_transaction()
        // Where another level is the default, all statements would see what the first one does.
        .isolation_level(IsolationLevel::ReadCommitted)
        .start()
        .await?;
    transaction
        .batch_execute("SET LOCAL lock_timeout = '10s'")
        .await?;
    transaction
        .query_typed(
            "SELECT pg_catalog.pg_advisory_xact_lock($1)",
            &[(&LOCK, Type::INT8)],
        )
        .await?;
    if look(&transaction, table).await?.is_complete() {
        return Ok(Vec::new());
    }
    let mut applied = Vec::new();
    for migration in migrations() {
        transaction.batch_execute(&migration.sql_for(table)).await?;
        applied.push(migration.number());
    }
    look(&transaction, table)
        .await?
        .refuse_if_incomplete(table)?;
    transaction.commit().await?;
    Ok(applied)
}

/// What the catalogue has of the table.
struct Found {
    table: bool,
    missing_columns: Vec<String>,
    missing_indexes: Vec<String>,
}

async fn look(client: &impl GenericClient, table: &TableName) -> Result<Found, MigrateError> {
    let sql = include_str!("sql/catalogue.sql");
    let name = table.quoted();
    let rows = client.query_typed(sql, &[(&name, Type::TEXT)]).await?;
    // The statement has no WHERE at its top: it answers with one row.
    let row = rows.first().ok_or_else(MigrateError::no_answer)?;
    Ok(Found {
        table: row.try_get(0)?,
        missing_columns: row.try_get(1)?,
        missing_indexes: row.try_get(2)?,
    })
}

impl Found {
    fn is_complete(&self) -> bool {
        self.table && self.missing_columns.is_empty() && self.missing_indexes.is_empty()
    }

    fn refuse_if_foreign(&self, table: &TableName) -> Result<(), MigrateError> {
        if self.table && !self.missing_columns.is_empty() {
            let columns = self.missing_columns.join(", ");
            return Err(MigrateError::foreign(format!(
                "{table} has no column, or one of another type, called {columns}"
            )));
        }
        Ok(())
    }

    fn refuse_if_incomplete(&self, table: &TableName) -> Result<(), MigrateError> {
        self.refuse_if_foreign(table)?;
        if !self.missing_indexes.is_empty() {
            let columns = self.missing_indexes.join(", ");
            return Err(MigrateError::foreign(format!(
                "{table} has no index on {columns}, and the index's name is taken"
            )));
        }
        Ok(())
    }
}
