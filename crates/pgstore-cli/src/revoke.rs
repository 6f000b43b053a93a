//! `pgstore revoke`: logs out one session, an owner's, or all of before a time.

use std::time::{Duration, SystemTime};

use clap::Args;
use pgstore::store::{OwnerColumn, Revocation, Which};
use pgstore::{Clock as _, PgStore, SessionHandle, Store as _, SystemClock, Timestamp};
use serde::Serialize;
use tokio_postgres::types::Type;

use crate::confirm::confirm;
use crate::database::{Database, run};
use crate::failure::Failure;
use crate::output::Format;
use crate::table::{counted, grouped};
use crate::table_client::TableClient;
use crate::{peers, time};

/// Log out one session, all of an owner, or all that were begun before a time.
///
/// It removes the rows, 1000 at a time, and prints how many sessions there were. If it is interrupted,
/// what was revoked stays revoked: run it again for the rest. On a terminal it asks first.
///
/// Restoring a dump of the database brings back sessions that were logged out since the dump was
/// made. After a restore, revoke all that were issued before it:
/// `pgstore revoke --issued-before 2026-11-26T10:00:00Z`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    selection: Selection,

    /// Do not ask.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    database: Database,
}

/// Exactly one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Selection {
    /// The session with this public name, as `pgstore sessions` lists it.
    #[arg(long, value_name = "HANDLE")]
    handle: Option<SessionHandle>,

    /// All sessions of this owner, as the application sets it: a user's ID, say. A login at the same
    /// moment may remain.
    #[arg(long, value_name = "OWNER", allow_hyphen_values = true)]
    owner: Option<String>,

    /// All sessions that were begun before this time: `2026-11-26T10:00:00Z` (or with another offset,
    /// `+01:00`), seconds since 1970, or `now`.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    issued_before: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Revoked {
    revoked: u64,
}

/// How long one batch may take. Of a large table, the last one may have to read all.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a pass is repeated while requests change the sessions.
const MAX_PASSES: usize = 50;

/// How many are counted before it asks.
const MOST: i64 = 100_000;

impl Revoke {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let revoked = run(async {
            confirm(self.yes, async || self.question().await).await?;
            let store = self.database.store(PATIENCE).await?;
            let revoked = self.selection.revoke(&store).await;
            store.close().await;
            let revoked = revoked?;
            if self.selection.owner.is_some() {
                peers::note(&self.database.client().await?).await?;
            }
            Ok(Revoked { revoked })
        })?;
        self.format.of(&revoked, |revoked| {
            format!("revoked {}\n", counted(revoked.revoked, "session"))
        })
    }

    async fn question(&self) -> Result<String, Failure> {
        let client = self.database.client().await?;
        let number = self.selection.count(&client).await?;
        let number = match u64::try_from(number).unwrap_or_default() {
            1 => "1 session".to_owned(),
            number if number >= MOST.unsigned_abs() => {
                format!("{} sessions or more", grouped(number))
            }
            number => format!("{} sessions", grouped(number)),
        };
        Ok(format!("This logs out {number}. Continue?"))
    }
}

impl Selection {
    async fn count(&self, client: &TableClient) -> Result<i64, Failure> {
        let most = (
            &MOST as &(dyn tokio_postgres::types::ToSql + Sync),
            Type::INT8,
        );
        let row = if let Some(owner) = &self.owner {
            let sql = include_str!("sql/count_owner.sql");
            client.row(sql, &[(owner, Type::TEXT), most]).await?
        } else if let Some(before) = self.issued_before {
            let sql = include_str!("sql/count_issued_before.sql");
            let before = SystemTime::from(before);
            client
                .row(sql, &[(&before, Type::TIMESTAMPTZ), most])
                .await?
        } else {
            return Ok(1);
        };
        Ok(row.try_get(0)?)
    }

    async fn revoke(&self, store: &PgStore) -> Result<u64, Failure> {
        match (&self.handle, &self.owner, self.issued_before) {
            (Some(handle), ..) => one(store, handle).await,
            (_, Some(owner), _) => of_owner(store, owner).await,
            (.., Some(time)) => Ok(store.revoke_issued_before(time).await?),
            (None, None, None) => Ok(0), // clap demands one of them.
        }
    }
}

/// Repeats until it is gone: a session that gets a new ID at the same moment escapes a pass.
async fn one(store: &PgStore, handle: &SessionHandle) -> Result<u64, Failure> {
    let mut has_ended = false;
    for _ in 0..MAX_PASSES {
        let Some((id, _)) = store.find(handle, SystemClock::default().now()).await? else {
            return Ok(has_ended.into());
        };
        has_ended |= store.delete(&id).await? > 0;
    }
    Err(Failure::Contended)
}

async fn of_owner(store: &PgStore, owner: &str) -> Result<u64, Failure> {
    let revocation = Revocation {
        owner,
        which: Which::All,
        column: OwnerColumn::IsTheTruth,
    };
    let mut ended = 0;
    for _ in 0..MAX_PASSES {
        let revoked = store.revoke(&revocation).await?;
        ended += revoked.removed;
        if revoked.seen == 0 {
            return Ok(ended);
        }
    }
    Err(Failure::Contended)
}
