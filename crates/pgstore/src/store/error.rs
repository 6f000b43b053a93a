//! Why a store failed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::error_text::debug_as_text;
use crate::wire::ErrorClass;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a call of a [`Store`](super::Store) failed.
///
/// Branch on [`kind`](StoreError::kind) and report the [`source`](Error::source). Neither contains
/// a session's ID, its data or a password. Callers whose requests failed together get clones of
/// one error.
#[derive(Clone)]
pub struct StoreError {
    kind: StoreErrorKind,
    is_in_doubt: bool,
    is_reported: bool,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// No connection could be made, or the one in use was lost.
    Unavailable,
    /// The store did not answer within the deadline of the operation.
    Timeout,
    /// A table or a column is missing. Run `migrate()`, for the right schema.
    NotMigrated,
    /// The database user lacks a right: it needs SELECT, INSERT, UPDATE and DELETE on the sessions
    /// table and on that of earlier IDs.
    Forbidden,
    /// A column of the row is NULL or an infinite time. The row is kept.
    UndecodableRow,
    /// The table refused a statement without an error: it changed nothing although there was
    /// something to change, or it stored something else. Row-level security without a policy for
    /// this role, a trigger or a rule does that. Nothing was saved, and no session was ended.
    RefusedSilently,
    /// The store was closed by the application.
    Closed,
    /// The store answered another error.
    Other,
}

impl StoreError {
    /// An error without a cause.
    #[must_use]
    pub fn new(kind: StoreErrorKind) -> Self {
        Self {
            kind,
            is_in_doubt: false,
            is_reported: false,
            cause: None,
        }
    }

    /// An error with a cause.
    #[must_use]
    pub fn caused_by(kind: StoreErrorKind, cause: impl Into<Cause>) -> Self {
        Self {
            cause: Some(Arc::from(cause.into())),
            ..Self::new(kind)
        }
    }

    /// The same error of a write that may have taken effect: its answer was lost or late.
    #[must_use]
    pub fn in_doubt(self) -> Self {
        Self {
            is_in_doubt: true,
            ..self
        }
    }

    /// Whether the write may have taken effect although it failed.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    /// The same error of a store that has logged the cause itself, once for all callers.
    #[must_use]
    pub fn reported(self) -> Self {
        Self {
            is_reported: true,
            ..self
        }
    }

    /// Whether the store has logged the cause itself, once for all callers: that it cannot be reached,
    /// say. Each caller's failure is logged at debug then, so that an outage does not fill the log.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.is_reported
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Who can fix it: the developer, the client, or the operator.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self.kind {
            StoreErrorKind::NotMigrated | StoreErrorKind::Forbidden | StoreErrorKind::Closed => {
                ErrorClass::Usage
            }
            StoreErrorKind::UndecodableRow => ErrorClass::Client,
            StoreErrorKind::Unavailable
            | StoreErrorKind::Timeout
            | StoreErrorKind::RefusedSilently
            | StoreErrorKind::Other => ErrorClass::Internal,
        }
    }

    /// Whether another attempt later can succeed: the store was unreachable or slow.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::Unavailable | StoreErrorKind::Timeout
        )
    }
}

debug_as_text!(StoreError);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the session store cannot be reached",
            StoreErrorKind::Timeout => "the session store did not answer in time",
            StoreErrorKind::NotMigrated => {
                "the sessions table or a column of it is missing: run PgStore::migrate() first"
            }
            StoreErrorKind::Forbidden => {
                "the database user may not use the sessions table or the table of earlier IDs \
                 (http_sessions_ids): grant it SELECT, INSERT, UPDATE and DELETE on both, and USAGE \
                 on the id sequence"
            }
            StoreErrorKind::UndecodableRow => "the session's row holds a NULL or infinite column",
            StoreErrorKind::RefusedSilently => {
                "the sessions table silently refuses changes: row-level security without a policy \
                 for this role, a trigger or a rule prevents them; give the role policies for \
                 SELECT, INSERT, UPDATE and DELETE, or remove the trigger or rule"
            }
            StoreErrorKind::Closed => "the session store was closed by the application",
            StoreErrorKind::Other => "the session store refused the statement",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_ref()
            .map(|cause| &**cause as &(dyn Error + 'static))
    }
}
