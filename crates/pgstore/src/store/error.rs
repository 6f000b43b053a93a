use std::error::Error;
use std::fmt;

use crate::error_text::debug_as_text;
use crate::wire::ErrorClass;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a [`Store`](super::Store) could not do what it was asked.
///
/// Branch on [`kind`](StoreError::kind); report the [`source`](Error::source). Neither holds a
/// session's ID, its data or a password.
pub struct StoreError {
    kind: StoreErrorKind,
    is_in_doubt: bool,
    cause: Option<Cause>,
}

/// The kinds of [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// No connection could be had, or the one in use was lost.
    Unavailable,
    /// The store did not answer within the time an operation is given.
    Timeout,
    /// The table or a column is missing: `migrate()` was not run, or for another schema.
    NotMigrated,
    /// The database's user may not do this: it needs SELECT, INSERT, UPDATE and DELETE.
    Forbidden,
    /// A column of the row holds what none may hold: NULL or an infinite time. The row is kept.
    UndecodableRow,
    /// The store was closed by the application.
    Closed,
    /// Anything else the store answered.
    Other,
}

impl StoreError {
    /// An error without a cause further down.
    #[must_use]
    pub fn new(kind: StoreErrorKind) -> Self {
        Self {
            kind,
            is_in_doubt: false,
            cause: None,
        }
    }

    /// An error that comes from another one.
    #[must_use]
    pub fn caused_by(kind: StoreErrorKind, cause: impl Into<Cause>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(kind)
        }
    }

    /// The same of a write that may have taken effect all the same: its answer was lost, or did
    /// not come in time.
    #[must_use]
    pub fn in_doubt(self) -> Self {
        Self {
            is_in_doubt: true,
            ..self
        }
    }

    /// Whether the write may have taken effect all the same.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Who can mend it.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self.kind {
            StoreErrorKind::NotMigrated | StoreErrorKind::Forbidden | StoreErrorKind::Closed => {
                ErrorClass::Usage
            }
            StoreErrorKind::UndecodableRow => ErrorClass::Client,
            StoreErrorKind::Unavailable | StoreErrorKind::Timeout | StoreErrorKind::Other => {
                ErrorClass::Internal
            }
        }
    }

    /// Whether trying again later can help: the store was away or slow.
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
                "the sessions table is not there or lacks a column: run PgStore::migrate() first"
            }
            StoreErrorKind::Forbidden => {
                "the database user may not use the sessions table: grant it SELECT, INSERT, \
                 UPDATE and DELETE, and USAGE on its id sequence"
            }
            StoreErrorKind::UndecodableRow => "the session's row holds a NULL or infinite column",
            StoreErrorKind::Closed => "the session store was closed",
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
