//! One session, by its key.

use tokio_postgres::{Client, Row as PgRow, Statement};

use super::{Effect, Lane, Verb};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{KEY, column, key, readable, row, time};
use crate::store::postgres::failure::Failure;
use crate::store::postgres::statements::Kind;
use crate::store::{Retired, Retirement, Row, StoreError};

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

/// What became of a key.
pub(in crate::store::postgres) struct Retirements<'a> {
    pub(in crate::store::postgres) id: &'a SessionId,
    pub(in crate::store::postgres) now: Timestamp,
}

impl Verb for Retirements<'_> {
    type Answer = Option<Retired>;
    const KIND: Kind = Kind::Retired;
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;

    async fn run(
        &self,
        client: &Client,
        statement: &Statement,
    ) -> Result<Option<Retired>, Failure> {
        match client.query_opt(statement, &[&key(self.id)]).await? {
            Some(found) => Ok(retired(&found, self.now)?),
            None => Ok(None),
        }
    }
}

fn retired(found: &PgRow, now: Timestamp) -> Result<Option<Retired>, StoreError> {
    let Some(until) = time(found, KEY + 1)? else {
        return Ok(None);
    };
    let retirement = Retirement {
        until,
        previous_grace_until: time(found, KEY + 2)?,
    };
    let is_newest: Option<bool> = column(found, KEY + 3)?;
    let successor = readable(found)?.filter(|_| is_newest == Some(true));
    Ok(match successor {
        Some((id, row)) if retirement.honours(&row, now) => {
            Some(Retired::Honoured(id, Box::new(row)))
        }
        _ => (now < until).then_some(Retired::Dead),
    })
}
