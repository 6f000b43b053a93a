//! Changing one session's rows.

use tokio_postgres::types::Type;

use super::execution::Execution;
use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{Parameter, RowParameters, column, key};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{HTTP_SESSIONS, Migration, SESSION_METADATA};
use crate::store::postgres::types::Micros;
use crate::store::{Row, Written};
use crate::telemetry::Operation;

pub(super) const KEY: Type = Type::BYTEA;
pub(super) const DATA: Type = Type::BYTEA;
pub(super) const TIME: Type = Type::TIMESTAMPTZ;
pub(super) const NUMBER: Type = Type::INT8;
pub(super) const TEXT: Type = Type::TEXT;

/// Writes a first row, and answers how many rows were written.
pub(crate) struct Insert {
    pub(crate) id: SessionId,
    pub(crate) row: Row,
}

impl Statement for Insert {
    type Output = u64;
    const SQL: &'static str = include_str!("../sql/insert.sql");
    const PARAMETERS: &'static [Type] = &[
        KEY, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT, TEXT,
    ];
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::Writes;
    const OPERATION: Operation = Operation::Insert;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<u64, AttemptFailure> {
        let (key, row) = (
            key(&self.id),
            RowParameters::of(&self.row, execution.texts()),
        );
        let parameters = join(&[&key], &row.parameters());
        Ok(execution.query(&parameters).await?.len() as u64)
    }
}

/// Replaces the newest row of a key, if it has the version that was seen.
pub(crate) struct Update {
    pub(crate) id: SessionId,
    pub(crate) seen: Timestamp,
    pub(crate) row: Row,
}

impl Statement for Update {
    type Output = Written;
    const SQL: &'static str = include_str!("../sql/update.sql");
    const PARAMETERS: &'static [Type] = &[
        KEY, TIME, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT, TEXT,
    ];
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::Writes;
    const OPERATION: Operation = Operation::Update;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Written, AttemptFailure> {
        let (key, seen) = (key(&self.id), Micros::from(self.seen));
        let row = RowParameters::of(&self.row, execution.texts());
        let parameters = join(&[&key, &seen], &row.parameters());
        let rows = execution.execute(&parameters).await?;
        Ok(Written::from_count(rows))
    }
}

/// Removes every row of a key, and answers how many there were.
pub(crate) struct Delete {
    pub(crate) id: SessionId,
}

impl Statement for Delete {
    type Output = u64;
    const SQL: &'static str = include_str!("../sql/delete.sql");
    const PARAMETERS: &'static [Type] = &[KEY];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Writes;
    const OPERATION: Operation = Operation::Delete;
    const MIGRATION: &'static Migration = &HTTP_SESSIONS;

    async fn run(&self, execution: &Execution<'_>) -> Result<u64, AttemptFailure> {
        Ok(execution.execute(&[&key(&self.id)]).await?)
    }
}

/// Removes every row of a key, if the newest has the version that was seen.
pub(crate) struct DeleteVersion<'a> {
    pub(crate) id: &'a SessionId,
    pub(crate) seen: Timestamp,
}

impl Statement for DeleteVersion<'_> {
    type Output = Written;
    const SQL: &'static str = include_str!("../sql/delete_version.sql");
    const PARAMETERS: &'static [Type] = &[KEY, TIME];
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Delete;
    const MIGRATION: &'static Migration = &HTTP_SESSIONS;

    async fn run(&self, execution: &Execution<'_>) -> Result<Written, AttemptFailure> {
        let (key, seen) = (key(self.id), Micros::from(self.seen));
        let answer = execution.query_one(&[&key, &seen]).await?;
        let rows: i64 = column(&answer, 0)?;
        Ok(Written::from_count(rows.unsigned_abs()))
    }
}

pub(super) fn join<'a>(keys: &[Parameter<'a>], row: &[Parameter<'a>]) -> Vec<Parameter<'a>> {
    [keys, row].concat()
}
