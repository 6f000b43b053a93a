//! Reading one session by its key.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row as PgRow, Statement as Prepared};

use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{KEY, column, key, readable, row, time};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{Migration, SESSION_METADATA};
use crate::store::{Lookup, PreviousId, Row, StoreError};

/// Reads the newest row of a key.
pub(crate) struct Load<'a> {
    pub(crate) id: &'a SessionId,
    pub(crate) now: Timestamp,
}

/// The newest row of a key, and whether there are older ones.
pub(crate) struct Loaded {
    pub(crate) row: Option<Row>,
    pub(crate) has_older: bool,
}

impl Statement for Load<'_> {
    type Output = Loaded;
    const SQL: &'static str = include_str!("../sql/load.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, client: &Client, prepared: &Prepared) -> Result<Loaded, AttemptFailure> {
        let found = client.query(prepared, &[&key(self.id)]).await?;
        let row = found.first().map(row).transpose()?;
        Ok(Loaded {
            row: row.filter(|row| !row.is_expired(self.now)),
            has_older: found.len() > 1,
        })
    }
}

/// Reads what a key without a row of its own leads to.
pub(crate) struct Successor<'a> {
    pub(crate) id: &'a SessionId,
    pub(crate) now: Timestamp,
}

impl Statement for Successor<'_> {
    type Output = Lookup;
    const SQL: &'static str = include_str!("../sql/successor.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, client: &Client, prepared: &Prepared) -> Result<Lookup, AttemptFailure> {
        match client.query_opt(prepared, &[&key(self.id)]).await? {
            Some(found) => Ok(successor(&found, self.now)?),
            None => Ok(Lookup::Absent),
        }
    }
}

fn successor(found: &PgRow, now: Timestamp) -> Result<Lookup, StoreError> {
    let Some(until) = time(found, KEY + 1)? else {
        return Ok(Lookup::Absent);
    };
    let previous = PreviousId {
        until,
        grace_until: time(found, KEY + 2)?,
    };
    let is_newest: Option<bool> = column(found, KEY + 3)?;
    let successor = readable(found)?.filter(|_| is_newest == Some(true));
    Ok(match successor {
        Some((id, row)) if previous.leads_to(&row, now) => Lookup::Row(id, row),
        _ if now < until => Lookup::Replaced,
        _ => Lookup::Absent,
    })
}
