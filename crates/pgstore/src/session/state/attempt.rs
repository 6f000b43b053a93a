//! One attempt to write a row, and what a later read says about its outcome.

use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::options::CookieOptions;
use crate::session::change::Change;
use crate::session::metadata::MetadataChange;
use crate::session::operation::Taken;
use crate::session::record::RowMeta;
use crate::store::Row;

/// One attempt at one statement. It stays recorded until its outcome is known.
#[derive(Clone, Debug)]
pub(in crate::session) struct Attempt {
    pub(in crate::session) covers: CoveredChanges,
    /// The ID that the row has if the attempt took effect.
    pub(in crate::session) id: SessionId,
    /// The row's metadata if the attempt took effect.
    pub(in crate::session) meta: RowMeta,
    pub(in crate::session) replaces: Replaces,
    /// The flashes that the attempt removes from the row.
    pub(in crate::session) takes: Option<Taken>,
}

/// Which of the handler's changes a save contains.
#[derive(Clone, Debug)]
pub(in crate::session) struct CoveredChanges {
    pub(in crate::session) change: Change,
    pub(in crate::session) options: CookieOptions,
    pub(in crate::session) metadata: MetadataChange,
    /// How many of the recorded operations, from the first on.
    pub(in crate::session) operations: usize,
}

/// What the statement replaces.
#[derive(Clone, Debug)]
pub(in crate::session) enum Replaces {
    /// Nothing: it inserts a first row.
    Nothing,
    /// The row of this version under the same ID.
    Version(Timestamp),
    /// The row of an older ID in this version; no version for a row that does not open.
    OldId(SessionId, Option<Timestamp>),
}

/// The outcome of an attempt, as far as the stored row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Resolution {
    /// It took effect.
    Saved,
    /// It has had no effect so far. The statement may still arrive; the guards in its `WHERE` then
    /// let only one of it and a second attempt through.
    NoEffect,
    /// Other requests have written since, so the outcome cannot be determined any more.
    Unknowable,
}

impl Attempt {
    /// Whether the row has another ID afterwards.
    pub(in crate::session) fn changes_the_id(&self) -> bool {
        !matches!(self.replaces, Replaces::Version(_))
    }

    pub(in crate::session) fn is(&self, other: &Self) -> bool {
        self.meta.extras.save_token == other.meta.extras.save_token
    }

    /// Decides by what is stored under the attempt's ID. `None` if the old ID must be read, too.
    pub(in crate::session) fn resolution(&self, found: Option<&Row>) -> Option<Resolution> {
        match (&self.replaces, found) {
            (_, Some(row)) if self.wrote(row) => Some(Resolution::Saved),
            (Replaces::Nothing, None) => Some(Resolution::NoEffect),
            (Replaces::Version(seen), Some(row)) if row.modified_on == *seen => {
                Some(Resolution::NoEffect)
            }
            (Replaces::OldId(..), None) => None,
            _ => Some(Resolution::Unknowable),
        }
    }

    /// Whether the row has the save token of this attempt.
    fn wrote(&self, row: &Row) -> bool {
        row.extras.save_token.is_some() && row.extras.save_token == self.meta.extras.save_token
    }
}
