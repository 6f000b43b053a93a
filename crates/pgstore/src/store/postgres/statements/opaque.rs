//! Writing the rows of opaque sessions: without a version, and with one row for each key.

use std::collections::HashMap;

use tokio_postgres::types::Type;

use super::execution::Execution;
use super::gathered::{Gathered, One};
use super::statement::{Effect, Lane, Statement};
use super::writes::{DATA, KEY, NUMBER, TEXT, TIME, join};
use super::writes_together::{DATAS, KEYS, NUMBERS, Replaced, TEXTS, TIMES};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{Parameter, RowArrays, RowParameters, column, key};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{Migration, SESSION_METADATA};
use crate::store::postgres::types::{Micros, Secret};
use crate::store::{Row, StoreError, Written};
use crate::telemetry::Operation;

/// Writes a first row, unless the key has a row.
pub(crate) struct InsertNew<'a> {
    pub(crate) id: &'a SessionId,
    /// The row's number, which follows from the ID.
    pub(crate) number: i64,
    pub(crate) row: &'a Row,
}

impl Statement for InsertNew<'_> {
    type Output = Written;
    const SQL: &'static str = include_str!("../sql/insert_new.sql");
    const PARAMETERS: &'static [Type] = &[
        KEY, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT, TEXT, NUMBER,
    ];
    /// A second execution finds the row of the first one, which has the same save token.
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Writes;
    const OPERATION: Operation = Operation::Insert;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Written, AttemptFailure> {
        let (key, row) = (key(self.id), RowParameters::of(self.row, execution.texts()));
        let mut parameters = join(&[&key], &row.parameters());
        parameters.push(&self.number);
        let written = execution.query(&parameters).await?;
        Ok(Written::from_count(written.len() as u64))
    }
}

/// Replaces a row that has not expired, whatever its version.
pub(crate) struct Overwrite {
    pub(crate) id: SessionId,
    pub(crate) row: Row,
}

impl Statement for Overwrite {
    type Output = Written;
    const SQL: &'static str = include_str!("../sql/overwrite.sql");
    const PARAMETERS: &'static [Type] = &[
        KEY, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT, TEXT,
    ];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Writes;
    const OPERATION: Operation = Operation::Update;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Written, AttemptFailure> {
        let (key, row) = (
            key(&self.id),
            RowParameters::of(&self.row, execution.texts()),
        );
        let parameters = join(&[&key], &row.parameters());
        Ok(Written::from_count(execution.execute(&parameters).await?))
    }
}

/// Replaces the rows of several keys: [`Overwrite`] for several callers. It skips rows that others
/// have locked.
pub(crate) struct OverwriteAll(Vec<Overwrite>);

impl Gathered for OverwriteAll {
    type Request = Overwrite;
    type Alone = One<Self>;
    type Answer = Replaced;

    fn of(requests: Vec<Overwrite>) -> Self {
        Self(requests)
    }

    fn bytes(request: &Overwrite) -> usize {
        request.row.data.len()
    }

    fn alone(request: Overwrite) -> One<Self> {
        One::of(request)
    }

    fn id(request: &Overwrite) -> Option<&SessionId> {
        Some(&request.id)
    }
}

impl Statement for OverwriteAll {
    type Output = Vec<Result<Replaced, StoreError>>;
    const SQL: &'static str = include_str!("../sql/overwrite_all.sql");
    const PARAMETERS: &'static [Type] = &[
        KEYS, DATAS, TIMES, TIMES, TIMES, NUMBERS, TIMES, NUMBERS, TEXTS, TEXTS, TEXTS,
    ];
    const EFFECT: Effect = Overwrite::EFFECT;
    const LANE: Lane = Lane::Writes;
    const OPERATION: Operation = Operation::Update;
    const MIGRATION: &'static Migration = Overwrite::MIGRATION;

    fn requests(&self) -> usize {
        self.0.len()
    }

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let keys: Vec<Secret<'_>> = self.0.iter().map(|new| key(&new.id)).collect();
        let rows = RowArrays::of(self.0.iter().map(|new| &new.row));
        let parameters = join(&[&keys], &rows.parameters());
        let found = execution.query(&parameters).await?;
        let saved = found
            .iter()
            .map(|found| Ok((column(found, 0)?, column(found, 1)?)));
        let saved = saved.collect::<Result<HashMap<&[u8], Option<bool>>, StoreError>>()?;
        let replaced = |new: &Overwrite| {
            Ok(Replaced::of(
                saved.get(new.id.as_bytes()).copied().flatten(),
            ))
        };
        Ok(self.0.iter().map(replaced).collect())
    }
}

/// Lets a session that has not expired end at another time.
pub(crate) struct Extend<'a> {
    pub(crate) id: &'a SessionId,
    pub(crate) now: Timestamp,
    pub(crate) expires_on: Timestamp,
    pub(crate) max_age: Option<i64>,
}

impl Statement for Extend<'_> {
    type Output = Written;
    const SQL: &'static str = include_str!("../sql/extend.sql");
    const PARAMETERS: &'static [Type] = &[KEY, TIME, TIME, NUMBER];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Update;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Written, AttemptFailure> {
        let (now, expires_on) = (Micros::from(self.now), Micros::from(self.expires_on));
        let (key, max_age) = (key(self.id), self.max_age);
        let parameters: &[Parameter<'_>] = &[&key, &now, &expires_on, &max_age];
        let rows = execution.execute(parameters).await?;
        Ok(Written::from_count(rows))
    }
}
