//! Finding and ending sessions by their owner, and finding them by their handle.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement as Prepared};

use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::postgres::columns::{column, handle, key, keyed, readable};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{Migration, SESSION_METADATA};
use crate::store::postgres::types::{Micros, Secret};
use crate::store::{OwnerColumn, Revocation, Revoked, Row, Which};

/// Reads the session with a handle.
pub(crate) struct Find<'a> {
    pub(crate) handle: &'a SessionHandle,
    pub(crate) now: Timestamp,
}

impl Statement for Find<'_> {
    type Output = Option<(SessionId, Row)>;
    const SQL: &'static str = include_str!("../sql/find.sql");
    const PARAMETERS: &'static [Type] = &[Type::TEXT, Type::TIMESTAMPTZ];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(
        &self,
        client: &Client,
        prepared: &Prepared,
    ) -> Result<Self::Output, AttemptFailure> {
        let (handle, now) = (handle(self.handle), Micros::from(self.now));
        let found = client.query_opt(prepared, &[&handle, &now]).await?;
        Ok(found.as_ref().map(keyed).transpose()?)
    }
}

/// Reads an owner's sessions.
pub(crate) struct Owned<'a> {
    pub(crate) owner: &'a str,
    pub(crate) now: Timestamp,
}

impl Statement for Owned<'_> {
    type Output = Vec<(SessionId, Row)>;
    const SQL: &'static str = include_str!("../sql/owned.sql");
    const PARAMETERS: &'static [Type] = &[Type::TEXT, Type::TIMESTAMPTZ];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(
        &self,
        client: &Client,
        prepared: &Prepared,
    ) -> Result<Self::Output, AttemptFailure> {
        let (owner, now) = (Secret::text(self.owner), Micros::from(self.now));
        let found = client.query(prepared, &[&owner, &now]).await?;
        let rows = found.iter().map(readable);
        Ok(rows
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?)
    }
}

/// Removes an owner's sessions.
pub(crate) struct Revoke<'a> {
    pub(crate) revocation: &'a Revocation<'a>,
}

impl Statement for Revoke<'_> {
    type Output = Revoked;
    const SQL: &'static str = include_str!("../sql/revoke.sql");
    const PARAMETERS: &'static [Type] =
        &[Type::TEXT, Type::BOOL, Type::TEXT, Type::BYTEA, Type::TEXT];
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::MayWait;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, client: &Client, prepared: &Prepared) -> Result<Revoked, AttemptFailure> {
        let Revocation {
            owner,
            which,
            column: owner_column,
        } = *self.revocation;
        let (one, kept_id, kept_handle) = match which {
            Which::All => (None, None, None),
            Which::One(one) => (Some(one), None, None),
            Which::AllBut { id, handle } => (None, id, handle),
        };
        let is_the_truth = owner_column == OwnerColumn::IsTheTruth;
        let answer = client
            .query_one(
                prepared,
                &[
                    &Secret::text(owner),
                    &is_the_truth,
                    &one.map(handle),
                    &kept_id.map(key),
                    &kept_handle.map(handle),
                ],
            )
            .await?;
        let (seen, removed): (i64, i64) = (column(&answer, 0)?, column(&answer, 1)?);
        Ok(Revoked::new(seen.unsigned_abs(), removed.unsigned_abs()))
    }
}
