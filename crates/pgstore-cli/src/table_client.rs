//! A connection for questions about one table.

use pgstore::TableName;
use pgstore_connect::ConnectionTask;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::failure::Failure;

/// Parameters with their types, so that a statement needs no preparation: it works behind every pooler.
pub(crate) type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// A connection, and the table that statements are about.
pub(crate) struct TableClient {
    client: Client,
    task: ConnectionTask,
    table: TableName,
}

impl TableClient {
    pub(crate) fn new((client, task): (Client, ConnectionTask), table: TableName) -> Self {
        Self {
            client,
            task,
            table,
        }
    }

    /// Runs a statement that is written for `http_sessions`.
    pub(crate) async fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let sql = self.table.put_into(sql);
        self.client.query_typed(&sql, parameters).await
    }

    /// The one row of a statement that always answers with one.
    pub(crate) async fn row(&self, sql: &str, parameters: Parameters<'_>) -> Result<Row, Failure> {
        let rows = self.rows(sql, parameters).await?;
        rows.into_iter().next().ok_or(Failure::NoAnswer)
    }

    /// The connection's process at the server, as the server said when it was made. `None` behind a
    /// pooler that says none.
    pub(crate) async fn server_process(&self) -> Option<i32> {
        self.task.server_process().await
    }
}
