//! `pgstore migrate`: the sessions table.

use clap::Args;
use pgstore::store::migrations;
use pgstore::{MigrateError, PgStore, TablePlacement};

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

    /// Distribute the tables over the workers of a Citus cluster, with the rows that they have. Sessions
    /// cannot be read or written while rows are copied.
    #[arg(long)]
    distributed: bool,

    #[command(flatten)]
    database: Database,
}

impl Migrate {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        if self.print {
            return Ok(self.sql());
        }
        if self.check {
            return self.check();
        }
        let progress = ProgressLine::new();
        let placement = self.placement();
        let migrated = self.database.with_store_placed(placement, async |store| {
            let migrated = store
                .migrate_with_progress(|one| progress.tell_of_migration(&one))
                .await;
            progress.end();
            migrated.map_err(|error| self.failure(error))
        })?;
        let table = &self.database.table;
        let counters: Vec<_> = migrated.applied.iter().map(ToString::to_string).collect();
        let ran = format!("{table}: ran migration {}\n", counters.join(", "));
        let distributed = format!("{table}: distributed by key\n");
        Ok(match (counters.is_empty(), migrated.distributed) {
            (true, false) => format!("{table} is up to date\n"),
            (true, true) => distributed,
            (false, false) => ran,
            (false, true) => ran + &distributed,
        })
    }
}

impl Migrate {
    fn check(&self) -> Result<String, Failure> {
        let is_complete = self.database.with_store(async |store| {
            let missing = store.missing_migrations().await;
            let is_complete = missing.map_err(|error| self.failure(error))?.is_empty();
            if !is_complete || !self.distributed {
                return Ok(is_complete);
            }
            let is_distributed = store.is_distributed().await;
            is_distributed.map_err(|error| self.failure(error))
        })?;
        match is_complete {
            true => Ok(String::new()),
            false => Err(Failure::Incomplete),
        }
    }

    fn placement(&self) -> TablePlacement {
        match self.distributed {
            true => TablePlacement::Distributed,
            false => TablePlacement::AsItIs,
        }
    }

    fn failure(&self, error: MigrateError) -> Failure {
        Failure::Migrate(Box::new(error), self.database.table.clone())
    }

    /// All of it, for a new table; a table that is there needs what it lacks.
    fn sql(&self) -> String {
        let table = &self.database.table;
        let texts = migrations()
            .iter()
            .map(|migration| migration.sql_for(table));
        let mut texts: Vec<_> = texts.collect();
        if self.distributed {
            texts.push(PgStore::distribution_sql(table));
        }
        format!("{IN_USE}{}", texts.join("\n"))
    }
}

const IN_USE: &str = "\
-- On a table in use, make each index with CREATE INDEX CONCURRENTLY instead, outside of a
-- transaction: otherwise it keeps everybody from writing while it is built.
";
