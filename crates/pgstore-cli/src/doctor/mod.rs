//! `pgstore doctor`: what is wrong, and what mends it.

mod checks;
mod connection;
mod examine;
mod finding;
mod keys;

use clap::Args;

use crate::database::{Database, run};
use crate::failure::Failure;
use crate::key_list::KeyArguments;
use crate::output::{Format, print};
use checks::CheckName;
use finding::Report;

/// Look for what is wrong with the database, the table, the settings and the keys, and print what
/// mends it.
///
/// It changes nothing, and shows no ID. The exit code is 0 without findings, and 1 with any.
///
/// Of keys (SESSION_KEYS, or the options below) it checks the lengths.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Leave out a check whose finding is known and meant. May be repeated.
    #[arg(long, value_name = "CHECK")]
    ignore: Vec<CheckName>,

    #[command(flatten)]
    keys: KeyArguments,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    database: Database,
}

impl Doctor {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let mut report = Report::new(&self.database.table, &self.ignore);
        keys::examine(&self.keys, &mut report)?;
        run(examine::all(&self.database, &mut report))?;
        let has_findings = report.has_findings();
        print(&self.format.of(&report, Report::text)?)?;
        match has_findings {
            true => Err(Failure::HasFindings),
            false => Ok(String::new()),
        }
    }
}
