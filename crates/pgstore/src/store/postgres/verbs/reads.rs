//! One session, by its key.

use tokio_postgres::{Client, Row as PgRow, Statement};

use super::{Effect, Lane, Verb};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{KEY, column, key, readable, row, time};
use crate::store::postgres::failure::Failure;
use crate::store::postgres::statements::Kind;
use crate::store::{Lookup, PreviousId, Row, StoreError};

pub(in crate::store::postgres) struct Load<'a> {
    pub(in crate::store::postgres) id: &'a SessionId,
    pub(in crate::store::postgres) now: Timestamp,
}

/// The newest row of a key, and whether there are others.
pub(in crate::store::postgres) struct Loaded {
    pub(in crate::store::postgres) row: Option<Row>,
    pub(in crate::store::postgres) has_older: bool,
}

impl Verb for Load<'_> {
    type Answer = Loaded;
    const KIND: Kind = Kind::Load;
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Loaded, Failure> {
        let found = client.query(statement, &[&key(self.id)]).await?;
        let row = found.first().map(row).transpose()?;
        Ok(Loaded {
            row: row.filter(|row| !row.is_expired(self.now)),
            has_older: found.len() > 1,
        })
    }
}

/// What a key without a row of its own leads to.
pub(in crate::store::postgres) struct Successor<'a> {
    pub(in crate::store::postgres) id: &'a SessionId,
    pub(in crate::store::postgres) now: Timestamp,
}

impl Verb for Successor<'_> {
    type Answer = Lookup;
    const KIND: Kind = Kind::Successor;
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Lookup, Failure> {
        match client.query_opt(statement, &[&key(self.id)]).await? {
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
