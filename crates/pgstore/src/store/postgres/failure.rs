//! What a failed attempt at a statement means. The SQLSTATE and the severity decide, never a message's text.

use std::error::Error;

use pgstore_connect::{ConnectError, DatabaseError};
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::store::{StoreError, StoreErrorKind};
use crate::wire::ErrorClass;

/// A failed attempt at a statement.
#[derive(Debug)]
pub(super) struct AttemptFailure {
    pub(super) error: StoreError,
    pub(super) retry: Retry,
    pub(super) connection: ConnectionState,
}

/// How a failure leaves its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionState {
    /// It can be used further.
    Reusable,
    /// It cannot be used further.
    Broken,
    /// It did not answer in time: the server is still working.
    Hung,
    /// It did not answer, and had little time for it.
    Late,
}

/// Whether the statement that failed may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// Yes: it had no effect, and another attempt may succeed.
    Safe,
    /// The connection was lost or the deadline passed: it may have taken effect.
    InDoubt,
    /// Another writer has the row: it had no effect. Another attempt is worth while after a pause.
    Busy,
    /// No: it had no effect, and another attempt would fail in the same way.
    Never,
}

impl AttemptFailure {
    /// A failure that another attempt would repeat.
    pub(super) fn last(error: StoreError) -> Self {
        Self {
            error,
            retry: Retry::Never,
            connection: ConnectionState::Reusable,
        }
    }

    /// The store was closed by the application.
    pub(super) fn closed() -> Self {
        Self::last(StoreError::new(StoreErrorKind::Closed))
    }

    /// The deadline passed before there was a connection.
    pub(super) fn too_late() -> Self {
        Self::last(StoreError::new(StoreErrorKind::Timeout))
    }

    /// Another writer has the row.
    pub(super) fn busy() -> Self {
        Self {
            retry: Retry::Busy,
            ..Self::last(StoreError::new(StoreErrorKind::Timeout))
        }
    }

    /// The deadline passed before there was an answer.
    pub(super) fn no_answer() -> Self {
        Self {
            retry: Retry::InDoubt,
            connection: ConnectionState::Hung,
            ..Self::too_late()
        }
    }

    /// The same where the connection had too little time for an answer, so that it is not to blame.
    pub(super) fn no_answer_yet() -> Self {
        Self {
            connection: ConnectionState::Late,
            ..Self::no_answer()
        }
    }

    /// The connection was found closed before the statement was sent.
    pub(super) fn not_sent() -> Self {
        Self {
            error: StoreError::new(StoreErrorKind::Unavailable),
            retry: Retry::Safe,
            connection: ConnectionState::Broken,
        }
    }

    /// The connection did not prove in time that it leads to the server, so nothing was sent.
    pub(super) fn not_proven() -> Self {
        Self {
            connection: ConnectionState::Hung,
            ..Self::not_sent()
        }
    }

    /// The same failure while the statement was being prepared, so that it had no effect.
    pub(super) fn before_execution(self) -> Self {
        let retry = match self.retry {
            Retry::InDoubt => Retry::Safe,
            known => known,
        };
        Self { retry, ..self }
    }
}

impl From<StoreError> for AttemptFailure {
    fn from(error: StoreError) -> Self {
        Self::last(error)
    }
}

impl From<tokio_postgres::Error> for AttemptFailure {
    fn from(error: tokio_postgres::Error) -> Self {
        let (kind, retry, connection) = match error.as_db_error() {
            Some(answer) => classify(answer.code(), ends_the_connection(answer)),
            // The server did not answer: the connection is closed or broken.
            None => (
                StoreErrorKind::Unavailable,
                Retry::InDoubt,
                ConnectionState::Broken,
            ),
        };
        Self {
            error: StoreError::caused_by(kind, without_details(error)),
            retry,
            connection,
        }
    }
}

/// Whether the server does not support the statement (SQLSTATE 0A000). Statements that only do not fit a
/// changed table any more have been sent again over another connection before.
pub(super) fn is_unsupported(error: &StoreError) -> bool {
    has_sqlstate(error, "0A000")
}

/// Whether the server is read-only (read_only_sql_transaction): it is no longer the primary, or never was.
pub(super) fn is_read_only(error: &StoreError) -> bool {
    has_sqlstate(error, "25006")
}

/// Whether a text has a character that the database's encoding lacks (untranslatable_character). Then the
/// server has not begun to execute the statement.
pub(super) fn is_untranslatable(error: &StoreError) -> bool {
    has_sqlstate(error, "22P05")
}

fn has_sqlstate(error: &StoreError, sqlstate: &str) -> bool {
    let cause = error.source();
    let answer = cause.and_then(|cause| cause.downcast_ref::<DatabaseError>());
    answer.is_some_and(|answer| answer.sqlstate() == sqlstate)
}

/// Whether the server ends the connection after this error: its severity is FATAL or PANIC.
///
/// A server may pass on what another one answered, as an ERROR over a connection that stays: Citus does,
/// when one of its workers is down. A pooler tells the severity in one field only, always in English.
fn ends_the_connection(answer: &DbError) -> bool {
    match answer.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => answer.severity() != "ERROR",
    }
}

/// `ends`: whether the server ends the connection.
fn classify(state: &SqlState, ends: bool) -> (StoreErrorKind, Retry, ConnectionState) {
    const RETIRES: ConnectionState = ConnectionState::Broken;
    let stays = match ends {
        true => ConnectionState::Broken,
        false => ConnectionState::Reusable,
    };
    match state.code() {
        // undefined_table, undefined_column, invalid_schema_name
        "42P01" | "42703" | "3F000" => (StoreErrorKind::NotMigrated, Retry::Never, stays),
        // insufficient_privilege
        "42501" => (StoreErrorKind::Forbidden, Retry::Never, stays),
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => (StoreErrorKind::Unavailable, Retry::Safe, stays),
        // query_canceled: by statement_timeout, by an operator, or because a connection hung
        "57014" => (StoreErrorKind::Timeout, Retry::Safe, stays),
        // lock_not_available: by lock_timeout
        "55P03" => (StoreErrorKind::Timeout, Retry::Never, stays),
        // read_only_sql_transaction: the server is no longer the primary
        "25006" => (StoreErrorKind::Unavailable, Retry::Safe, RETIRES),
        // A prepared statement was removed (a pooler's DISCARD ALL) or does not fit a changed table.
        "26000" | "0A000" => (StoreErrorKind::Other, Retry::Safe, RETIRES),
        // cannot_connect_now, too_many_connections
        "57P03" | "53300" => (StoreErrorKind::Unavailable, Retry::Safe, stays),
        // Class 57P: shut down or terminated. Class 08: a pooler, or a server with others behind it,
        // reports a broken connection.
        code if code.starts_with("57P") || code.starts_with("08") => {
            (StoreErrorKind::Unavailable, Retry::InDoubt, stays)
        }
        // Class 53: out of disk, memory or connections. A server that ends for lack of disk may have written
        // the commit.
        code if code.starts_with("53") && !ends => {
            (StoreErrorKind::Unavailable, Retry::Never, stays)
        }
        // The connection was lost under the statement: Pgpool-II says XX000 when it loses the server.
        _ if ends => (StoreErrorKind::Unavailable, Retry::InDoubt, stays),
        _ => (StoreErrorKind::Other, Retry::Never, stays),
    }
}

/// The error as a cause. The server's DETAIL and the like are left out: they may quote a row, and
/// with it a session.
pub(super) fn without_details(error: tokio_postgres::Error) -> Box<dyn Error + Send + Sync> {
    match DatabaseError::from_driver(&error) {
        Some(answer) => Box::new(answer),
        None => Box::new(error),
    }
}

impl From<&ConnectError> for ErrorClass {
    /// A wrong configuration is [`ErrorClass::Usage`]; what a server, the network or the system
    /// did is [`ErrorClass::Internal`].
    fn from(error: &ConnectError) -> Self {
        match error.is_configuration() {
            true => Self::Usage,
            false => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_exclude_an_effect_are_not_in_doubt() {
        for (code, retry, connection) in [
            ("40P01", Retry::Safe, ConnectionState::Reusable),
            ("25006", Retry::Safe, ConnectionState::Broken),
            ("57P01", Retry::InDoubt, ConnectionState::Reusable),
            ("08006", Retry::InDoubt, ConnectionState::Reusable),
            ("53100", Retry::Never, ConnectionState::Reusable),
            ("42P01", Retry::Never, ConnectionState::Reusable),
        ] {
            let (_, classified, left) = classify(&SqlState::from_code(code), false);
            assert_eq!((classified, left), (retry, connection), "{code}");
            let (_, _, left) = classify(&SqlState::from_code(code), true);
            assert_eq!(left, ConnectionState::Broken, "{code}, and the server ends");
        }
    }

    #[test]
    fn an_unknown_error_or_a_lack_of_disk_that_ends_the_connection_is_in_doubt() {
        for code in ["XX000", "53100"] {
            let state = SqlState::from_code(code);
            assert_eq!(classify(&state, false).1, Retry::Never, "{code}");
            let (kind, retry, _) = classify(&state, true);
            let in_doubt = (StoreErrorKind::Unavailable, Retry::InDoubt);
            assert_eq!((kind, retry), in_doubt, "{code}");
        }
    }
}
