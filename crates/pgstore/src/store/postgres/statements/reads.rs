//! Reading sessions by their IDs.

use std::collections::HashMap;

use tokio_postgres::Row as PgRow;
use tokio_postgres::types::Type;

use super::execution::Execution;
use super::gathered::{Gathered, GatheredAnswer};
use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{column, key, row, time};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{Migration, SESSION_METADATA};
use crate::store::postgres::types::Secret;
use crate::store::{Lookup, PreviousId, Row, StoreError};
use crate::telemetry::{Operation, Table};

/// Reads the newest row of a key.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) id: SessionId,
    pub(crate) now: Timestamp,
}

/// The newest row of a key, and whether there are older ones.
pub(crate) struct Loaded {
    pub(crate) row: Option<Row>,
    pub(crate) has_older: bool,
}

impl Statement for Load {
    type Output = Loaded;
    const SQL: &'static str = include_str!("../sql/load.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Reads;
    const OPERATION: Operation = Operation::Select;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Loaded, AttemptFailure> {
        let found = execution.query(&[&key(&self.id)]).await?;
        let row = found.first().map(confirmable).transpose()?;
        Ok(Loaded {
            row: row.filter(|row| !row.is_expired(self.now)),
            has_older: found.len() > 1,
        })
    }
}

/// Reads the newest row of each of several keys: [`Load`] for several.
pub(crate) struct LoadAll(Vec<Load>);

impl GatheredAnswer for Loaded {}

impl Gathered for LoadAll {
    type Request = Load;
    type Alone = Load;
    type Answer = Loaded;

    fn of(requests: Vec<Load>) -> Self {
        Self(requests)
    }

    fn alone(request: Load) -> Load {
        request
    }
}

impl Statement for LoadAll {
    type Output = Vec<Result<Loaded, StoreError>>;
    const SQL: &'static str = include_str!("../sql/load_all.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA_ARRAY];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Reads;
    const OPERATION: Operation = Operation::Select;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    fn requests(&self) -> usize {
        self.0.len()
    }

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let found = execution.query(&[&self.keys()]).await?;
        let newest = newest(&found)?;
        let loaded = |request: &Load| loaded(newest.get(request.id.as_bytes()), request.now);
        Ok(self.0.iter().map(loaded).collect())
    }
}

impl LoadAll {
    fn keys(&self) -> Vec<Secret<'_>> {
        self.0.iter().map(|load| key(&load.id)).collect()
    }
}

/// The newest row of each key, and whether there are older ones. Each key's newest row comes first.
fn newest(found: &[PgRow]) -> Result<HashMap<&[u8], (&PgRow, bool)>, StoreError> {
    let mut newest = HashMap::with_capacity(found.len());
    for row in found {
        newest
            .entry(column(row, ID)?)
            .and_modify(|(_, has_older)| *has_older = true)
            .or_insert((row, false));
    }
    Ok(newest)
}

fn loaded(newest: Option<&(&PgRow, bool)>, now: Timestamp) -> Result<Loaded, StoreError> {
    let row = newest.map(|(row, _)| confirmable(row)).transpose()?;
    Ok(Loaded {
        row: row.filter(|row| !row.is_expired(now)),
        has_older: newest.is_some_and(|(_, has_older)| *has_older),
    })
}

/// The rows of an answer by a column that is a key.
fn by_key(found: &[PgRow], index: usize) -> Result<HashMap<&[u8], &PgRow>, StoreError> {
    found
        .iter()
        .map(|row| Ok((column(row, index)?, row)))
        .collect()
}

/// Reads what is known of IDs that sessions had before.
pub(crate) struct EarlierIds<'a> {
    pub(crate) ids: &'a [SessionId],
    pub(crate) now: Timestamp,
}

/// What is known of an ID that a session had before.
pub(crate) struct EarlierId {
    /// The ID that was replaced.
    pub(crate) id: SessionId,
    /// The session's present ID, if it has not ended.
    pub(crate) current: Option<SessionId>,
    /// What the replaced ID leads to.
    pub(crate) lookup: Lookup,
}

impl Statement for EarlierIds<'_> {
    type Output = Vec<EarlierId>;
    const SQL: &'static str = include_str!("../sql/earlier_ids.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA_ARRAY];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Reads;
    const OPERATION: Operation = Operation::Select;
    const TABLE: Table = Table::EarlierIds;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let found = execution.query(&[&keys(self.ids)]).await?;
        let earlier = found.iter().map(|found| earlier_id(found, self.now));
        Ok(earlier
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?)
    }
}

/// Whether an ID is one that a session had before.
pub(crate) struct IsEarlier<'a>(pub(crate) &'a SessionId);

impl Statement for IsEarlier<'_> {
    type Output = bool;
    const SQL: &'static str = include_str!("../sql/is_earlier.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Reads;
    const OPERATION: Operation = Operation::Select;
    const TABLE: Table = Table::EarlierIds;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<bool, AttemptFailure> {
        let found = execution.query_opt(&[&key(self.0)]).await?;
        Ok(found.is_some())
    }
}

/// Reads what is known of one ID that a session had before: [`EarlierIds`] for one caller.
pub(crate) struct Earlier {
    pub(crate) id: SessionId,
    pub(crate) now: Timestamp,
}

impl Statement for Earlier {
    type Output = Option<EarlierId>;
    const SQL: &'static str = EarlierIds::SQL;
    const PARAMETERS: &'static [Type] = EarlierIds::PARAMETERS;
    const EFFECT: Effect = EarlierIds::EFFECT;
    const LANE: Lane = EarlierIds::LANE;
    const OPERATION: Operation = EarlierIds::OPERATION;
    const TABLE: Table = EarlierIds::TABLE;
    const MIGRATION: &'static Migration = EarlierIds::MIGRATION;

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let ids = std::slice::from_ref(&self.id);
        let earlier = EarlierIds { ids, now: self.now }.run(execution).await?;
        Ok(earlier.into_iter().next())
    }
}

/// Reads what is known of several IDs that sessions had before: [`Earlier`] for several callers.
pub(crate) struct EarlierAll(Vec<Earlier>);

impl GatheredAnswer for Option<EarlierId> {}

impl Gathered for EarlierAll {
    type Request = Earlier;
    type Alone = Earlier;
    type Answer = Option<EarlierId>;

    fn of(requests: Vec<Earlier>) -> Self {
        Self(requests)
    }

    fn alone(request: Earlier) -> Earlier {
        request
    }
}

impl Statement for EarlierAll {
    type Output = Vec<Result<Option<EarlierId>, StoreError>>;
    const SQL: &'static str = EarlierIds::SQL;
    const PARAMETERS: &'static [Type] = EarlierIds::PARAMETERS;
    const EFFECT: Effect = EarlierIds::EFFECT;
    const LANE: Lane = EarlierIds::LANE;
    const OPERATION: Operation = EarlierIds::OPERATION;
    const TABLE: Table = EarlierIds::TABLE;
    const MIGRATION: &'static Migration = EarlierIds::MIGRATION;

    fn requests(&self) -> usize {
        self.0.len()
    }

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let keys: Vec<Secret<'_>> = self.0.iter().map(|request| key(&request.id)).collect();
        let found = execution.query(&[&keys]).await?;
        let by_key = by_key(&found, ID + 1)?;
        let earlier = |request: &Earlier| {
            let found = by_key.get(request.id.as_bytes());
            let earlier = found.map(|found| earlier_id(found, request.now));
            Ok(earlier.transpose()?.flatten())
        };
        Ok(self.0.iter().map(earlier).collect())
    }
}

fn earlier_id(found: &PgRow, now: Timestamp) -> Result<Option<EarlierId>, StoreError> {
    let (current, earlier) = (id(found, ID)?, id(found, ID + 1)?);
    let (Some(earlier), Some(until)) = (earlier, time(found, ID + 2)?) else {
        return Ok(None);
    };
    let previous = PreviousId {
        until,
        grace_until: time(found, ID + 3)?,
    };
    let session = match &current {
        // A row that cannot be decoded is no session to which an earlier ID could lead.
        Some(current) => confirmable(found).ok().map(|row| (current.clone(), row)),
        None => None,
    };
    Ok(Some(EarlierId {
        id: earlier,
        current,
        lookup: previous.lookup(session, now),
    }))
}

/// The index of the column that says whether the row's ID is confirmed.
const IS_UNCONFIRMED: usize = 9;

/// The index of the key in statements that read several.
const ID: usize = 10;

/// Reads a row, and whether its ID is confirmed.
fn confirmable(found: &PgRow) -> Result<Row, StoreError> {
    let mut row = row(found)?;
    let is_unconfirmed: Option<bool> = column(found, IS_UNCONFIRMED)?;
    row.extras.id_is_unconfirmed = is_unconfirmed == Some(true);
    Ok(row)
}

fn id(found: &PgRow, index: usize) -> Result<Option<SessionId>, StoreError> {
    let key: Option<&[u8]> = column(found, index)?;
    Ok(key.and_then(SessionId::parse))
}

fn keys(ids: &[SessionId]) -> Vec<Secret<'_>> {
    ids.iter().map(key).collect()
}
