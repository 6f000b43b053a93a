//! Messages that were taken, and may have to be put back.

use super::{Fate, Source, State, View};
use crate::session::operation::{Operation, Taken};
use crate::session::plan::Change;
use crate::session::rows::OpenedRow;

impl State {
    /// Messages that are gone from the row, though nobody was given them.
    pub(in crate::session) fn put_back(&mut self, taken: Taken) {
        if self.fate != Fate::Destroyed {
            self.operations.insert(0, Operation::PutBack(taken));
        }
    }

    /// Whether messages may be gone from the row that nobody was given.
    pub(in crate::session) fn has_taken_perhaps(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.takes.is_some())
    }

    /// Whether all that is to be saved are messages that were taken.
    pub(in crate::session) fn only_puts_back(&self) -> bool {
        self.change() == Change::Values
            && !self.options_changed
            && self.about.is_none()
            && self.operations.iter().all(Operation::puts_back)
    }

    /// Messages that are gone from the row, now that the handler is given them.
    pub(in crate::session) fn note_taken(&mut self, taken: Taken) {
        self.taken.push(taken);
    }

    /// The row as it is, if the handler has done nothing to its values.
    pub(in crate::session) fn unchanged_row(&self) -> Option<OpenedRow> {
        match &self.view {
            View::Read {
                values,
                source: Source::Row(meta),
            } if self.operations.is_empty() && !self.row_is_stale => Some(OpenedRow {
                values: values.clone(),
                meta: meta.clone(),
            }),
            _ => None,
        }
    }

    /// The row is not what it was when it was read.
    pub(in crate::session) fn note_stale(&mut self) {
        self.row_is_stale = true;
    }
}
