//! Sessions by whose they are, and by their public names.

use tokio_postgres::{Client, Statement};

use super::{Effect, Lane, Verb};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::postgres::columns::{column, handle, key, keyed, readable};
use crate::store::postgres::failure::Failure;
use crate::store::postgres::statements::Kind;
use crate::store::postgres::types::{Micros, Secret};
use crate::store::{OwnerColumn, Revocation, Revoked, Row, Which};

pub(in crate::store::postgres) struct Find<'a> {
    pub(in crate::store::postgres) handle: &'a SessionHandle,
    pub(in crate::store::postgres) now: Timestamp,
}

impl Verb for Find<'_> {
    type Answer = Option<(SessionId, Row)>;
    const KIND: Kind = Kind::Find;
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Self::Answer, Failure> {
        let (handle, now) = (handle(self.handle), Micros::from(self.now));
        let found = client.query_opt(statement, &[&handle, &now]).await?;
        Ok(found.as_ref().map(keyed).transpose()?)
    }
}

pub(in crate::store::postgres) struct Owned<'a> {
    pub(in crate::store::postgres) owner: &'a str,
    pub(in crate::store::postgres) now: Timestamp,
}

impl Verb for Owned<'_> {
    type Answer = Vec<(SessionId, Row)>;
    const KIND: Kind = Kind::Owned;
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Self::Answer, Failure> {
        let (owner, now) = (Secret::text(self.owner), Micros::from(self.now));
        let found = client.query(statement, &[&owner, &now]).await?;
        let rows = found.iter().map(readable);
        Ok(rows
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?)
    }
}

pub(in crate::store::postgres) struct Revoke<'a> {
    pub(in crate::store::postgres) revocation: &'a Revocation<'a>,
}

impl Verb for Revoke<'_> {
    type Answer = Revoked;
    const KIND: Kind = Kind::Revoke;
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::MayWait;

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Revoked, Failure> {
        let Revocation {
            owner,
            which,
            column: worth,
        } = *self.revocation;
        let (one, kept, of_kept) = match which {
            Which::All => (None, None, None),
            Which::One(one) => (Some(one), None, None),
            Which::AllBut { id, handle } => (None, id, handle),
        };
        let is_the_truth = worth == OwnerColumn::IsTheTruth;
        let answer = client
            .query_one(
                statement,
                &[
                    &Secret::text(owner),
                    &is_the_truth,
                    &one.map(handle),
                    &kept.map(key),
                    &of_kept.map(handle),
                ],
            )
            .await?;
        let (seen, removed): (i64, i64) = (column(&answer, 0)?, column(&answer, 1)?);
        Ok(Revoked::new(seen.unsigned_abs(), removed.unsigned_abs()))
    }
}
