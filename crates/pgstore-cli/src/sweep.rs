//! `pgstore sweep`: rows past their time, once. For cron, where no application sweeps.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use pgstore::store::Sweeper;
use pgstore::wire::SecureCookie;
use pgstore::{SweepOptions, SystemClock};

use crate::database::Database;
use crate::failure::Failure;

/// Remove the rows past their time, once, and print how many there were.
#[derive(Debug, Args)]
pub(crate) struct Sweep {
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
    database: Database,
}

const THIRTY_DAYS: u64 = SecureCookie::DEFAULT_MAX_AGE.unsigned_abs();

impl Sweep {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let max_age = if self.max_age == 0 {
            THIRTY_DAYS
        } else {
            self.max_age
        };
        let options = SweepOptions::new()
            .browser_sessions(Duration::from_secs(max_age))
            .clock_skew(Duration::from_secs(self.clock_skew))
            .batch(self.batch);
        let removed = self.database.with_store(async |store| {
            let clock = Arc::new(SystemClock::default());
            let sweeper = Sweeper::new(Arc::new(store.clone()), clock, options);
            Ok(sweeper.sweep().await?)
        })?;
        let rows = if removed == 1 { "row" } else { "rows" };
        Ok(format!("removed {removed} {rows}\n"))
    }
}
