//! Finds out what became of a save whose answer was lost. Each save writes a random save token: a row
//! that has it was written by that save.

use crate::session::state::{Attempt, Replaces, Resolution};
use crate::session::{Session, SessionError};
use crate::store::{Lookup, Row, StoreError, StoreErrorKind};

impl Session {
    /// Resolves attempts of earlier saves that were cut off, so that saving again repeats nothing.
    ///
    /// # Errors
    /// When an outcome cannot be determined any more: then nothing may be saved again.
    pub(in crate::session) async fn resolve_earlier_attempts(&self) -> Result<(), SessionError> {
        let attempts = self.state().attempts().to_vec();
        let mut is_unknowable = false;
        for attempt in attempts {
            match self.resolve(&attempt).await? {
                Resolution::Saved => {
                    self.put_back_what_it_took(attempt);
                    return Ok(());
                }
                Resolution::NoEffect => {}
                Resolution::Unknowable => is_unknowable = true,
            }
        }
        if is_unknowable {
            Err(outcome_unknown())
        } else {
            Ok(())
        }
    }

    /// If a write is confirmed only later, its caller has already received an error, so return the
    /// flashes it took.
    pub(in crate::session) fn put_back_what_it_took(&self, attempt: Attempt) {
        if let Some(taken) = attempt.takes {
            self.state().put_back(taken);
        }
    }

    /// Finds out what became of an attempt, and records it if it took effect.
    pub(in crate::session) async fn resolve(
        &self,
        attempt: &Attempt,
    ) -> Result<Resolution, SessionError> {
        let resolution = self.read_outcome(attempt).await?;
        tracing::debug!(?resolution, "read the row to resolve a save in doubt");
        if resolution == Resolution::Saved {
            self.record_saved(attempt);
        }
        Ok(resolution)
    }

    /// Records that an attempt took effect. Earlier inserts used different IDs and may still land:
    /// deletes those orphans in the background.
    pub(in crate::session) fn record_saved(&self, attempt: &Attempt) {
        let others = self.state().record_saved(attempt);
        let orphans = others
            .into_iter()
            .filter(|other| matches!(other.replaces, Replaces::Nothing));
        for orphan in orphans {
            self.rows().logouts.take_over(orphan.id);
        }
    }

    async fn read_outcome(&self, attempt: &Attempt) -> Result<Resolution, SessionError> {
        let found = self.row_under(&attempt.id).await?;
        if let Some(resolution) = attempt.resolution(found.as_ref()) {
            return Ok(resolution);
        }
        let Replaces::OldId(old, Some(seen)) = &attempt.replaces else {
            return Ok(Resolution::Unknowable);
        };
        let found = self.row_under(old).await?;
        Ok(match found.is_some_and(|row| row.modified_on == *seen) {
            true => Resolution::NoEffect,
            false => Resolution::Unknowable,
        })
    }

    /// The row that is stored under exactly this ID.
    async fn row_under(&self, id: &crate::id::SessionId) -> Result<Option<Row>, SessionError> {
        let (store, now) = (&self.rows().store, self.rows().clock.now());
        Ok(match store.load(id, now).await? {
            Lookup::Row(stored_under, row) if stored_under == *id => Some(row),
            _ => None,
        })
    }
}

/// The error of a save that may have taken effect.
pub(in crate::session) fn outcome_unknown() -> SessionError {
    StoreError::new(StoreErrorKind::Unavailable)
        .in_doubt()
        .into()
}

/// Whether the statement behind an error may have taken effect.
pub(super) fn is_in_doubt(error: &SessionError) -> bool {
    matches!(error, SessionError::Store(error) if error.is_in_doubt())
}
