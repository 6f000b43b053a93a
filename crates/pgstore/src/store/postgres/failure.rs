//! What a failed statement means: decided by SQLSTATE alone, never by a message's text.

use std::fmt;

use tokio_postgres::error::SqlState;

use crate::store::{StoreError, StoreErrorKind};

/// A failed attempt at a statement.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: StoreError,
    pub(super) fate: Fate,
    pub(super) connection: Left,
}

/// How a failure leaves the connection that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It serves others as before.
    Usable,
    /// It is of no use any more.
    Useless,
    /// It did not answer in time: the server is still at it.
    Stuck,
}

/// What is known about the statement that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It had no effect, and another attempt may succeed.
    Undone,
    /// The connection went away, or the time was up; it may have had its effect.
    Unknown,
    /// Another attempt would fail the same way.
    Final,
}

impl Failure {
    pub(super) fn last(error: StoreError) -> Self {
        Self {
            error,
            fate: Fate::Final,
            connection: Left::Usable,
        }
    }

    /// The deadline passed while there was no connection.
    pub(super) fn too_late() -> Self {
        Self::last(StoreError::new(StoreErrorKind::Timeout))
    }

    /// The deadline passed while there was no answer.
    pub(super) fn no_answer() -> Self {
        Self {
            fate: Fate::Unknown,
            connection: Left::Stuck,
            ..Self::too_late()
        }
    }

    /// The connection was found closed before anything was sent on it.
    pub(super) fn not_sent() -> Self {
        Self {
            error: StoreError::new(StoreErrorKind::Unavailable),
            fate: Fate::Undone,
            connection: Left::Useless,
        }
    }

    /// The same failure of a statement that was only being prepared.
    pub(super) fn before_execution(self) -> Self {
        let fate = match self.fate {
            Fate::Unknown => Fate::Undone,
            known => known,
        };
        Self { fate, ..self }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let (kind, fate, connection) = match error.code() {
            Some(state) => judge(state),
            // No answer of the server's: the connection is closed or broken.
            None => (StoreErrorKind::Unavailable, Fate::Unknown, Left::Useless),
        };
        Self {
            error: StoreError::caused_by(kind, without_details(error)),
            fate,
            connection,
        }
    }
}

fn judge(state: &SqlState) -> (StoreErrorKind, Fate, Left) {
    const STAYS: Left = Left::Usable;
    const RETIRES: Left = Left::Useless;
    match state.code() {
        // undefined_table, undefined_column, invalid_schema_name
        "42P01" | "42703" | "3F000" => (StoreErrorKind::NotMigrated, Fate::Final, STAYS),
        // insufficient_privilege
        "42501" => (StoreErrorKind::Forbidden, Fate::Final, STAYS),
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => (StoreErrorKind::Unavailable, Fate::Undone, STAYS),
        // query_canceled: by statement_timeout, by an operator, or by us for a neighbour's sake
        "57014" => (StoreErrorKind::Timeout, Fate::Undone, STAYS),
        // lock_not_available: by lock_timeout
        "55P03" => (StoreErrorKind::Timeout, Fate::Final, STAYS),
        // read_only_sql_transaction: this was the primary once
        "25006" => (StoreErrorKind::Unavailable, Fate::Undone, RETIRES),
        // What was prepared is gone (a pooler's DISCARD ALL) or does not fit a changed table.
        "26000" | "0A000" => (StoreErrorKind::Other, Fate::Undone, RETIRES),
        // cannot_connect_now, too_many_connections
        "57P03" | "53300" => (StoreErrorKind::Unavailable, Fate::Undone, RETIRES),
        // Class 57P: shut down or terminated. Class 08: the connection broke, as a pooler says it.
        code if code.starts_with("57P") || code.starts_with("08") => {
            (StoreErrorKind::Unavailable, Fate::Unknown, RETIRES)
        }
        // Class 53: out of disk, memory or connections
        code if code.starts_with("53") => (StoreErrorKind::Unavailable, Fate::Final, STAYS),
        _ => (StoreErrorKind::Other, Fate::Final, STAYS),
    }
}

/// What PostgreSQL answered: its SQLSTATE and message.
///
/// Its DETAIL and the like are left out: they may quote a row, and with it a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseError {
    sqlstate: String,
    message: String,
}

impl DatabaseError {
    /// The five characters to branch on, such as `42P01`.
    #[must_use]
    pub fn sqlstate(&self) -> &str {
        &self.sqlstate
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

impl std::error::Error for DatabaseError {}

/// The error as a cause for ours.
pub(super) fn without_details(
    error: tokio_postgres::Error,
) -> Box<dyn std::error::Error + Send + Sync> {
    match error.as_db_error() {
        Some(answer) => Box::new(DatabaseError {
            sqlstate: answer.code().code().to_owned(),
            message: answer.message().to_owned(),
        }),
        None => Box::new(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_had_no_effect_counts_as_undone() {
        for (code, fate, connection) in [
            ("40P01", Fate::Undone, Left::Usable),
            ("25006", Fate::Undone, Left::Useless),
            ("57P01", Fate::Unknown, Left::Useless),
            ("08006", Fate::Unknown, Left::Useless),
            ("53100", Fate::Final, Left::Usable),
            ("42P01", Fate::Final, Left::Usable),
        ] {
            let (_, judged, left) = judge(&SqlState::from_code(code));
            assert_eq!((judged, left), (fate, connection), "{code}");
        }
    }
}
