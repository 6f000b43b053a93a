//! Whether the server keeps statements under names, and whether they overlap on a connection.

use std::time::Duration;

use pgstore_connect::ConnectionTask;
use tokio::time::timeout;
use tokio_postgres::Client;

/// Whether statements are prepared under names, which saves the server work, or sent without.
///
/// Without names, and with [`Auto`](Self::Auto) wherever a pooler or a proxy is in between, they also take
/// turns: a connection gets the next statement when the one before is answered. PgBouncer before 1.21 may
/// take statements apart that overlap, and Pgpool-II loses count when one of them fails.
///
/// A pooler may pass each transaction to another server connection. One that does not keep track of
/// names (PgBouncer before 1.21, or with `max_prepared_statements = 0`) then lets a process execute
/// the statement that *another* process has prepared under the same name. So a name is safe only
/// where the store talks to the server itself, or through a pooler that keeps track of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementNames {
    /// With names if the connection leads to the server itself, else without. The store asks each
    /// new connection for the number of its server process: a pooler that shares server connections
    /// told another one at the beginning. In an application's pool
    /// ([`PgStore::from_pool`](crate::PgStore::from_pool)): without.
    #[default]
    Auto,
    /// Always with names. Use it behind a pooler that keeps track of them, or with an application's
    /// pool that connects to the server itself.
    Named,
    /// Always without names. Statements that carry many callers' requests lose about a third of their
    /// speed, those of a lone caller about half.
    Unnamed,
}

/// How statements go over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) are_named: bool,
    /// Whether one is sent before the one before it is answered.
    pub(super) are_pipelined: bool,
}

impl Sending {
    const CAREFULLY: Self = Self {
        are_named: false,
        are_pipelined: false,
    };
    const QUICKLY: Self = Self {
        are_named: true,
        are_pipelined: true,
    };
}

impl StatementNames {
    /// How statements go over this new connection. It asks the server for this long at most.
    pub(super) async fn sending(
        self,
        client: &Client,
        task: &ConnectionTask,
        within: Duration,
    ) -> Sending {
        match self {
            Self::Named => Sending::QUICKLY,
            Self::Unnamed => Sending::CAREFULLY,
            Self::Auto => {
                let asked = timeout(within, sending_as_seen(client, task)).await;
                asked.ok().flatten().unwrap_or(Sending::CAREFULLY)
            }
        }
    }

    /// Whether statements over a pool get names, of whose connections nothing is known.
    #[cfg(feature = "deadpool")]
    pub(super) fn are_used_in_a_pool(self) -> bool {
        self == Self::Named
    }
}

/// Compares both ends of a connection. The server process is the one that the connection was told of when it
/// began, unless a pooler that shares server connections has invented a number. The server sees this end's
/// port, unless something is in between.
async fn sending_as_seen(client: &Client, task: &ConnectionTask) -> Option<Sending> {
    let told = task.server_process().await?;
    let answer = client.query_typed(include_str!("sql/server_process.sql"), &[]);
    let rows = answer.await.ok()?;
    let row = rows.first()?;
    let (process, port): (i32, Option<i32>) = (row.try_get(0).ok()?, row.try_get(1).ok()?);
    let are_named = process == told;
    Some(Sending {
        are_named,
        are_pipelined: are_named && port == task.local_port().map(i32::from),
    })
}
