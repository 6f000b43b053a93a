//! The store's six verbs: the parameters each sends and how it reads the answer.
//!
//! A verb is plain data, so that a link may also gather several callers' verbs into one statement.
//! Update, Rename and Replace also remember whether an earlier attempt may have had its effect.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::{Client, Row as PgRow, Statement};

use super::failure::{Failure, Fate, without_details};
use super::statements::Kind;
use super::types::{Micros, Secret};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{Row, StoreError, StoreErrorKind, SweepBatch, SweepCursor, Swept, Written};

/// Statements on one connection are answered in their order. So those that may have to wait for a
/// row, which somebody else has locked, keep to connections of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Reading, and writing a first row: nobody's lock is in the way.
    NeverWaits,
    /// Writing over a row.
    MayWait,
    /// What must not stand in the way of requests.
    Background,
}

/// One statement with its parameters.
pub(super) trait Verb: Sync {
    type Answer: Send;

    const KIND: Kind;

    /// Whether doing it twice is as good as once.
    const REPEATABLE: bool = true;

    /// Which connections it goes over.
    const LANE: Lane = Lane::MayWait;

    fn run(
        &self,
        client: &Client,
        statement: &Statement,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

pub(super) struct Load<'a> {
    pub(super) id: &'a SessionId,
    pub(super) now: Timestamp,
}

/// The newest row of a key, and whether there are others.
pub(super) struct Loaded {
    pub(super) row: Option<Row>,
    pub(super) has_older: bool,
}

impl Verb for Load<'_> {
    type Answer = Loaded;
    const KIND: Kind = Kind::Load;
    const LANE: Lane = Lane::NeverWaits;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Loaded, Failure> {
        let found = client.query(statement, &[&key(self.id)]).await?;
        let row = found.first().map(row).transpose()?;
        Ok(Loaded {
            row: row.filter(|row| !row.is_past_its_time(self.now)),
            has_older: found.len() > 1,
        })
    }
}

/// Removes what [`Load`] found beside the newest row.
pub(super) struct Tidy<'a> {
    pub(super) id: &'a SessionId,
}

impl Verb for Tidy<'_> {
    type Answer = u64;
    const KIND: Kind = Kind::Tidy;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<u64, Failure> {
        Ok(client.execute(statement, &[&key(self.id)]).await?)
    }
}

pub(super) struct Insert<'a> {
    pub(super) id: &'a SessionId,
    pub(super) row: &'a Row,
}

impl Verb for Insert<'_> {
    type Answer = ();
    const KIND: Kind = Kind::Insert;
    const LANE: Lane = Lane::NeverWaits;
    const REPEATABLE: bool = false;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<(), Failure> {
        let [created_on, modified_on, expires_on] = times(self.row);
        let data = Secret(&self.row.data);
        client
            .execute(
                statement,
                &[&key(self.id), &data, &created_on, &modified_on, &expires_on],
            )
            .await?;
        Ok(())
    }
}

pub(super) struct Update<'a> {
    pub(super) id: &'a SessionId,
    pub(super) seen: Timestamp,
    pub(super) row: &'a Row,
    pub(super) doubt: Doubt,
}

impl Verb for Update<'_> {
    type Answer = Written;
    const KIND: Kind = Kind::Update;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Written, Failure> {
        let [_, modified_on, expires_on] = times(self.row);
        let (key, seen, data) = (
            key(self.id),
            Micros::from(self.seen),
            Secret(&self.row.data),
        );
        let rows = client
            .execute(statement, &[&key, &seen, &data, &modified_on, &expires_on])
            .await;
        self.doubt.settle(rows)
    }
}

pub(super) struct Rename<'a> {
    pub(super) old: &'a SessionId,
    pub(super) seen: Timestamp,
    pub(super) new: &'a SessionId,
    pub(super) row: &'a Row,
    pub(super) doubt: Doubt,
}

impl Verb for Rename<'_> {
    type Answer = Written;
    const KIND: Kind = Kind::Rename;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Written, Failure> {
        let [created_on, modified_on, expires_on] = times(self.row);
        let (old, seen, new) = (key(self.old), Micros::from(self.seen), key(self.new));
        let data = Secret(&self.row.data);
        let rows = client
            .execute(
                statement,
                &[
                    &old,
                    &seen,
                    &new,
                    &data,
                    &created_on,
                    &modified_on,
                    &expires_on,
                ],
            )
            .await;
        self.doubt.settle(rows)
    }
}

/// A [`Rename`] that takes the rows of the old key whatever their version.
pub(super) struct Replace<'a> {
    pub(super) old: &'a SessionId,
    pub(super) new: &'a SessionId,
    pub(super) row: &'a Row,
    pub(super) doubt: Doubt,
}

impl Verb for Replace<'_> {
    type Answer = Written;
    const KIND: Kind = Kind::Replace;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Written, Failure> {
        let [created_on, modified_on, expires_on] = times(self.row);
        let (old, new, data) = (key(self.old), key(self.new), Secret(&self.row.data));
        let rows = client
            .execute(
                statement,
                &[&old, &new, &data, &created_on, &modified_on, &expires_on],
            )
            .await;
        self.doubt.settle(rows)
    }
}

/// Whether an earlier attempt at a guarded write was lost on its way and may have had its effect.
///
/// Another attempt is safe, since the guard lets only one of them through; but when that one
/// misses, it may have missed because of the first.
#[derive(Debug, Default)]
pub(super) struct Doubt(AtomicBool);

impl Doubt {
    fn settle(&self, attempt: Result<u64, impl Into<Failure>>) -> Result<Written, Failure> {
        match attempt.map_err(Into::into) {
            Ok(0) if self.0.load(Ordering::Relaxed) => Err(unknown()),
            Ok(rows) => Ok(Written::from_count(rows)),
            Err(failure) => {
                if failure.fate == Fate::Unknown {
                    self.0.store(true, Ordering::Relaxed);
                }
                Err(failure)
            }
        }
    }
}

fn unknown() -> Failure {
    Failure::last(StoreError::new(StoreErrorKind::Unavailable))
}

pub(super) struct Delete<'a> {
    pub(super) id: &'a SessionId,
}

impl Verb for Delete<'_> {
    type Answer = u64;
    const KIND: Kind = Kind::Delete;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<u64, Failure> {
        Ok(client.execute(statement, &[&key(self.id)]).await?)
    }
}

pub(super) struct Sweep<'a> {
    pub(super) batch: &'a SweepBatch,
}

impl Verb for Sweep<'_> {
    type Answer = Swept;
    const KIND: Kind = Kind::Sweep;
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

fn key(id: &SessionId) -> Secret<'_> {
    Secret(id.as_bytes())
}

fn times(row: &Row) -> [Micros; 3] {
    [row.created_on, row.modified_on, row.expires_on].map(Micros::from)
}

// Go: pgstore.go selectOne fails on a NULL or an infinity likewise; it does so for ever, since its
// New then hands out an error with every request. Ours can still be deleted.
fn row(found: &PgRow) -> Result<Row, StoreError> {
    let data: Option<&[u8]> = column(found, 0)?;
    let times: [Option<Micros>; 3] = [column(found, 1)?, column(found, 2)?, column(found, 3)?];
    let (Some(data), [Some(created_on), Some(modified_on), Some(expires_on)]) =
        (data, times.map(|time| time.and_then(Micros::finite)))
    else {
        return Err(StoreError::new(StoreErrorKind::UndecodableRow));
    };
    Ok(Row {
        data: data.to_vec(),
        created_on,
        modified_on,
        expires_on,
    })
}

fn swept(answer: &PgRow, limit: i64) -> Result<Swept, StoreError> {
    let removed: i64 = column(answer, 0)?;
    let scanned: i64 = column(answer, 1)?;
    let expires_on: Option<Micros> = column(answer, 2)?;
    let row: Option<i64> = column(answer, 3)?;
    let last = expires_on.and_then(Micros::finite).zip(row);
    let next = last.filter(|_| scanned == limit);
    Ok(Swept::new(
        removed.unsigned_abs(),
        next.map(|(expires_on, row)| SweepCursor::new(expires_on, row)),
    ))
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a PgRow,
    index: usize,
) -> Result<T, StoreError> {
    row.try_get(index)
        .map_err(|error| StoreError::caused_by(StoreErrorKind::Other, without_details(error)))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::last(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(fate: Fate) -> Result<u64, Failure> {
        let failure = unknown();
        Err(Failure { fate, ..failure })
    }

    #[test]
    fn a_miss_after_an_attempt_of_unknown_fate_is_no_answer() {
        let doubt = Doubt::default();
        assert!(doubt.settle(failed(Fate::Unknown)).is_err());
        let missed = doubt.settle(Ok::<_, Failure>(0)).unwrap_err();
        assert_eq!(missed.error.kind(), StoreErrorKind::Unavailable);
        assert_eq!(missed.fate, Fate::Final);
        // The guard lets one of them through: this one, so that the first had no effect.
        let saved = doubt.settle(Ok::<_, Failure>(1)).ok();
        assert_eq!(saved, Some(Written::Saved));
    }

    #[test]
    fn a_miss_after_an_attempt_without_effect_is_a_miss() {
        let doubt = Doubt::default();
        assert!(doubt.settle(failed(Fate::Undone)).is_err());
        let missed = doubt.settle(Ok::<_, Failure>(0)).ok();
        assert_eq!(missed, Some(Written::Missed));
    }
}
