//! `pgstore revoke`: logs out all sessions of before a time.

use clap::Args;
use pgstore::Timestamp;

use crate::database::Database;
use crate::failure::Failure;
use crate::time;

/// Log out every session that was begun before a time, and print how many there were.
///
/// Restoring a dump of the database brings back sessions that were logged out since the dump was
/// made. After a restore, revoke all that were issued before it:
/// `pgstore revoke --issued-before 2026-11-26T10:00:00Z`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The time, as `2026-11-26T10:00:00Z` (or with another offset, `+01:00`), as seconds since
    /// 1970, or `now`.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    issued_before: Timestamp,

    #[command(flatten)]
    database: Database,
}

impl Revoke {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let revoked = self
            .database
            .with_store(async |store| Ok(store.revoke_issued_before(self.issued_before).await?))?;
        let sessions = if revoked == 1 { "session" } else { "sessions" };
        Ok(format!("revoked {revoked} {sessions}\n"))
    }
}
