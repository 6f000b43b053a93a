//! `pgstore sessions`: an owner's sessions.

use clap::Args;
use pgstore::store::Row;
use pgstore::{Clock as _, Store as _, SystemClock};
use serde::Serialize;

use crate::database::{Database, run};
use crate::failure::Failure;
use crate::output::Format;
use crate::table::{Table, counted};
use crate::time::shown;
use crate::{database, peers};

/// List an owner's sessions, the last used first.
///
/// HANDLE is a session's public name, which `pgstore revoke --handle` takes. No ID is shown. Of more
/// than a thousand sessions, the thousand that began last are listed.
#[derive(Debug, Args)]
pub(crate) struct SessionsCommand {
    /// The owner, as the application sets it: a user's ID, say.
    #[arg(long, allow_hyphen_values = true)]
    owner: String,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    database: Database,
}

#[derive(Debug, Serialize)]
struct Listed {
    handle: Option<String>,
    label: Option<String>,
    began: String,
    last_used: String,
    /// `null`: when the browser closes.
    ends: Option<String>,
}

impl SessionsCommand {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let listed = run(async {
            let store = self.database.store(database::DEADLINE).await?;
            let rows = store.owned(&self.owner, SystemClock::default().now()).await;
            store.close().await;
            let rows = rows?;
            peers::note(&self.database.client().await?).await?;
            Ok(rows.into_iter().map(|(_, row)| listed(row)).collect())
        })?;
        self.format.of(&listed, |listed: &Vec<_>| text(listed))
    }
}

fn listed(row: Row) -> Listed {
    let ends = (!row.ends_with_the_browser()).then(|| shown(row.expires_on));
    Listed {
        handle: row.extras.handle.map(|handle| handle.to_string()),
        label: row.extras.label,
        began: shown(row.created_on),
        last_used: shown(row.modified_on),
        ends,
    }
}

fn text(sessions: &[Listed]) -> String {
    let number = u64::try_from(sessions.len()).unwrap_or(u64::MAX);
    if sessions.is_empty() {
        return "no sessions\n".to_owned();
    }
    let mut table = Table::new(&[]);
    table.line(["HANDLE", "BEGAN", "LAST USED", "ENDS", "LABEL"]);
    for one in sessions {
        table.line([
            one.handle.as_deref().unwrap_or("-"),
            &one.began,
            &one.last_used,
            one.ends.as_deref().unwrap_or("with the browser"),
            one.label.as_deref().unwrap_or_default(),
        ]);
    }
    format!("{}{}\n", table.text(), counted(number, "session"))
}
