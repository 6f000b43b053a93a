//! Writing the rows of several sessions, each for a caller of its own.

use std::collections::{HashMap, HashSet};

use tokio_postgres::Row as PgRow;
use tokio_postgres::types::Type;

use super::execution::Execution;
use super::gathered::{Gathered, GatheredAnswer, One};
use super::statement::{Effect, Lane, Statement};
use super::writes::{Delete, Insert, Update, join};
use crate::id::SessionId;
use crate::store::postgres::columns::{RowArrays, RowParameters, column, key};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::Migration;
use crate::store::postgres::types::{Micros, Secret};
use crate::store::{StoreError, Written};
use crate::telemetry::Operation;

pub(super) const KEYS: Type = Type::BYTEA_ARRAY;
pub(super) const DATAS: Type = Type::BYTEA_ARRAY;
pub(super) const TIMES: Type = Type::TIMESTAMPTZ_ARRAY;
pub(super) const NUMBERS: Type = Type::INT8_ARRAY;
pub(super) const TEXTS: Type = Type::TEXT_ARRAY;

/// Writes several first rows: [`Insert`] for several callers.
pub(crate) struct InsertAll(Vec<Insert>);

/// How many rows were written.
impl GatheredAnswer for u64 {}

impl Gathered for InsertAll {
    type Request = Insert;
    type Alone = Insert;
    type Answer = u64;

    fn of(requests: Vec<Insert>) -> Self {
        Self(requests)
    }

    fn bytes(request: &Insert) -> usize {
        request.row.data.len()
    }

    fn alone(request: Insert) -> Insert {
        request
    }
}

impl Statement for InsertAll {
    type Output = Vec<Result<u64, StoreError>>;
    const SQL: &'static str = include_str!("../sql/insert_all.sql");
    const PARAMETERS: &'static [Type] = &[
        KEYS, DATAS, TIMES, TIMES, TIMES, NUMBERS, TIMES, NUMBERS, TEXTS, TEXTS, TEXTS,
    ];
    const EFFECT: Effect = Insert::EFFECT;
    const LANE: Lane = Insert::LANE;
    const OPERATION: Operation = Operation::Insert;
    const MIGRATION: &'static Migration = Insert::MIGRATION;

    fn requests(&self) -> usize {
        self.0.len()
    }

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let keys: Vec<Secret<'_>> = self.0.iter().map(|first| key(&first.id)).collect();
        let rows = RowArrays::of(self.0.iter().map(|first| &first.row));
        let parameters = join(&[&keys], &rows.parameters());
        let found = execution.query(&parameters).await?;
        let written = found.iter().map(|found| column(found, 0));
        let written = written.collect::<Result<HashSet<&[u8]>, _>>()?;
        let is_written = |first: &Insert| written.contains(first.id.as_bytes());
        Ok(self
            .0
            .iter()
            .map(|first| Ok(u64::from(is_written(first))))
            .collect())
    }
}

/// Replaces the rows of several keys: [`Update`] that waits for no row, for several callers.
pub(crate) struct UpdateAll(Vec<Update>);

/// What became of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    Done(Written),
    /// Another writer had the row at that moment. Nothing was written.
    Busy,
}

impl Replaced {
    /// What the statement answered for the key: whether its row was written, or nothing.
    pub(super) fn of(is_saved: Option<bool>) -> Self {
        match is_saved {
            Some(true) => Self::Done(Written::Saved),
            Some(false) => Self::Busy,
            None => Self::Done(Written::Missed),
        }
    }
}

impl From<Written> for Replaced {
    fn from(written: Written) -> Self {
        Self::Done(written)
    }
}

impl GatheredAnswer for Replaced {
    fn is_busy(&self) -> bool {
        *self == Self::Busy
    }
}

/// Replaces a row as [`Update`] does, but waits for no row.
///
/// A batch of one would do the same, but PostgreSQL plans short batches anew each time.
pub(crate) struct TryUpdate(Update);

impl Statement for TryUpdate {
    type Output = Replaced;
    const SQL: &'static str = include_str!("../sql/try_update.sql");
    const PARAMETERS: &'static [Type] = Update::PARAMETERS;
    const EFFECT: Effect = Update::EFFECT;
    const LANE: Lane = Update::LANE;
    const OPERATION: Operation = Operation::Update;
    const MIGRATION: &'static Migration = Update::MIGRATION;

    async fn run(&self, execution: &Execution<'_>) -> Result<Replaced, AttemptFailure> {
        let (key, seen) = (key(&self.0.id), Micros::from(self.0.seen));
        let row = RowParameters::of(&self.0.row, execution.texts());
        let parameters = join(&[&key, &seen], &row.parameters());
        let answer = execution.query_one(&parameters).await?;
        let (is_saved, is_busy): (bool, bool) = (column(&answer, 0)?, column(&answer, 1)?);
        Ok(match is_busy {
            true => Replaced::Busy,
            false => Replaced::Done(Written::from_count(u64::from(is_saved))),
        })
    }
}

impl Gathered for UpdateAll {
    type Request = Update;
    type Alone = TryUpdate;
    type Answer = Replaced;

    fn of(requests: Vec<Update>) -> Self {
        Self(requests)
    }

    fn bytes(request: &Update) -> usize {
        request.row.data.len()
    }

    fn alone(request: Update) -> TryUpdate {
        TryUpdate(request)
    }

    fn id(request: &Update) -> Option<&SessionId> {
        Some(&request.id)
    }
}

impl Statement for UpdateAll {
    type Output = Vec<Result<Replaced, StoreError>>;
    const SQL: &'static str = include_str!("../sql/update_all.sql");
    const PARAMETERS: &'static [Type] = &[
        KEYS, TIMES, DATAS, TIMES, TIMES, TIMES, NUMBERS, TIMES, NUMBERS, TEXTS, TEXTS, TEXTS,
    ];
    const EFFECT: Effect = Update::EFFECT;
    const LANE: Lane = Lane::Writes;
    const OPERATION: Operation = Operation::Update;
    const MIGRATION: &'static Migration = Update::MIGRATION;

    fn requests(&self) -> usize {
        self.0.len()
    }

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let keys: Vec<Secret<'_>> = self.0.iter().map(|new| key(&new.id)).collect();
        let seen: Vec<Micros> = self.0.iter().map(|new| new.seen.into()).collect();
        let rows = RowArrays::of(self.0.iter().map(|new| &new.row));
        let parameters = join(&[&keys, &seen], &rows.parameters());
        let found = execution.query(&parameters).await?;
        let saved = found
            .iter()
            .map(|found| Ok((column(found, 0)?, column(found, 1)?)));
        let saved = saved.collect::<Result<HashMap<&[u8], bool>, StoreError>>()?;
        let replaced = |new: &Update| Replaced::of(saved.get(new.id.as_bytes()).copied());
        Ok(self.0.iter().map(|new| Ok(replaced(new))).collect())
    }
}

/// Removes the rows of several keys: [`Delete`] that waits for no row, for several callers.
pub(crate) struct DeleteAll(Vec<Delete>);

/// What became of the rows of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// So many were removed.
    Done(u64),
    /// Another writer had one of them at that moment. None was removed.
    Busy,
}

impl From<u64> for Removed {
    fn from(rows: u64) -> Self {
        Self::Done(rows)
    }
}

impl GatheredAnswer for Removed {
    fn is_busy(&self) -> bool {
        *self == Self::Busy
    }
}

impl Gathered for DeleteAll {
    type Request = Delete;
    type Alone = One<Self>;
    type Answer = Removed;

    fn of(requests: Vec<Delete>) -> Self {
        Self(requests)
    }

    fn alone(request: Delete) -> One<Self> {
        One::of(request)
    }

    fn id(request: &Delete) -> Option<&SessionId> {
        Some(&request.id)
    }
}

impl Statement for DeleteAll {
    type Output = Vec<Result<Removed, StoreError>>;
    const SQL: &'static str = include_str!("../sql/delete_all.sql");
    const PARAMETERS: &'static [Type] = &[KEYS];
    const EFFECT: Effect = Delete::EFFECT;
    const LANE: Lane = Delete::LANE;
    const OPERATION: Operation = Operation::Delete;
    const MIGRATION: &'static Migration = Delete::MIGRATION;

    fn requests(&self) -> usize {
        self.0.len()
    }

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let keys: Vec<Secret<'_>> = self.0.iter().map(|delete| key(&delete.id)).collect();
        let found = execution.query(&[&keys]).await?;
        let removed = found
            .iter()
            .map(|found| Ok((column(found, 0)?, removed(found)?)));
        let removed = removed.collect::<Result<HashMap<&[u8], Removed>, StoreError>>()?;
        let removed = |delete: &Delete| removed.get(delete.id.as_bytes()).copied();
        let answer = |delete: &Delete| Ok(removed(delete).unwrap_or(Removed::Done(0)));
        Ok(self.0.iter().map(answer).collect())
    }
}

fn removed(found: &PgRow) -> Result<Removed, StoreError> {
    let (is_busy, removed): (bool, i64) = (column(found, 1)?, column(found, 2)?);
    Ok(match is_busy {
        true => Removed::Busy,
        false => Removed::Done(removed.unsigned_abs()),
    })
}
