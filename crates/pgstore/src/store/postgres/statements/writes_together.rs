//! Writing the rows of several sessions, each for a caller of its own.

use std::collections::{HashMap, HashSet};

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement as Prepared};

use super::gathered::Gathered;
use super::statement::{Effect, Lane, Statement};
use super::writes::{Insert, Update, join};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{RowArrays, column, key};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::Migration;
use crate::store::postgres::types::{Micros, Secret};
use crate::store::{Row, StoreError, Written};

pub(super) const KEYS: Type = Type::BYTEA_ARRAY;
pub(super) const DATAS: Type = Type::BYTEA_ARRAY;
pub(super) const TIMES: Type = Type::TIMESTAMPTZ_ARRAY;
pub(super) const NUMBERS: Type = Type::INT8_ARRAY;
pub(super) const TEXTS: Type = Type::TEXT_ARRAY;

/// A row that one caller writes without regard to a version.
pub(crate) struct FirstRow {
    pub(crate) id: SessionId,
    pub(crate) row: Row,
}

/// Writes several first rows: [`Insert`] for several callers.
pub(crate) struct InsertAll(Vec<FirstRow>);

impl Gathered for InsertAll {
    type Request = FirstRow;
    type Answer = u64;

    fn of(requests: Vec<FirstRow>) -> Self {
        Self(requests)
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
    const MIGRATION: &'static Migration = Insert::MIGRATION;

    async fn run(
        &self,
        client: &Client,
        prepared: &Prepared,
    ) -> Result<Self::Output, AttemptFailure> {
        let keys: Vec<Secret<'_>> = self.0.iter().map(|first| key(&first.id)).collect();
        let rows = RowArrays::of(self.0.iter().map(|first| &first.row));
        let parameters = join(&[&keys], &rows.parameters());
        let found = client.query(prepared, &parameters).await?;
        let written = found.iter().map(|found| column(found, 0));
        let written = written.collect::<Result<HashSet<&[u8]>, _>>()?;
        let is_written = |first: &FirstRow| written.contains(first.id.as_bytes());
        Ok(self
            .0
            .iter()
            .map(|first| Ok(u64::from(is_written(first))))
            .collect())
    }
}

/// A row that one caller replaces.
pub(crate) struct NewVersion {
    pub(crate) id: SessionId,
    pub(crate) seen: Timestamp,
    pub(crate) row: Row,
}

/// Replaces the rows of several keys: [`Update`] for several callers. It skips rows that others
/// have locked.
pub(crate) struct UpdateAll(Vec<NewVersion>);

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

impl Gathered for UpdateAll {
    type Request = NewVersion;
    type Answer = Replaced;

    fn of(requests: Vec<NewVersion>) -> Self {
        Self(requests)
    }

    fn id(request: &NewVersion) -> Option<&SessionId> {
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
    const LANE: Lane = Lane::Commits;
    const MIGRATION: &'static Migration = Update::MIGRATION;

    async fn run(
        &self,
        client: &Client,
        prepared: &Prepared,
    ) -> Result<Self::Output, AttemptFailure> {
        let keys: Vec<Secret<'_>> = self.0.iter().map(|new| key(&new.id)).collect();
        let seen: Vec<Micros> = self.0.iter().map(|new| new.seen.into()).collect();
        let rows = RowArrays::of(self.0.iter().map(|new| &new.row));
        let parameters = join(&[&keys, &seen], &rows.parameters());
        let found = client.query(prepared, &parameters).await?;
        let saved = found
            .iter()
            .map(|found| Ok((column(found, 0)?, column(found, 1)?)));
        let saved = saved.collect::<Result<HashMap<&[u8], bool>, StoreError>>()?;
        let replaced = |new: &NewVersion| Ok(Replaced::of(saved.get(new.id.as_bytes()).copied()));
        Ok(self.0.iter().map(replaced).collect())
    }
}
