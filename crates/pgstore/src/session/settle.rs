//! A save of unknown fate: its answer was lost, or nobody waited for it. The random save token that it
//! wrote, or did not, tells.

use super::operation::Taken;
use super::rows::RowMeta;
use super::state::CoveredChanges;
use super::{Session, SessionError};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{Row, StoreError, StoreErrorKind};

/// One try at one statement.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) covers: CoveredChanges,
    /// The ID that the row has if it took effect.
    pub(super) id: SessionId,
    /// What is known of the row if it took effect.
    pub(super) meta: RowMeta,
    pub(super) over: Over,
    /// The messages that it takes.
    pub(super) takes: Option<Taken>,
}

/// What the statement writes over.
#[derive(Clone, Debug)]
pub(super) enum Over {
    /// Nothing: it is a first row.
    Nothing,
    /// The row as it was seen.
    Row(Timestamp),
    /// The row of an older ID, as it was seen; no version for one that cannot be read.
    OldId(SessionId, Option<Timestamp>),
}

/// What became of it, as far as anybody can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    Saved,
    /// It has had no effect so far. It may be on its way still; then the guards let only one of
    /// it and another try through.
    Undone,
    /// Others have written since, so that nobody will ever know.
    Open,
}

impl Attempt {
    pub(super) fn is_under_a_new_id(&self) -> bool {
        !matches!(self.over, Over::Row(_))
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.meta.extras.save_token == other.meta.extras.save_token
    }

    /// Whether it wrote this row.
    fn wrote(&self, row: &Row) -> bool {
        row.extras.save_token.is_some() && row.extras.save_token == self.meta.extras.save_token
    }

    /// Judges by what stands under the ID now; `None` if the older ID has to be looked at.
    fn resolution(&self, found: Option<&Row>) -> Option<Resolution> {
        match (&self.over, found) {
            (_, Some(row)) if self.wrote(row) => Some(Resolution::Saved),
            (Over::Nothing, None) => Some(Resolution::Undone),
            (Over::Row(seen), Some(row)) if row.modified_on == *seen => Some(Resolution::Undone),
            (Over::OldId(..), None) => None,
            _ => Some(Resolution::Open),
        }
    }
}

impl Session {
    /// Finds out about tries that were cut off, so that saving again does nothing twice.
    ///
    /// # Errors
    /// When nobody will ever know: then it must not be saved again.
    pub(super) async fn settle_earlier_attempts(&self) -> Result<(), SessionError> {
        let attempts = self.state().attempts().to_vec();
        let mut is_open = false;
        for attempt in attempts {
            match self.settle(&attempt).await? {
                Resolution::Saved => {
                    self.put_back_what_it_took(attempt);
                    return Ok(());
                }
                Resolution::Undone => {}
                Resolution::Open => is_open = true,
            }
        }
        if is_open { Err(unknown()) } else { Ok(()) }
    }

    /// Whoever took messages by a try that is found out about late was told of an error, or went
    /// away.
    pub(super) fn put_back_what_it_took(&self, attempt: Attempt) {
        if let Some(taken) = attempt.takes {
            self.state().put_back(taken);
        }
    }

    /// Finds out what became of a try, and notes it if it took effect.
    pub(super) async fn settle(&self, attempt: &Attempt) -> Result<Resolution, SessionError> {
        let resolution = self.find_out(attempt).await?;
        tracing::debug!(?resolution, "a save of unknown fate was looked into");
        if resolution == Resolution::Saved {
            self.record_saved(attempt);
        }
        Ok(resolution)
    }

    /// A try took effect. First rows under other IDs, which may yet come, are nobody's.
    pub(super) fn record_saved(&self, attempt: &Attempt) {
        let others = self.state().record_saved(attempt);
        let strays = others
            .into_iter()
            .filter(|other| matches!(other.over, Over::Nothing));
        for stray in strays {
            self.0.rows.logouts.take_over(&self.0.rows, stray.id);
        }
    }

    async fn find_out(&self, attempt: &Attempt) -> Result<Resolution, SessionError> {
        let (store, now) = (&self.0.rows.store, self.0.rows.clock.now());
        let found = store.load(&attempt.id, now).await?;
        if let Some(resolution) = attempt.resolution(found.as_ref()) {
            return Ok(resolution);
        }
        let Over::OldId(old, Some(seen)) = &attempt.over else {
            return Ok(Resolution::Open);
        };
        let is_as_it_was = |row: Row| row.modified_on == *seen;
        let found = store.load(old, now).await?;
        Ok(match found.is_some_and(is_as_it_was) {
            true => Resolution::Undone,
            false => Resolution::Open,
        })
    }
}

/// The error of a save of which nobody knows whether it took effect.
pub(super) fn unknown() -> SessionError {
    StoreError::new(StoreErrorKind::Unavailable)
        .in_doubt()
        .into()
}

/// Whether an error leaves open what it did.
pub(super) fn is_in_doubt(error: &SessionError) -> bool {
    matches!(error, SessionError::Store(error) if error.is_in_doubt())
}
