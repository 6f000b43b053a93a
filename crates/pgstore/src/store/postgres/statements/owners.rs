//! Finding and ending sessions by their owner, and finding them by their handle.

use tokio_postgres::types::Type;

use super::execution::Execution;
use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::postgres::columns::{Parameter, column, handle, key, keyed, readable};
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
    const LANE: Lane = Lane::Reads;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let (handle, now) = (handle(self.handle), Micros::from(self.now));
        let found = execution.query_opt(&[&handle, &now]).await?;
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
    const LANE: Lane = Lane::Slow;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let (owner, now) = (Secret::text(self.owner), Micros::from(self.now));
        let found = execution.query(&[&owner, &now]).await?;
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

/// What a revocation did.
pub(crate) struct RevokedRows {
    pub(crate) revoked: Revoked,
    /// Whether row-level security may hide rows from this role.
    pub(crate) may_hide_rows: bool,
}

impl Statement for Revoke<'_> {
    type Output = RevokedRows;
    const SQL: &'static str = include_str!("../sql/revoke.sql");
    const PARAMETERS: &'static [Type] = REVOCATION;
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<RevokedRows, AttemptFailure> {
        let conditions = RevocationParameters::of(self.revocation);
        let answer = execution.query_one(&conditions.parameters()).await?;
        let (seen, removed): (i64, i64) = (column(&answer, 0)?, column(&answer, 1)?);
        Ok(RevokedRows {
            revoked: Revoked::new(seen.unsigned_abs(), removed.unsigned_abs()),
            may_hide_rows: column(&answer, 2)?,
        })
    }
}

/// The types of [`RevocationParameters`].
pub(super) const REVOCATION: &[Type] =
    &[Type::TEXT, Type::BOOL, Type::TEXT, Type::BYTEA, Type::TEXT];

/// The parameters that say which rows a revocation removes.
pub(super) struct RevocationParameters<'a> {
    owner: Secret<'a>,
    is_the_truth: bool,
    one: Option<Secret<'a>>,
    kept_id: Option<Secret<'a>>,
    kept_handle: Option<Secret<'a>>,
}

impl<'a> RevocationParameters<'a> {
    pub(super) fn of(revocation: &Revocation<'a>) -> Self {
        let (one, kept_id, kept_handle) = match revocation.which {
            Which::All => (None, None, None),
            Which::One(one) => (Some(one), None, None),
            Which::AllBut { id, handle } => (None, id, handle),
        };
        Self {
            owner: Secret::text(revocation.owner),
            is_the_truth: revocation.column == OwnerColumn::IsTheTruth,
            one: one.map(handle),
            kept_id: kept_id.map(key),
            kept_handle: kept_handle.map(handle),
        }
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 5] {
        [
            &self.owner,
            &self.is_the_truth,
            &self.one,
            &self.kept_id,
            &self.kept_handle,
        ]
    }
}
