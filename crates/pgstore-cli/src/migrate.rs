//! `pgstore migrate`: the sessions table.

use clap::Args;
use pgstore::store::migrations;
use pgstore::{MigrateError, TableName};

use crate::database::Database;
use crate::failure::Failure;
use crate::progress::ProgressLine;

/// Create the sessions table and its indexes, as far as they are missing.
///
/// Safe while any number of other processes do the same; the table of Go's pgstore is taken over
/// as it is.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Print the SQL of all migrations and run nothing.
    #[arg(long)]
    print: bool,

    /// Change nothing and print nothing: the exit code is 0 if nothing is missing, else 1.
    #[arg(long, conflicts_with = "print")]
    check: bool,

    #[command(flatten)]
    database: Database,
}

impl Migrate {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        if self.print {
            return Ok(sql(&self.database.table));
        }
        if self.check {
            return self.check();
        }
        let progress = ProgressLine::new();
        let migrated = self.database.with_store(async |store| {
            let migrated = store
                .migrate_with_progress(|one| progress.tell_of_migration(&one))
                .await;
            progress.end();
            migrated.map_err(|error| self.failure(error))
        })?;
        let table = &self.database.table;
        let counters: Vec<_> = migrated.applied.iter().map(ToString::to_string).collect();
        Ok(if counters.is_empty() {
            format!("{table} is up to date\n")
        } else {
            format!("{table}: ran migration {}\n", counters.join(", "))
        })
    }
}

impl Migrate {
    fn check(&self) -> Result<String, Failure> {
        let missing = self.database.with_store(async |store| {
            let missing = store.missing_migrations().await;
            missing.map_err(|error| self.failure(error))
        })?;
        match missing.is_empty() {
            true => Ok(String::new()),
            false => Err(Failure::Incomplete),
        }
    }

    fn failure(&self, error: MigrateError) -> Failure {
        Failure::Migrate(Box::new(error), self.database.table.clone())
    }
}

/// All of it, for a new table; a table that is there needs what it lacks.
fn sql(table: &TableName) -> String {
    let texts = migrations()
        .iter()
        .map(|migration| migration.sql_for(table));
    let texts = texts.collect::<Vec<_>>().join("\n");
    format!("{IN_USE}{texts}")
}

const IN_USE: &str = "\
-- On a table in use, make each index with CREATE INDEX CONCURRENTLY instead, outside of a
-- transaction: otherwise it keeps everybody from writing while it is built.
";
