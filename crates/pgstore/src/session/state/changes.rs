//! What the handler does to its session.

use std::sync::Arc;

use super::session_state::{Phase, ReadSession, SessionState};
use crate::options::CookieOptions;
use crate::session::SessionError;
use crate::session::change::Change;
use crate::session::metadata::MetadataChange;
use crate::session::operation::Operation;
use crate::store::Lookup;
use crate::wire::Key;

impl SessionState {
    /// Applies an operation to the values, or records it until they are read.
    pub(in crate::session) fn record(
        &mut self,
        mut operation: Operation,
    ) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        if let Some(read) = &mut self.read {
            operation.note_before(&read.values);
            if self.operations.is_empty() {
                read.stored = Some(Arc::clone(&read.values));
            }
            operation.apply(Arc::make_mut(&mut read.values), &self.go_peer)?;
        }
        self.operations.push(operation);
        Ok(())
    }

    /// Whether the handler has discarded what the store has under the key.
    pub(in crate::session) fn has_discarded(&self, key: &Key) -> bool {
        let mut operations = self.operations.iter();
        operations.any(|operation| operation.discards(key))
    }

    pub(in crate::session) fn set_options(
        &mut self,
        options: CookieOptions,
        sets_max_age: bool,
    ) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        let max_age = options.lasting();
        // The maximal age of a row that is not read yet is unknown.
        let may_differ = sets_max_age && self.id.is_some() && !self.is_read();
        if may_differ || max_age != self.options().lasting() {
            self.metadata.max_age = Some(max_age);
        }
        self.options = options;
        self.options_changed = true;
        Ok(())
    }

    /// Changes the owner or the label.
    pub(in crate::session) fn change_metadata(
        &mut self,
        change: impl FnOnce(&mut MetadataChange),
    ) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        change(&mut self.metadata);
        Ok(())
    }

    /// Asks for a new ID to which the old one does not lead. `reseed` replaces the CSRF seed.
    pub(in crate::session) fn renew(&mut self, reseed: Operation) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        if self.requested < Change::Renewed {
            self.record(reseed)?;
            self.carried_seed.forget();
            self.requested = Change::Renewed;
        }
        Ok(())
    }

    /// Asks for a new ID to which the old one leads for a while, unless this request came with an
    /// earlier ID: then it gets the current one.
    pub(in crate::session) fn rotate(&mut self) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        if !self.was_moved_along {
            self.requested = self.requested.max(Change::Rotated);
        }
        Ok(())
    }

    /// Ends the session and continues with an empty new one.
    pub(in crate::session) fn start_over(&mut self) -> Result<(), SessionError> {
        self.must_be_open()?;
        if self.requested == Change::Destroyed {
            return Err(SessionError::Destroyed);
        }
        self.end(Change::StartedOver);
        self.options = self.given_options.clone();
        self.options_changed = false;
        Ok(())
    }

    /// Ends the session.
    pub(in crate::session) fn destroy(&mut self) -> Result<(), SessionError> {
        self.must_be_open()?;
        self.end(Change::Destroyed);
        Ok(())
    }

    fn end(&mut self, requested: Change) {
        self.requested = requested;
        self.operations.clear();
        self.taken.clear();
        self.carried_seed.forget();
        self.metadata = MetadataChange::default();
        self.read = Some(ReadSession {
            values: Arc::default(),
            stored: None,
            lookup: Lookup::Absent,
        });
    }

    pub(in crate::session) fn close(&mut self) {
        self.phase = Phase::HeadSent;
    }

    /// Discards every change except the end of the session and its new ID. Flashes that were taken
    /// are put back.
    pub(in crate::session) fn discard_changes(&mut self) {
        match self.requested {
            Change::Destroyed => return,
            Change::StartedOver => return self.end(Change::StartedOver),
            _ => self.read = None,
        }
        self.metadata = MetadataChange::default();
        self.options = self.given_options.clone();
        self.options_changed = false;
        let taken = std::mem::take(&mut self.taken).into_iter();
        for attempt in &mut self.attempts {
            // Of the operations that it covers, these stay recorded.
            let covered = self.operations.iter().take(attempt.covers.operations);
            let stays = covered.filter(|operation| operation.outlasts_discarding());
            attempt.covers.operations = stays.count();
        }
        self.operations.retain(Operation::outlasts_discarding);
        self.operations.extend(taken.map(Operation::PutBack));
    }

    /// Forgets that the handler asked for a new ID.
    #[cfg(feature = "middleware")]
    pub(in crate::session) fn forget_new_id(&mut self) {
        if !self.requested.ends_the_session() {
            self.requested = Change::None;
            self.operations
                .retain(|operation| !operation.belongs_to_a_new_id());
        }
    }

    pub(in crate::session) fn must_be_changeable(&self) -> Result<(), SessionError> {
        self.must_be_open()?;
        if self.requested == Change::Destroyed {
            Err(SessionError::Destroyed)
        } else if self.is_degraded() {
            Err(SessionError::Degraded)
        } else {
            Ok(())
        }
    }

    fn must_be_open(&self) -> Result<(), SessionError> {
        match self.phase {
            Phase::Open => Ok(()),
            Phase::HeadSent => Err(SessionError::HeadSent),
        }
    }
}
