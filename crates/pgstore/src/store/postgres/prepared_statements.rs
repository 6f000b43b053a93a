//! The statements that one connection has prepared.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use tokio_postgres::{Client, Statement as Prepared};

use super::failure::AttemptFailure;
use super::liveness::Liveness;
use super::statements::Statement;
use super::table_name::TableName;

/// Prepared statements by their SQL. Each is prepared at its first use; callers that come
/// meanwhile wait for that.
// The list is short (one entry a statement type), so a search by text is as quick as a hash.
#[derive(Debug, Default)]
pub(super) struct PreparedStatements(Mutex<Vec<(&'static str, PreparedCell)>>);

/// A prepared statement, once it is prepared.
type PreparedCell = Arc<OnceCell<Prepared>>;

impl PreparedStatements {
    pub(super) async fn get<S: Statement>(
        &self,
        client: &Client,
        table: &TableName,
        liveness: &Liveness,
    ) -> Result<Prepared, AttemptFailure> {
        let prepare = || async {
            let text = table.put_into(S::SQL);
            let prepared = client.prepare_typed(&text, S::PARAMETERS).await;
            liveness.heard();
            Ok(prepared?)
        };
        self.cell(S::SQL).get_or_try_init(prepare).await.cloned()
    }

    fn cell(&self, sql: &'static str) -> PreparedCell {
        // No code panics while it holds the lock.
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = cells.iter().find(|(text, _)| *text == sql) {
            return Arc::clone(cell);
        }
        let cell = PreparedCell::default();
        cells.push((sql, Arc::clone(&cell)));
        cell
    }
}
