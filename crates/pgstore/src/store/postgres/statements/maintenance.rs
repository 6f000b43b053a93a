//! Work on the table that no request waits for.

use tokio_postgres::Row as PgRow;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::execution::{Execution, one};
use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{KEY, Parameter, column, key, readable, time};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{HTTP_SESSIONS, Migration, SESSION_METADATA};
use crate::store::postgres::types::Micros;
use crate::store::{PeerWritten, PeerWrittenCursor, StoreError};
use crate::store::{SweepBatch, SweepCursor, Swept};
use crate::telemetry::Operation;

/// Removes the rows of a key that are older than its newest, and answers how many there were.
pub(crate) struct RemoveOlder<'a> {
    pub(crate) id: &'a SessionId,
}

impl Statement for RemoveOlder<'_> {
    type Output = u64;
    const SQL: &'static str = include_str!("../sql/remove_older.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Delete;
    const MIGRATION: &'static Migration = &HTTP_SESSIONS;

    async fn run(&self, execution: &Execution<'_>) -> Result<u64, AttemptFailure> {
        Ok(execution.execute(&[&key(self.id)]).await?)
    }
}

/// Removes one batch of the sessions that were begun before a time.
pub(crate) struct RevokeIssuedBefore {
    pub(crate) time: Timestamp,
    pub(crate) limit: u32,
}

/// What a batch of [`RevokeIssuedBefore`] did.
pub(crate) struct BatchRevoked {
    /// How many it found.
    pub(crate) found: i64,
    pub(crate) removed: i64,
    /// Whether row-level security may hide rows from this role.
    pub(crate) may_hide_rows: bool,
}

impl Statement for RevokeIssuedBefore {
    type Output = BatchRevoked;
    const SQL: &'static str = include_str!("../sql/revoke_issued_before.sql");
    const PARAMETERS: &'static [Type] = &[Type::TIMESTAMPTZ, Type::INT8];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Delete;
    const MIGRATION: &'static Migration = &HTTP_SESSIONS;

    async fn run(&self, execution: &Execution<'_>) -> Result<BatchRevoked, AttemptFailure> {
        let (time, limit) = (Micros::from(self.time), i64::from(self.limit));
        let parameters: [Parameter<'_>; 2] = [&time, &limit];
        let row = execution.query_one(&parameters).await?;
        Ok(BatchRevoked {
            found: column(&row, 0)?,
            removed: column(&row, 1)?,
            may_hide_rows: column(&row, 2)?,
        })
    }
}

/// Removes one batch of expired rows.
pub(crate) struct Sweep<'a> {
    pub(crate) batch: &'a SweepBatch,
}

/// What a [`Sweep`] answers.
pub(crate) enum SweepAnswer {
    Done(BatchSwept),
    /// The table forbids the removal of one of the rows, so nothing was done.
    Forbidden(StoreError),
}

/// What a batch of a sweep did.
pub(crate) struct BatchSwept {
    pub(crate) swept: Swept,
    /// How many of the rows that it read had to be removed.
    pub(crate) due: i64,
    /// How many of these it could lock.
    pub(crate) locked: i64,
    /// Whether row-level security may hide rows from this role.
    pub(crate) may_hide_rows: bool,
    /// The lowest number of the rows that it tried to remove.
    pub(crate) first_due: Option<i64>,
}

impl Statement for Sweep<'_> {
    type Output = SweepAnswer;
    const SQL: &'static str = include_str!("../sql/sweep.sql");
    const PARAMETERS: &'static [Type] = &[
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::INT8,
        Type::INT8,
    ];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Delete;
    const MIGRATION: &'static Migration = &HTTP_SESSIONS;

    async fn run(&self, execution: &Execution<'_>) -> Result<SweepAnswer, AttemptFailure> {
        sweep(self.batch, execution).await
    }
}

/// The same where the table is distributed.
pub(crate) struct SweepDistributed<'a> {
    pub(crate) batch: &'a SweepBatch,
}

impl Statement for SweepDistributed<'_> {
    type Output = SweepAnswer;
    const SQL: &'static str = include_str!("../sql/sweep_distributed.sql");
    const PARAMETERS: &'static [Type] = Sweep::PARAMETERS;
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Delete;
    const MIGRATION: &'static Migration = &HTTP_SESSIONS;

    async fn run(&self, execution: &Execution<'_>) -> Result<SweepAnswer, AttemptFailure> {
        sweep(self.batch, execution).await
    }
}

async fn sweep(
    batch: &SweepBatch,
    execution: &Execution<'_>,
) -> Result<SweepAnswer, AttemptFailure> {
    let expired = Micros::from(batch.expired_before);
    let idle = Micros::from(batch.idle_since_before);
    let after = Micros::from(batch.after.expires_on);
    let limit = i64::from(batch.limit);
    let parameters: [Parameter<'_>; 5] = [&expired, &idle, &after, &batch.after.row, &limit];
    match execution.query(&parameters).await {
        Ok(answer) => Ok(SweepAnswer::Done(swept(one(&answer)?, limit)?)),
        Err(error) if error.code().is_some_and(is_about_a_row) => {
            Ok(SweepAnswer::Forbidden(AttemptFailure::from(error).error))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether an error of a DELETE is about one of its rows, so that others can be removed: a foreign key
/// forbids it, or a trigger raises an error.
fn is_about_a_row(state: &SqlState) -> bool {
    // Classes: data exception, integrity constraint, triggered data change, external routine (2),
    // WITH CHECK OPTION, PL/pgSQL.
    const CLASSES: [&str; 7] = ["22", "23", "27", "38", "39", "44", "P0"];
    CLASSES.iter().any(|class| state.code().starts_with(class))
}

/// Reads the place of the row that a batch reads first.
pub(crate) struct SweepPlace<'a> {
    pub(crate) batch: &'a SweepBatch,
}

impl Statement for SweepPlace<'_> {
    type Output = Option<SweepCursor>;
    const SQL: &'static str = include_str!("../sql/sweep_place.sql");
    const PARAMETERS: &'static [Type] = &[Type::TIMESTAMPTZ, Type::TIMESTAMPTZ, Type::INT8];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Select;
    const MIGRATION: &'static Migration = &HTTP_SESSIONS;

    async fn run(&self, execution: &Execution<'_>) -> Result<Option<SweepCursor>, AttemptFailure> {
        let batch = self.batch;
        let expired = Micros::from(batch.expired_before);
        let after = Micros::from(batch.after.expires_on);
        let parameters: [Parameter<'_>; 3] = [&expired, &after, &batch.after.row];
        let found = execution.query_opt(&parameters).await?;
        Ok(found.map(|found| place(&found, 0)).transpose()?.flatten())
    }
}

/// Reads a place from two columns.
fn place(found: &PgRow, first: usize) -> Result<Option<SweepCursor>, StoreError> {
    let row: Option<i64> = column(found, first + 1)?;
    let place = time(found, first)?.zip(row);
    Ok(place.map(|(expires_on, row)| SweepCursor::new(expires_on, row)))
}

fn swept(answer: &PgRow, limit: i64) -> Result<BatchSwept, StoreError> {
    let removed: i64 = column(answer, 0)?;
    let scanned: i64 = column(answer, 1)?;
    let next = place(answer, 2)?.filter(|_| scanned == limit);
    Ok(BatchSwept {
        swept: Swept {
            oldest: time(answer, 7)?,
            ..Swept::new(removed.unsigned_abs(), next)
        },
        due: column(answer, 4)?,
        locked: column(answer, 5)?,
        may_hide_rows: column(answer, 6)?,
        first_due: column(answer, 8)?,
    })
}

/// Reads one batch of the rows that a peer wrote last.
pub(crate) struct SelectPeerWritten {
    pub(crate) after: PeerWrittenCursor,
    pub(crate) limit: u32,
}

impl Statement for SelectPeerWritten {
    type Output = PeerWritten;
    const SQL: &'static str = include_str!("../sql/peer_written.sql");
    const PARAMETERS: &'static [Type] = &[Type::INT8, Type::INT8, Type::INT8];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Lists;
    const OPERATION: Operation = Operation::Select;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<PeerWritten, AttemptFailure> {
        let limit = i64::from(self.limit);
        let parameters: [Parameter<'_>; 3] = [&self.after.0, &limit, &Self::SCANNED];
        Ok(self.peer_written(&execution.query(&parameters).await?)?)
    }
}

impl SelectPeerWritten {
    /// How many rows one batch reads at most, of any writer.
    const SCANNED: i64 = 10_000;

    fn peer_written(&self, found: &[PgRow]) -> Result<PeerWritten, StoreError> {
        // A batch without such rows answers one row without a number, which says where it ended.
        let Some(last) = found.last() else {
            return Ok(PeerWritten::new(Vec::new(), None));
        };
        let number: Option<i64> = column(last, KEY + 1)?;
        let scanned: i64 = column(last, KEY + 2)?;
        let end: Option<i64> = column(last, KEY + 3)?;
        let rows = found.iter().filter(|_| number.is_some()).map(readable);
        let rows = rows.filter_map(Result::transpose);
        let is_full = found.len() as u64 >= u64::from(self.limit);
        let next = match number {
            Some(number) if is_full => Some(number),
            _ => end.filter(|_| scanned == Self::SCANNED),
        };
        let next = next.map(PeerWrittenCursor::new);
        Ok(PeerWritten::new(rows.collect::<Result<_, _>>()?, next))
    }
}
