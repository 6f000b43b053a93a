//! Names the migration that a statement needs.

use std::error::Error;
use std::fmt;

use super::migrations::Migration;
use crate::error_text::debug_as_text;
use crate::store::{StoreError, StoreErrorKind};

/// The cause of [`StoreErrorKind::NotMigrated`]. Its own cause is the server's error.
pub(super) struct NeedsMigration {
    migration: &'static Migration,
    refused: StoreError,
}

impl NeedsMigration {
    /// The error of a statement that needs this migration.
    pub(super) fn of(migration: &'static Migration, refused: StoreError) -> StoreError {
        let cause = Self { migration, refused };
        StoreError::caused_by(StoreErrorKind::NotMigrated, cause)
    }
}

impl fmt::Display for NeedsMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, name) = (self.migration.number(), self.migration.name());
        write!(f, "it needs migration {number} ({name})")
    }
}

debug_as_text!(NeedsMigration);

impl Error for NeedsMigration {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.refused.source()
    }
}
