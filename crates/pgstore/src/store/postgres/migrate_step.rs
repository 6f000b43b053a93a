//! What the steps of a migration share: the lock, the time, and how far one came.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::migrate_error::MigrateError;
use super::table_name::TableName;

/// How long a migration may take in all. Waits for others count, index builds do not.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The first half of the advisory lock's key: the ASCII text `pgst`. The other half is the table.
const LOCK: i32 = i32::from_be_bytes(*b"pgst");

/// How far a step came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Made,
    /// Another migrator has the lock or builds the same index: look again after a pause.
    OthersWork,
}

/// Takes the table's advisory lock.
pub(super) async fn lock(
    client: &impl GenericClient,
    sql: &str,
    table: &TableName,
) -> Result<bool, MigrateError> {
    let (schema, name) = table.parts();
    let rows = client
        .query_typed(
            sql,
            &[
                (&LOCK, Type::INT4),
                (&schema, Type::TEXT),
                (&name, Type::TEXT),
            ],
        )
        .await?;
    let row = rows.first().ok_or_else(MigrateError::no_answer)?;
    Ok(row.try_get(0)?)
}

pub(super) async fn within<T>(
    deadline: Instant,
    step: impl Future<Output = Result<T, MigrateError>>,
) -> Result<T, MigrateError> {
    timeout_at(deadline, step)
        .await
        .map_err(|_| MigrateError::timeout())?
}

/// The deadline of a look at the table outside of a migration, or after a build that took longer than the
/// time limit.
pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}
