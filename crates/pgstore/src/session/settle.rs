//! A save of unknown fate: its answer was lost, or nobody waited for it. The random mark that it
//! wrote, or did not, tells.

use super::rows::Facts;
use super::state::Receipt;
use super::{Session, SessionError};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{Row, StoreError};

/// One try at one statement.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) receipt: Receipt,
    /// The ID that the row has if it took effect.
    pub(super) id: SessionId,
    /// What is known of the row if it took effect.
    pub(super) facts: Facts,
    pub(super) over: Over,
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

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Saved,
    /// It had no effect, and another try may.
    Undone,
    /// Others have written since, so that nobody will ever know.
    Open,
}

impl Attempt {
    pub(super) fn is_under_a_new_id(&self) -> bool {
        !matches!(self.over, Over::Row(_))
    }

    /// Judges by what stands under the ID now.
    fn verdict(&self, found: Option<&Row>) -> Option<Verdict> {
        let is_ours = |row: &Row| row.ours.mark.is_some() && row.ours.mark == self.facts.ours.mark;
        match (&self.over, found) {
            (_, Some(row)) if is_ours(row) => Some(Verdict::Saved),
            (Over::Nothing, None) => Some(Verdict::Undone),
            (Over::Row(seen), Some(row)) if row.modified_on == *seen => Some(Verdict::Undone),
            (Over::OldId(..), None) => None,
            _ => Some(Verdict::Open),
        }
    }
}

impl Session {
    /// Finds out about a save that was cut off, so that saving again does nothing twice.
    pub(super) async fn settle_earlier_attempt(&self) -> Result<(), SessionError> {
        let Some(attempt) = self.state().attempt() else {
            return Ok(());
        };
        match self.settle(&attempt).await? {
            Verdict::Saved | Verdict::Undone => Ok(()),
            Verdict::Open => Err(unknown()),
        }
    }

    /// Finds out what became of a save, and notes it.
    pub(super) async fn settle(&self, attempt: &Attempt) -> Result<Verdict, SessionError> {
        let verdict = self.find_out(attempt).await?;
        let mut state = self.state();
        match verdict {
            Verdict::Saved => state.record_saved(),
            Verdict::Undone => state.record_undone(),
            Verdict::Open => {}
        }
        tracing::debug!(?verdict, "a save of unknown fate was looked into");
        Ok(verdict)
    }

    async fn find_out(&self, attempt: &Attempt) -> Result<Verdict, SessionError> {
        let (store, now) = (&self.0.rows.store, self.0.rows.clock.now());
        let found = store.load(&attempt.id, now).await?;
        if let Some(verdict) = attempt.verdict(found.as_ref()) {
            return Ok(verdict);
        }
        let Over::OldId(old, Some(seen)) = &attempt.over else {
            return Ok(Verdict::Open);
        };
        let is_as_it_was = |row: Row| row.modified_on == *seen;
        let found = store.load(old, now).await?;
        Ok(match found.is_some_and(is_as_it_was) {
            true => Verdict::Undone,
            false => Verdict::Open,
        })
    }
}

/// The error of a save of which nobody knows whether it took effect.
pub(super) fn unknown() -> SessionError {
    use crate::store::StoreErrorKind::Unavailable;
    StoreError::new(Unavailable).in_doubt().into()
}

/// Whether an error leaves open what it did.
pub(super) fn is_in_doubt(error: &SessionError) -> bool {
    matches!(error, SessionError::Store(error) if error.is_in_doubt())
}
