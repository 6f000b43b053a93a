//! `pgstore sweep`: rows past their time, once. For cron, where no application sweeps.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Args;
use pgstore::store::Sweeper;
use pgstore::wire::SecureCookie;
use pgstore::{Clock as _, SweepOptions, SystemClock};
use serde::Serialize;
use tokio_postgres::types::Type;

use crate::database::Database;
use crate::failure::Failure;
use crate::output::Format;
use crate::progress::ProgressLine;
use crate::table::{counted, grouped};

/// Remove the rows past their time, once, and print how many there were.
///
/// On a terminal it shows how far it is; elsewhere it writes a line every ten seconds.
#[derive(Debug, Args)]
pub(crate) struct Sweep {
    /// Remove nothing, and print how many rows a sweep would remove.
    #[arg(long)]
    dry_run: bool,

    /// Print nothing but errors.
    #[arg(long, short, conflicts_with_all = ["dry_run", "json"])]
    quiet: bool,

    /// The application's maximal age: sessions that end with the browser go when they have not
    /// been saved for that long. 0 (no limit) counts as 30 days.
    #[arg(long, value_name = "SECONDS", default_value_t = THIRTY_DAYS)]
    max_age: u64,

    /// How long past its time a row stays: as much as machines' clocks may differ.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    clock_skew: u64,

    /// How many rows one statement looks at, at most; at least 1.
    #[arg(long, value_name = "ROWS", default_value_t = 5000)]
    batch: u32,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    database: Database,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Swept {
    Removed(u64),
    WouldRemove(u64),
}

const THIRTY_DAYS: u64 = SecureCookie::DEFAULT_MAX_AGE.unsigned_abs();

impl Sweep {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let swept = match self.dry_run {
            true => Swept::WouldRemove(self.count()?),
            false => Swept::Removed(self.sweep()?),
        };
        match self.quiet {
            true => Ok(String::new()),
            false => self.format.of(&swept, |swept| match swept {
                Swept::Removed(rows) => format!("removed {}\n", counted(*rows, "row")),
                Swept::WouldRemove(rows) => format!("would remove {}\n", counted(*rows, "row")),
            }),
        }
    }

    fn sweep(&self) -> Result<u64, Failure> {
        let options = SweepOptions::new()
            .browser_sessions(self.max_age())
            .clock_skew(self.clock_skew())
            .batch(self.batch);
        let progress = ProgressLine::after_a_while();
        self.database.with_store(async |store| {
            let clock = Arc::new(SystemClock::default());
            let sweeper = Sweeper::new(Arc::new(store.clone()), clock, options);
            let tell = |removed| {
                if !self.quiet {
                    let rows = if removed == 1 { "row" } else { "rows" };
                    progress.tell("", &format!("removed {} {rows} so far", grouped(removed)));
                }
            };
            let removed = sweeper.sweep_with_progress(tell).await;
            progress.end();
            Ok(removed?)
        })
    }

    fn count(&self) -> Result<u64, Failure> {
        let now = SystemClock::default().now();
        let expired_before = SystemTime::from(now.minus(self.clock_skew()));
        let idle_since_before = SystemTime::from(now.minus(self.max_age()));
        self.database.with_client(async |client| {
            let times = &[
                (&expired_before as _, Type::TIMESTAMPTZ),
                (&idle_since_before as _, Type::TIMESTAMPTZ),
            ];
            let row = client.row(include_str!("sql/count_due.sql"), times).await?;
            Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
        })
    }

    fn max_age(&self) -> Duration {
        let seconds = match self.max_age {
            0 => THIRTY_DAYS,
            seconds => seconds,
        };
        Duration::from_secs(seconds)
    }

    fn clock_skew(&self) -> Duration {
        Duration::from_secs(self.clock_skew)
    }
}
