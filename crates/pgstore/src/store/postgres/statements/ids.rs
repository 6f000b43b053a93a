//! Giving a session another ID, and what is remembered of earlier ones.

use tokio_postgres::Row as PgRow;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::execution::{Execution, one};
use super::statement::{Effect, Lane, Statement};
use super::writes::{DATA, KEY, NUMBER, TEXT, TIME, join};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{Parameter, RowParameters, column, key, owner};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{Migration, SESSION_METADATA};
use crate::store::postgres::types::Micros;
use crate::store::{IdChange, PreviousId, Row, StoreError, Written};
use crate::telemetry::{Operation, Table};

/// Gives the newest row of the old key the new one, if it has the version that was seen.
pub(crate) struct Rename<'a> {
    pub(crate) change: IdChange<'a>,
    pub(crate) row: &'a Row,
}

/// What a [`Rename`] answers.
pub(crate) enum Renamed {
    Done(Written),
    /// The server does not support the change, perhaps because the table is distributed by its key:
    /// nothing was done.
    KeyIsFixed(StoreError),
}

impl Statement for Rename<'_> {
    type Output = Renamed;
    const SQL: &'static str = include_str!("../sql/rename.sql");
    const PARAMETERS: &'static [Type] = &[
        KEY, TIME, KEY, TIME, TIME, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT, TEXT,
    ];
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::Writes;
    const OPERATION: Operation = Operation::Update;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Renamed, AttemptFailure> {
        let IdChange {
            old,
            seen,
            new,
            previous,
        } = self.change;
        let (old, seen, new) = (key(old), seen.map(Micros::from), key(new));
        let (until, grace_until) = ends(previous);
        let row = RowParameters::of(self.row, execution.texts());
        let keys: [Parameter<'_>; 5] = [&old, &seen, &new, &until, &grace_until];
        let parameters = join(&keys, &row.parameters());
        match execution.query(&parameters).await {
            Ok(answer) => renamed(&answer),
            Err(error) if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) => {
                Ok(Renamed::KeyIsFixed(AttemptFailure::from(error).error))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn renamed(answer: &[PgRow]) -> Result<Renamed, AttemptFailure> {
    let answer = one(answer)?;
    let (rows, is_busy): (i64, bool) = (column(answer, 0)?, column(answer, 1)?);
    match is_busy {
        true => Err(AttemptFailure::busy()),
        false => Ok(Renamed::Done(Written::from_count(rows.unsigned_abs()))),
    }
}

/// Remembers the old ID, before [`Move`].
pub(crate) struct Remember<'a> {
    pub(crate) change: IdChange<'a>,
    pub(crate) row: &'a Row,
}

impl Statement for Remember<'_> {
    type Output = ();
    const SQL: &'static str = include_str!("../sql/remember.sql");
    const PARAMETERS: &'static [Type] = &[KEY, TIME, TIME, NUMBER, TEXT];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Insert;
    const TABLE: Table = Table::EarlierIds;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<(), AttemptFailure> {
        let (until, grace_until) = ends(self.change.previous);
        let (old, extras) = (key(self.change.old), &self.row.extras);
        let owner = owner(extras, execution.texts());
        let parameters: [Parameter<'_>; 5] =
            [&old, &until, &grace_until, &extras.save_token, &owner];
        execution.execute(&parameters).await?;
        Ok(())
    }
}

/// Replaces the rows of the old key by one of the new key, with the same number.
pub(crate) struct Move<'a> {
    pub(crate) change: IdChange<'a>,
    pub(crate) row: &'a Row,
}

impl Statement for Move<'_> {
    type Output = Written;
    const SQL: &'static str = include_str!("../sql/move.sql");
    const PARAMETERS: &'static [Type] = &[
        KEY, TIME, KEY, TIME, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT, TEXT,
    ];
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Insert;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Written, AttemptFailure> {
        let change = self.change;
        let seen = change.seen.map(Micros::from);
        let (old, new) = (key(change.old), key(change.new));
        let (_, grace_until) = ends(change.previous);
        let row = RowParameters::of(self.row, execution.texts());
        let keys: [Parameter<'_>; 4] = [&old, &seen, &new, &grace_until];
        let parameters = join(&keys, &row.parameters());
        let rows = execution.execute(&parameters).await?;
        Ok(Written::from_count(rows))
    }
}

/// Ends the grace time of every earlier ID of the session that had this one, after [`Move`].
pub(crate) struct Retire<'a> {
    pub(crate) old: &'a SessionId,
    pub(crate) until: Timestamp,
}

impl Statement for Retire<'_> {
    type Output = ();
    const SQL: &'static str = include_str!("../sql/retire.sql");
    const PARAMETERS: &'static [Type] = &[KEY, TIME];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Update;
    const TABLE: Table = Table::EarlierIds;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<(), AttemptFailure> {
        let until = Micros::from(self.until);
        execution.execute(&[&key(self.old), &until]).await?;
        Ok(())
    }
}

/// Notes that a request has brought an unconfirmed ID.
pub(crate) struct Confirm<'a> {
    pub(crate) id: &'a SessionId,
    pub(crate) until: Timestamp,
    pub(crate) grace_until: Timestamp,
}

impl Statement for Confirm<'_> {
    type Output = ();
    const SQL: &'static str = include_str!("../sql/confirm.sql");
    const PARAMETERS: &'static [Type] = &[KEY, TIME, TIME];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Update;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<(), AttemptFailure> {
        let (grace, until) = (Micros::from(self.grace_until), Micros::from(self.until));
        let parameters: [Parameter<'_>; 3] = [&key(self.id), &grace, &until];
        execution.execute(&parameters).await?;
        Ok(())
    }
}

/// Forgets earlier IDs.
pub(crate) struct SweepIds {
    pub(crate) until_before: Timestamp,
    pub(crate) limit: u32,
}

impl Statement for SweepIds {
    type Output = u64;
    const SQL: &'static str = include_str!("../sql/sweep_ids.sql");
    const PARAMETERS: &'static [Type] = &[TIME, NUMBER];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Delete;
    const TABLE: Table = Table::EarlierIds;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<u64, AttemptFailure> {
        let before = Micros::from(self.until_before);
        let limit = i64::from(self.limit);
        Ok(execution.execute(&[&before, &limit]).await?)
    }
}

fn ends(previous: PreviousId) -> (Micros, Option<Micros>) {
    let grace_until = previous.grace_until.map(Micros::from);
    (previous.until.into(), grace_until)
}
