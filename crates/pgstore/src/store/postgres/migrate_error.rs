//! Why a migration failed, with the SQL to run by hand if rights are missing.

use std::error::Error;
use std::fmt;

use super::failure::without_details;
use crate::error_text::debug_as_text;

/// Why [`PgStore::migrate`](super::PgStore::migrate) failed.
pub struct MigrateError {
    kind: MigrateErrorKind,
    sqlstate: Option<String>,
    /// What is wrong with the existing table.
    finding: Option<String>,
    /// The SQL to run by hand.
    sql: Option<String>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`MigrateError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrateErrorKind {
    /// No connection could be made.
    Unreachable,
    /// The role may not create what is missing. Run [`MigrateError::sql`] as a role that may.
    Forbidden,
    /// The schema for the table does not exist. Create it first.
    NoSchema,
    /// A table or an index of that name exists and is not a sessions table or its index.
    UnfitTable,
    /// The migration took longer than a minute, for example because others held locks; or the server took
    /// longer than 5 seconds to tell what is missing.
    Timeout,
    /// The store was closed by the application.
    Closed,
    /// The server answered another error.
    Other,
}

impl MigrateError {
    fn new(kind: MigrateErrorKind) -> Self {
        Self {
            kind,
            sqlstate: None,
            finding: None,
            sql: None,
            cause: None,
        }
    }

    pub(super) fn connect(cause: Box<dyn Error + Send + Sync>) -> Self {
        Self {
            cause: Some(cause),
            ..Self::new(MigrateErrorKind::Unreachable)
        }
    }

    pub(super) fn unfit(finding: String) -> Self {
        Self {
            finding: Some(finding),
            ..Self::new(MigrateErrorKind::UnfitTable)
        }
    }

    pub(super) fn timeout() -> Self {
        Self::new(MigrateErrorKind::Timeout)
    }

    pub(super) fn closed() -> Self {
        Self::new(MigrateErrorKind::Closed)
    }

    pub(super) fn no_answer() -> Self {
        Self::new(MigrateErrorKind::Other)
    }

    /// Adds the SQL for a database administrator, if rights are missing.
    pub(super) fn with_sql(self, sql: String) -> Self {
        let wanted = self.kind == MigrateErrorKind::Forbidden;
        Self {
            sql: wanted.then_some(sql),
            ..self
        }
    }

    /// Adds who has held the table.
    pub(super) fn with_holder(self, holder: Option<String>) -> Self {
        let holder = holder.map(|holder| {
            format!("others use the table, and its columns can be added only between: {holder}")
        });
        Self {
            finding: self.finding.or(holder),
            ..self
        }
    }

    /// Whether others held a lock for too long.
    pub(super) fn is_lock_wait(&self) -> bool {
        self.sqlstate.as_deref() == Some("55P03")
    }

    /// Whether another migrator caused the error, so that another attempt can succeed.
    /// `CREATE … IF NOT EXISTS` does not wait for others: it fails on the unique indexes of the
    /// catalogue.
    pub(super) fn is_race(&self) -> bool {
        matches!(
            self.sqlstate.as_deref(),
            // unique_violation, duplicate_table, duplicate_object, deadlock_detected,
            // serialization_failure, lock_not_available, "tuple concurrently updated"
            Some("23505" | "42P07" | "42710" | "40P01" | "40001" | "55P03" | "XX000")
        )
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> MigrateErrorKind {
        self.kind
    }

    /// The SQL to run as another role, if this one [may not](MigrateErrorKind::Forbidden).
    #[must_use]
    pub fn sql(&self) -> Option<&str> {
        self.sql.as_deref()
    }
}

impl From<tokio_postgres::Error> for MigrateError {
    fn from(error: tokio_postgres::Error) -> Self {
        let sqlstate = error.code().map(|state| state.code().to_owned());
        let kind = match sqlstate.as_deref() {
            Some("42501") => MigrateErrorKind::Forbidden,
            Some("3F000") => MigrateErrorKind::NoSchema,
            Some("55P03") => MigrateErrorKind::Timeout,
            Some(_) => MigrateErrorKind::Other,
            None => MigrateErrorKind::Unreachable,
        };
        Self {
            sqlstate,
            cause: Some(without_details(error)),
            ..Self::new(kind)
        }
    }
}

debug_as_text!(MigrateError);

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            MigrateErrorKind::Unreachable => "the session database cannot be reached",
            MigrateErrorKind::Forbidden => {
                "the database user may not create the sessions table or its indexes"
            }
            MigrateErrorKind::NoSchema => {
                "the schema for the sessions table does not exist: create it first"
            }
            MigrateErrorKind::UnfitTable => "the table of this name cannot be used for sessions",
            MigrateErrorKind::Timeout => "creating or inspecting the sessions table took too long",
            MigrateErrorKind::Closed => "the session store was closed",
            MigrateErrorKind::Other => "the sessions table could not be created",
        })?;
        if let Some(finding) = &self.finding {
            write!(f, ": {finding}")?;
        }
        if let Some(sql) = &self.sql {
            write!(f, "; run this as a role that may:\n\n{sql}")?;
        }
        Ok(())
    }
}

impl Error for MigrateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_ref()
            .map(|cause| &**cause as &(dyn Error + 'static))
    }
}
