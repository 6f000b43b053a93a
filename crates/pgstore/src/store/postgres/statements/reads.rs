//! Reading sessions by their IDs.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row as PgRow, Statement as Prepared};

use super::statement::{Effect, Lane, Statement};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::postgres::columns::{column, key, row, time};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::{Migration, SESSION_METADATA};
use crate::store::postgres::types::Secret;
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
        let row = found.first().map(confirmable).transpose()?;
        Ok(Loaded {
            row: row.filter(|row| !row.is_expired(self.now)),
            has_older: found.len() > 1,
        })
    }
}

/// Reads the newest row of each of several keys, and the key of each row.
pub(crate) struct LoadAll<'a> {
    pub(crate) ids: &'a [SessionId],
    pub(crate) now: Timestamp,
}

impl Statement for LoadAll<'_> {
    type Output = Vec<(SessionId, Result<Row, StoreError>)>;
    const SQL: &'static str = include_str!("../sql/load_all.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA_ARRAY];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(
        &self,
        client: &Client,
        prepared: &Prepared,
    ) -> Result<Self::Output, AttemptFailure> {
        let mut rows = Vec::new();
        for found in client.query(prepared, &[&keys(self.ids)]).await? {
            let row = confirmable(&found);
            if !row.as_ref().is_ok_and(|row| row.is_expired(self.now)) {
                rows.extend(id(&found, ID)?.map(|id| (id, row)));
            }
        }
        Ok(rows)
    }
}

/// Reads what is known of IDs that sessions had before.
pub(crate) struct EarlierIds<'a> {
    pub(crate) ids: &'a [SessionId],
    pub(crate) now: Timestamp,
}

/// What is known of an ID that a session had before.
pub(crate) struct EarlierId {
    /// The ID that was replaced.
    pub(crate) id: SessionId,
    /// The session's present ID, if it has not ended.
    pub(crate) current: Option<SessionId>,
    /// What the replaced ID leads to.
    pub(crate) lookup: Lookup,
}

impl Statement for EarlierIds<'_> {
    type Output = Vec<EarlierId>;
    const SQL: &'static str = include_str!("../sql/earlier_ids.sql");
    const PARAMETERS: &'static [Type] = &[Type::BYTEA_ARRAY];
    const EFFECT: Effect = Effect::None;
    const LANE: Lane = Lane::NeverWaits;
    const MIGRATION: &'static Migration = &SESSION_METADATA;

    async fn run(
        &self,
        client: &Client,
        prepared: &Prepared,
    ) -> Result<Self::Output, AttemptFailure> {
        let found = client.query(prepared, &[&keys(self.ids)]).await?;
        let earlier = found.iter().map(|found| earlier_id(found, self.now));
        Ok(earlier
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?)
    }
}

fn earlier_id(found: &PgRow, now: Timestamp) -> Result<Option<EarlierId>, StoreError> {
    let (current, earlier) = (id(found, ID)?, id(found, ID + 1)?);
    let (Some(earlier), Some(until)) = (earlier, time(found, ID + 2)?) else {
        return Ok(None);
    };
    let previous = PreviousId {
        until,
        grace_until: time(found, ID + 3)?,
    };
    let session = match &current {
        // A row that cannot be decoded is no session to which an earlier ID could lead.
        Some(current) => confirmable(found).ok().map(|row| (current.clone(), row)),
        None => None,
    };
    Ok(Some(EarlierId {
        id: earlier,
        current,
        lookup: previous.lookup(session, now),
    }))
}

/// The index of the column that says whether the row's ID is confirmed.
const IS_UNCONFIRMED: usize = 9;

/// The index of the key in statements that read several.
const ID: usize = 10;

/// Reads a row, and whether its ID is confirmed.
fn confirmable(found: &PgRow) -> Result<Row, StoreError> {
    let mut row = row(found)?;
    let is_unconfirmed: Option<bool> = column(found, IS_UNCONFIRMED)?;
    row.extras.id_is_unconfirmed = is_unconfirmed == Some(true);
    Ok(row)
}

fn id(found: &PgRow, index: usize) -> Result<Option<SessionId>, StoreError> {
    let key: Option<&[u8]> = column(found, index)?;
    Ok(key.and_then(SessionId::parse))
}

fn keys(ids: &[SessionId]) -> Vec<Secret<'_>> {
    ids.iter().map(key).collect()
}
