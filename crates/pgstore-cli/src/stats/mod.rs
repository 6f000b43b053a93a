//! `pgstore stats`: how many sessions there are, and how the table is.

mod read;
mod report;
mod text;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use clap::Args;
use pgstore::wire::SecureCookie;
use pgstore::{Clock as _, SystemClock};

use crate::database::Database;
use crate::failure::Failure;
use crate::output::{Format, print};
use crate::table_client::TableClient;
use read::Times;
pub(crate) use read::share;
use report::Stats;

/// Print how many sessions there are, and how the table is.
///
/// Counts sessions that live, have expired and wait for a sweep, by their last use; rows that another
/// program wrote; sizes, dead rows, and how many updates touched no index (HOT).
///
/// Of a table above about 32 MB it reads a sample of the pages, and marks what it estimates by "~". It
/// shows no ID and changes nothing.
#[derive(Debug, Args)]
pub(crate) struct StatsCommand {
    /// Print again after this many seconds, 2 if none are given, until it is stopped.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          value_parser = clap::value_parser!(u32).range(1..))]
    watch: Option<u32>,

    /// The application's maximal age: a session that ends with the browser counts as expired when it
    /// was idle for that long.
    #[arg(long, value_name = "SECONDS", default_value_t = SecureCookie::DEFAULT_MAX_AGE.unsigned_abs())]
    max_age: u64,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    database: Database,
}

/// Clears the terminal and begins at its top.
const AFRESH: &str = "\x1b[H\x1b[2J\x1b[3J";

impl StatsCommand {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        self.database.with_client(async |client| {
            let Some(seconds) = self.watch else {
                return self.look(client).await;
            };
            let redraws = io::stdout().is_terminal() && !self.format.is_json();
            loop {
                let now = self.look(client).await?;
                print(if redraws { AFRESH } else { "" })?;
                print(&now)?;
                tokio::time::sleep(Duration::from_secs(seconds.into())).await;
            }
        })
    }

    async fn look(&self, client: &TableClient) -> Result<String, Failure> {
        let now = SystemClock::default().now();
        let times = Times::new(now, Duration::from_secs(self.max_age));
        let stats = Stats::read(client, &self.database.table, &times).await?;
        self.format.of(&stats, text::shown)
    }
}
