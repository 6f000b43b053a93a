//! What the table has after a statement that changed nothing.

use tokio_postgres::types::Type;

use super::execution::Execution;
use super::owners::{REVOCATION, RevocationParameters};
use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{column, key, time};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{HTTP_SESSIONS, Migration, SESSION_METADATA};
use crate::store::{Revocation, StoreError};
use crate::telemetry::Operation;

/// Reads the version of a key's newest row.
pub(crate) struct Newest<'a> {
    pub(crate) id: &'a SessionId,
}

/// The newest row of a key.
pub(crate) struct NewestRow {
    /// Whether there is one.
    pub(crate) exists: bool,
    /// Its version, unless that is NULL or an infinity.
    pub(crate) version: Option<Timestamp>,
    /// Whether row-level security may hide rows from this role.
    pub(crate) may_hide_rows: bool,
}

impl Statement for Newest<'_> {
    type Output = NewestRow;
    const SQL: &'static str = include_str!("../sql/newest.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Reads;
    const OPERATION: Operation = Operation::Select;
    const MIGRATION: &'static Migration = &HTTP_SESSIONS;

    async fn run(&self, execution: &Execution<'_>) -> Result<NewestRow, AttemptFailure> {
        let answer = execution.query_one(&[&key(self.id)]).await?;
        Ok(NewestRow {
            exists: column(&answer, 0)?,
            version: time(&answer, 1)?,
            may_hide_rows: column(&answer, 2)?,
        })
    }
}

/// Reads which rows a revocation has to remove, by number and version.
pub(crate) struct Revocable<'a> {
    pub(crate) revocation: &'a Revocation<'a>,
    pub(crate) after: i64,
}

impl Statement for Revocable<'_> {
    type Output = Vec<(i64, Option<Timestamp>)>;
    const SQL: &'static str = include_str!("../sql/revocable.sql");
    const PARAMETERS: &'static [Type] = REVOCATION;
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Select;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let conditions = RevocationParameters::of(self.revocation, self.after, execution.texts());
        let found = execution.query(&conditions.parameters()).await?;
        let rows = found.iter().map(|row| Ok((column(row, 0)?, time(row, 1)?)));
        Ok(rows.collect::<Result<_, StoreError>>()?)
    }
}
