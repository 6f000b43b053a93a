//! Whether the server keeps statements under names.

use std::time::Duration;

use pgstore_connect::ConnectionTask;
use tokio::time::timeout;
use tokio_postgres::Client;

/// Whether statements are prepared under names, which saves the server work, or sent without.
///
/// Without names they also take turns: a connection gets the next statement when the one before is
/// answered. PgBouncer before 1.21 may take statements apart that overlap.
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
    /// Always without names. Statements that carry many callers' requests lose about a quarter of their
    /// speed, those of a lone caller about half.
    Unnamed,
}

impl StatementNames {
    /// Whether the statements of this new connection get names. It asks the server for this long at
    /// most.
    pub(super) async fn are_used(
        self,
        client: &Client,
        task: &ConnectionTask,
        within: Duration,
    ) -> bool {
        match self {
            Self::Named => true,
            Self::Unnamed => false,
            Self::Auto => {
                let asked = timeout(within, leads_to_the_server(client, task));
                asked.await.unwrap_or(false)
            }
        }
    }

    /// Whether statements over a pool get names, of whose connections nothing is known.
    #[cfg(feature = "deadpool")]
    pub(super) fn are_used_in_a_pool(self) -> bool {
        self == Self::Named
    }
}

/// Whether the server process is the one that the connection was told of when it began. A pooler
/// that shares server connections invents a number.
async fn leads_to_the_server(client: &Client, task: &ConnectionTask) -> bool {
    let Some(told) = task.server_process().await else {
        return false;
    };
    let answer = client.query_typed(include_str!("sql/server_process.sql"), &[]);
    let rows = answer.await.unwrap_or_default();
    let own: Option<i32> = rows.first().and_then(|row| row.try_get(0).ok());
    own == Some(told)
}
