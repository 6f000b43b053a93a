//! What is done to the table as a whole, and behind a request's back.

use tokio_postgres::{Client, Row as PgRow, Statement};

use super::{Effect, Lane, Verb};
use crate::id::SessionId;
use crate::store::postgres::columns::{KEY, Parameter, column, key, readable, time};
use crate::store::postgres::failure::Failure;
use crate::store::postgres::statements::Kind;
use crate::store::postgres::types::Micros;
use crate::store::{PeerWritten, PeerWrittenCursor, StoreError, StoreErrorKind};
use crate::store::{SweepBatch, SweepCursor, Swept};

/// Removes what [`Load`](super::Load) found beside the newest row.
pub(in crate::store::postgres) struct Tidy<'a> {
    pub(in crate::store::postgres) id: &'a SessionId,
}

impl Verb for Tidy<'_> {
    type Answer = u64;
    const KIND: Kind = Kind::Tidy;
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::MayWait;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<u64, Failure> {
        Ok(client.execute(statement, &[&key(self.id)]).await?)
    }
}

pub(in crate::store::postgres) struct Sweep<'a> {
    pub(in crate::store::postgres) batch: &'a SweepBatch,
}

impl Verb for Sweep<'_> {
    type Answer = Swept;
    const KIND: Kind = Kind::Sweep;
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Background;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Swept, Failure> {
        let batch = self.batch;
        let expired = Micros::from(batch.expired_before);
        let idle = Micros::from(batch.idle_since_before);
        let after = Micros::from(batch.after.expires_on);
        let limit = i64::from(batch.limit);
        let answer = client
            .query_one(
                statement,
                &[&expired, &idle, &after, &batch.after.row, &limit],
            )
            .await?;
        Ok(swept(&answer, limit)?)
    }
}

fn swept(answer: &PgRow, limit: i64) -> Result<Swept, StoreError> {
    let removed: i64 = column(answer, 0)?;
    let scanned: i64 = column(answer, 1)?;
    let row: Option<i64> = column(answer, 3)?;
    let last = time(answer, 2)?.zip(row);
    let next = last.filter(|_| scanned == limit);
    Ok(Swept::new(
        removed.unsigned_abs(),
        next.map(|(expires_on, row)| SweepCursor::new(expires_on, row)),
    ))
}

/// Rows that somebody else has written last.
pub(in crate::store::postgres) struct SelectPeerWritten {
    pub(in crate::store::postgres) after: PeerWrittenCursor,
    pub(in crate::store::postgres) limit: u32,
}

impl Verb for SelectPeerWritten {
    type Answer = PeerWritten;
    const KIND: Kind = Kind::PeerWritten;
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Background;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<PeerWritten, Failure> {
        let limit = i64::from(self.limit);
        let parameters: [Parameter<'_>; 3] = [&self.after.0, &limit, &Self::LOOKED_AT];
        Ok(self.peer_written(&client.query(statement, &parameters).await?)?)
    }
}

impl SelectPeerWritten {
    /// How many rows are looked at, at most, whether foreign or not.
    const LOOKED_AT: i64 = 10_000;

    fn peer_written(&self, found: &[PgRow]) -> Result<PeerWritten, StoreError> {
        // Where there are no foreign rows there is one without a number, that says how far it went.
        let Some(last) = found.last() else {
            return Ok(PeerWritten::new(Vec::new(), None));
        };
        let number: Option<i64> = column(last, KEY + 1)?;
        let looked_at: i64 = column(last, KEY + 2)?;
        let end: Option<i64> = column(last, KEY + 3)?;
        let rows = found.iter().filter(|_| number.is_some()).map(readable);
        let rows = rows.filter_map(Result::transpose);
        let is_full = found.len() as u64 >= u64::from(self.limit);
        let next = match number {
            Some(number) if is_full => Some(number),
            _ => end.filter(|_| looked_at == Self::LOOKED_AT),
        };
        let next = next.map(PeerWrittenCursor::new);
        Ok(PeerWritten::new(rows.collect::<Result<_, _>>()?, next))
    }
}

/// Whether there is everything that saving needs.
pub(in crate::store::postgres) struct Probe;

impl Verb for Probe {
    type Answer = ();
    const KIND: Kind = Kind::Probe;
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::MayWait;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<(), Failure> {
        let answer = client.query_one(statement, &[]).await?;
        let has_numbers: Option<bool> = column(&answer, 0)?;
        match has_numbers {
            Some(false) => Err(StoreError::new(StoreErrorKind::Forbidden).into()),
            Some(true) | None => Ok(()),
        }
    }
}
