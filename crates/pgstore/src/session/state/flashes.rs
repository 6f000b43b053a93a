//! Flashes that the request took from the row and may have to put back.

use super::session_state::{ReadSession, SessionState};
use crate::session::change::Change;
use crate::session::operation::{Operation, Taken};
use crate::session::record::OpenedRow;
use crate::store::Lookup;

impl SessionState {
    /// Puts back flashes that were removed from the row but not given to the handler.
    pub(in crate::session) fn put_back(&mut self, taken: Taken) {
        if !self.requested.ends_the_session() {
            self.operations.insert(0, Operation::PutBack(taken));
        }
    }

    /// Whether an attempt whose outcome is unknown may have removed flashes from the row.
    ///
    /// That is a change to save even if the row still has them: the attempt may land later and remove
    /// messages that no page has shown. A write of the row is guarded by the same version, so that only
    /// one of the two takes effect.
    pub(in crate::session) fn may_have_taken(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.takes.is_some())
    }

    /// Whether the request has flashes that are, or may be, no longer in the row.
    #[cfg(feature = "middleware")]
    pub(in crate::session) fn holds_flashes(&self) -> bool {
        let put_back = self.operations.iter().any(Operation::puts_back);
        let holds = !self.taken.is_empty() || put_back || self.may_have_taken();
        holds && !self.requested.ends_the_session()
    }

    /// Whether the only changes to save are flashes to put back.
    pub(in crate::session) fn only_puts_back(&self) -> bool {
        self.change() == Change::Values
            && !self.options_changed
            && self.metadata.is_none()
            && self.operations.iter().all(Operation::puts_back)
    }

    /// Notes flashes that were removed from the row and that the handler gets.
    pub(in crate::session) fn note_taken(&mut self, taken: Taken) {
        self.taken.push(taken);
    }

    /// The row as it was read, if the handler has not changed its values.
    pub(in crate::session) fn unchanged_row(&self) -> Option<OpenedRow> {
        match &self.read {
            Some(ReadSession {
                values,
                lookup: Lookup::Row(_, Some(meta)),
                ..
            }) if self.operations.is_empty() && !self.row_is_stale => Some(OpenedRow {
                values: (**values).clone(),
                meta: meta.clone(),
            }),
            _ => None,
        }
    }

    /// Notes that another request has written the row since it was read.
    pub(in crate::session) fn note_stale(&mut self) {
        self.row_is_stale = true;
    }
}
