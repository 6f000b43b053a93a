//! One session's rows, changed.

use tokio_postgres::{Client, Statement};

use super::{Effect, Lane, Verb};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{Columns, Parameter, column, key};
use crate::store::postgres::failure::Failure;
use crate::store::postgres::statements::Kind;
use crate::store::postgres::types::Micros;
use crate::store::{PreviousId, Row, Written};

pub(in crate::store::postgres) struct Insert<'a> {
    pub(in crate::store::postgres) id: &'a SessionId,
    pub(in crate::store::postgres) row: &'a Row,
}

impl Verb for Insert<'_> {
    type Answer = ();
    const KIND: Kind = Kind::Insert;
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::NeverWaits;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<(), Failure> {
        let (key, columns) = (key(self.id), Columns::of(self.row));
        let parameters = join(&[&key], &columns.parameters());
        client.execute(statement, &parameters).await?;
        Ok(())
    }
}

pub(in crate::store::postgres) struct Update<'a> {
    pub(in crate::store::postgres) id: &'a SessionId,
    pub(in crate::store::postgres) seen: Timestamp,
    pub(in crate::store::postgres) row: &'a Row,
}

impl Verb for Update<'_> {
    type Answer = Written;
    const KIND: Kind = Kind::Update;
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::MayWait;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Written, Failure> {
        let (key, seen) = (key(self.id), Micros::from(self.seen));
        let columns = Columns::of(self.row);
        let [data, _created_on, others @ ..] = columns.parameters();
        let parameters = join(&[&key, &seen, data], &others);
        let rows = client.execute(statement, &parameters).await?;
        Ok(Written::from_count(rows))
    }
}

pub(in crate::store::postgres) struct Rename<'a> {
    pub(in crate::store::postgres) old: &'a SessionId,
    pub(in crate::store::postgres) seen: Timestamp,
    pub(in crate::store::postgres) new: &'a SessionId,
    pub(in crate::store::postgres) previous: PreviousId,
    pub(in crate::store::postgres) row: &'a Row,
}

impl Verb for Rename<'_> {
    type Answer = Written;
    const KIND: Kind = Kind::Rename;
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::MayWait;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Written, Failure> {
        let (old, seen, new) = (key(self.old), Micros::from(self.seen), key(self.new));
        let (until, grace_until) = ends(self.previous);
        let columns = Columns::of(self.row);
        let keys: [Parameter<'_>; 5] = [&old, &seen, &new, &until, &grace_until];
        let parameters = join(&keys, &columns.parameters());
        let rows = client.execute(statement, &parameters).await?;
        Ok(Written::from_count(rows))
    }
}

/// A [`Rename`] that takes the rows of the old key whatever their version.
pub(in crate::store::postgres) struct Replace<'a> {
    pub(in crate::store::postgres) old: &'a SessionId,
    pub(in crate::store::postgres) new: &'a SessionId,
    pub(in crate::store::postgres) previous: PreviousId,
    pub(in crate::store::postgres) row: &'a Row,
}

impl Verb for Replace<'_> {
    type Answer = Written;
    const KIND: Kind = Kind::Replace;
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::MayWait;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Written, Failure> {
        let (old, new) = (key(self.old), key(self.new));
        let (until, grace_until) = ends(self.previous);
        let columns = Columns::of(self.row);
        let keys: [Parameter<'_>; 4] = [&old, &new, &until, &grace_until];
        let parameters = join(&keys, &columns.parameters());
        let rows = client.execute(statement, &parameters).await?;
        Ok(Written::from_count(rows))
    }
}

pub(in crate::store::postgres) struct Delete<'a> {
    pub(in crate::store::postgres) id: &'a SessionId,
}

impl Verb for Delete<'_> {
    type Answer = u64;
    const KIND: Kind = Kind::Delete;
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::MayWait;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<u64, Failure> {
        Ok(client.execute(statement, &[&key(self.id)]).await?)
    }
}

/// A [`Delete`] of what was seen.
pub(in crate::store::postgres) struct DeleteVersion<'a> {
    pub(in crate::store::postgres) id: &'a SessionId,
    pub(in crate::store::postgres) seen: Timestamp,
}

impl Verb for DeleteVersion<'_> {
    type Answer = Written;
    const KIND: Kind = Kind::DeleteVersion;
    const EFFECT: Effect = Effect::Once;
    const LANE: Lane = Lane::MayWait;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Written, Failure> {
        let (key, seen) = (key(self.id), Micros::from(self.seen));
        let answer = client.query_one(statement, &[&key, &seen]).await?;
        let rows: i64 = column(&answer, 0)?;
        Ok(Written::from_count(rows.unsigned_abs()))
    }
}

fn ends(previous: PreviousId) -> (Micros, Option<Micros>) {
    let grace_until = previous.grace_until.map(Micros::from);
    (previous.until.into(), grace_until)
}

fn join<'a>(keys: &[Parameter<'a>], columns: &[Parameter<'a>]) -> Vec<Parameter<'a>> {
    [keys, columns].concat()
}
