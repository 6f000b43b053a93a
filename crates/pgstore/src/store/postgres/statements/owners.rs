//! Finding and ending sessions by their owner, and finding them by their handle.

use tokio_postgres::Row as PgRow;
use tokio_postgres::types::Type;

use super::execution::Execution;
use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::postgres::columns::{KEY, Parameter, column, handle, key, keyed, readable};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{Migration, SESSION_METADATA};
use crate::store::postgres::text::{Text, Texts};
use crate::store::postgres::types::{Micros, Secret};
use crate::store::{OwnerColumn, Revocation, Revoked, Row, StoreError, Which};
use crate::telemetry::Operation;

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
    const OPERATION: Operation = Operation::Select;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<Self::Output, AttemptFailure> {
        let (handle, now) = (handle(self.handle), Micros::from(self.now));
        let found = execution.query_opt(&[&handle, &now]).await?;
        Ok(found.as_ref().map(keyed).transpose()?)
    }
}

/// Reads one batch of an owner's sessions, those that began last first.
pub(crate) struct Owned<'a> {
    pub(crate) owner: &'a str,
    pub(crate) now: Timestamp,
    /// The number that the last batch ended with.
    pub(crate) before: i64,
}

/// A batch of an owner's sessions.
pub(crate) struct OwnedRows {
    pub(crate) rows: Vec<(SessionId, Row)>,
    /// Where the next batch begins, or `None` when this was the last one.
    pub(crate) next: Option<i64>,
}

impl Statement for Owned<'_> {
    type Output = OwnedRows;
    const SQL: &'static str = include_str!("../sql/owned.sql");
    const PARAMETERS: &'static [Type] = &[Type::TEXT, Type::TIMESTAMPTZ, Type::INT8];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::Lists;
    const OPERATION: Operation = Operation::Select;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<OwnedRows, AttemptFailure> {
        let (owner, now) = (
            Text::owner(self.owner, execution.texts()),
            Micros::from(self.now),
        );
        let found = execution.query(&[&owner, &now, &self.before]).await?;
        Ok(owned(&found)?)
    }
}

/// A batch without sessions answers one row without a number, which says where it ended.
fn owned(found: &[PgRow]) -> Result<OwnedRows, StoreError> {
    let last = found.last();
    let next = last
        .map(|last| column(last, KEY + 2))
        .transpose()?
        .flatten();
    let mut rows = Vec::with_capacity(found.len());
    for one in found {
        let number: Option<i64> = column(one, KEY + 1)?;
        rows.extend(number.map(|_| readable(one)).transpose()?.flatten());
    }
    Ok(OwnedRows { rows, next })
}

/// Removes one batch of an owner's sessions.
pub(crate) struct Revoke<'a> {
    pub(crate) revocation: &'a Revocation<'a>,
    /// The number that the last batch ended with.
    pub(crate) after: i64,
}

/// What a revocation did.
pub(crate) struct RevokedRows {
    pub(crate) revoked: Revoked,
    /// Whether row-level security may hide rows from this role.
    pub(crate) may_hide_rows: bool,
    /// Where the next batch begins, or `None` when this was the last one.
    pub(crate) next: Option<i64>,
}

impl Statement for Revoke<'_> {
    type Output = RevokedRows;
    const SQL: &'static str = include_str!("../sql/revoke.sql");
    const PARAMETERS: &'static [Type] = REVOCATION;
    const EFFECT: Effect = Effect::Idempotent;
    const LANE: Lane = Lane::Slow;
    const OPERATION: Operation = Operation::Delete;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(&self, execution: &Execution<'_>) -> Result<RevokedRows, AttemptFailure> {
        let conditions = RevocationParameters::of(self.revocation, self.after, execution.texts());
        let answer = execution.query_one(&conditions.parameters()).await?;
        let (seen, removed): (i64, i64) = (column(&answer, 0)?, column(&answer, 1)?);
        Ok(RevokedRows {
            revoked: Revoked::new(seen.unsigned_abs(), removed.unsigned_abs()),
            may_hide_rows: column(&answer, 2)?,
            next: column(&answer, 3)?,
        })
    }
}

/// The types of [`RevocationParameters`].
pub(super) const REVOCATION: &[Type] = &[
    Type::TEXT,
    Type::BOOL,
    Type::TEXT,
    Type::BYTEA,
    Type::TEXT,
    Type::INT8,
];

/// The parameters that say which rows a revocation removes.
pub(super) struct RevocationParameters<'a> {
    owner: Text<'a>,
    is_the_truth: bool,
    one: Option<Secret<'a>>,
    kept_id: Option<Secret<'a>>,
    kept_handle: Option<Secret<'a>>,
    after: i64,
}

impl<'a> RevocationParameters<'a> {
    pub(super) fn of(revocation: &Revocation<'a>, after: i64, texts: Texts) -> Self {
        let (one, kept_id, kept_handle) = match revocation.which {
            Which::All => (None, None, None),
            Which::One(one) => (Some(one), None, None),
            Which::AllBut { id, handle } => (None, id, handle),
        };
        Self {
            owner: Text::owner(revocation.owner, texts),
            is_the_truth: revocation.column == OwnerColumn::IsTheTruth,
            one: one.map(handle),
            kept_id: kept_id.map(key),
            kept_handle: kept_handle.map(handle),
            after,
        }
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 6] {
        [
            &self.owner,
            &self.is_the_truth,
            &self.one,
            &self.kept_id,
            &self.kept_handle,
            &self.after,
        ]
    }
}
