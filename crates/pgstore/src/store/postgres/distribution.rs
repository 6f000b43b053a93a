//! Whether the sessions table is distributed over several servers, as Citus does it, and what that
//! changes.
//!
//! Statements about many keys are slow there, locks that skip rows are refused, and a key cannot change.
//! So each caller's statement is sent by itself, a sweep uses another statement, and a new ID takes three.
//!
//! Each new connection asks, after its other first questions; a store on an application's pool asks before
//! its first statement, and `migrate()` at its end. A table that others distribute later is noticed when
//! the server refuses a statement.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgstore_connect::ConfigError;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, GenericClient};

use super::table_name::TableName;

/// How often sessions are looked for of which none may stay.
///
/// A new ID may move a row to another worker. The workers commit one after the other, and in between no
/// statement sees the row. So that none is seen proves nothing there, until a moment later none is seen
/// again.
pub(super) const LOOKS: u32 = 3;

/// The moment between them. The second part of a commit takes a few milliseconds.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What the connections of a store have found out.
#[derive(Debug, Default)]
pub(super) struct Distribution {
    is_distributed: AtomicBool,
}

impl Distribution {
    pub(super) fn is_distributed(&self) -> bool {
        self.is_distributed.load(Ordering::Relaxed)
    }

    /// How often sessions are looked for of which none may stay.
    pub(super) fn looks(&self) -> u32 {
        match self.is_distributed() {
            true => LOOKS,
            false => 1,
        }
    }

    /// From now on statements are those for a distributed table.
    pub(super) fn note(&self) {
        if !self.is_distributed.swap(true, Ordering::Relaxed) {
            tracing::info!(
                "the sessions table is distributed: each caller's statement is sent by itself, and a \
                 new ID takes three statements"
            );
        }
    }

    /// Asks over this connection. What is known to be distributed stays so.
    pub(super) async fn ask(
        &self,
        client: &impl GenericClient,
        table: &TableName,
    ) -> Result<Option<SessionSettings>, Error> {
        let found = settings_of(client, table).await?;
        if found.is_some() {
            self.note();
        }
        Ok(found)
    }
}

/// The settings of a session that a distributed table depends on.
#[derive(Debug)]
pub(super) struct SessionSettings {
    date_style: String,
    plan_cache_mode: String,
}

impl SessionSettings {
    /// Refuses a session in which times would be stored wrongly, or statements fail.
    pub(super) fn refuse_if_unfit(&self) -> Result<(), ConfigError> {
        // Citus sends times to its workers as text in this session's style, and they read it in theirs.
        if !self.date_style.starts_with("ISO") {
            return Err(ConfigError::InvalidValue {
                name: "DateStyle",
                expected: "ISO, because the sessions table is distributed and its workers would \
                           read times wrongly; set it for the role, or as `-c DateStyle=ISO` in `options`",
            });
        }
        // It plans before it knows the parameters, and without them Citus cannot find the server.
        if self.plan_cache_mode == "force_generic_plan" {
            return Err(ConfigError::InvalidValue {
                name: "plan_cache_mode",
                expected: "auto, because the sessions table is distributed and statements would fail; \
                           set it for the role, or as `-c plan_cache_mode=auto` in `options`",
            });
        }
        Ok(())
    }
}

/// Whether the database has Citus.
pub(super) async fn has_citus(client: &impl GenericClient) -> Result<bool, Error> {
    let sql = include_str!("sql/has_citus.sql");
    let rows = client.query_typed(sql, &[]).await?;
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}

/// Whether the table is distributed: this session's settings, or `None`.
async fn settings_of(
    client: &impl GenericClient,
    table: &TableName,
) -> Result<Option<SessionSettings>, Error> {
    if !has_citus(client).await? {
        return Ok(None);
    }
    let sql = include_str!("sql/distribution.sql");
    let parameters = [(
        &table.quoted() as &(dyn tokio_postgres::types::ToSql + Sync),
        Type::TEXT,
    )];
    let rows = client.query_typed(sql, &parameters).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok(SessionSettings {
            date_style: row.try_get(0)?,
            plan_cache_mode: row.try_get(1)?,
        })
    };
    rows.first().map(read).transpose()
}
