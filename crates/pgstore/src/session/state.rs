//! What one request knows of its session and has done to it. No I/O: `mod.rs` and `save.rs` do it.

use super::operation::Operation;
use super::plan::{Change, Found, Plan, plan};
use super::rows::{OpenedRow, RowTimes, Stored};
use super::{Presented, SessionError};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::options::CookieOptions;
use crate::wire::{GoPeer, Values};

#[derive(Debug)]
pub(super) struct State {
    /// The ID that the session has now: the cookie's, or the one that it was saved under since.
    id: Option<Presented>,
    content: Content,
    /// What the handler did to the values since they were last saved, in order. Another request
    /// may save first: then it is done again to what that one left.
    operations: Vec<Operation>,
    options: CookieOptions,
    /// The options that the session had before the handler set others.
    given_options: CookieOptions,
    options_changed: bool,
    go_peer: GoPeer,
    fate: Fate,
    phase: Phase,
    /// Whether anything about the session was asked or changed, so that the response depends on
    /// the cookie.
    pub(super) looked_at: bool,
}

/// The session's values: as the handler sees them, once they are read.
#[derive(Debug)]
enum Content {
    Unread,
    Read {
        values: Values,
        row: Option<RowTimes>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    Renewed,
    Destroyed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    HeadSent,
}

/// What one save writes. It counts as a change until it is known to be stored.
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) values: Values,
    /// The row that it replaces; `None` for one that cannot be read.
    pub(super) row: Option<RowTimes>,
    pub(super) options: CookieOptions,
    /// How many operations it contains.
    operations: usize,
}

impl State {
    pub(super) fn new(
        presented: Option<Presented>,
        options: CookieOptions,
        go_peer: GoPeer,
    ) -> Self {
        Self {
            id: presented,
            content: Content::Unread,
            operations: Vec::new(),
            given_options: options.clone(),
            options,
            options_changed: false,
            go_peer,
            fate: Fate::Lives,
            phase: Phase::Open,
            looked_at: false,
        }
    }

    /// The cookie that the browser has.
    pub(super) fn presented(&self) -> Option<&Presented> {
        self.id.as_ref()
    }

    pub(super) fn options(&self) -> &CookieOptions {
        &self.options
    }

    pub(super) fn options_changed(&self) -> bool {
        self.options_changed
    }

    /// The values, once they are read.
    pub(super) fn values(&self) -> Option<&Values> {
        match &self.content {
            Content::Read { values, .. } => Some(values),
            Content::Unread => None,
        }
    }

    pub(super) fn is_read(&self) -> bool {
        matches!(self.content, Content::Read { .. })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values().is_none_or(Values::is_empty)
    }

    /// What the session is, once it has been read.
    pub(super) fn found(&self) -> Found {
        match &self.content {
            Content::Read { row: Some(_), .. } => self.presumed(),
            _ => Found::Nothing,
        }
    }

    /// What the cookie says that the session is.
    pub(super) fn presumed(&self) -> Found {
        match &self.id {
            Some(presented) => Found::Row(presented.id.clone()),
            None => Found::Nothing,
        }
    }

    /// Takes in what the store has, and does to it what the handler did.
    ///
    /// On an error nothing has changed: the operations still wait.
    pub(super) fn arrive(&mut self, row: Option<OpenedRow>) -> Result<(), SessionError> {
        if self.fate == Fate::Destroyed {
            return Ok(()); // It was ended while the store was asked: it stays empty.
        }
        let times = row.as_ref().map(|row| row.times);
        let mut values = row.map_or_else(Values::new, |row| row.values);
        for operation in &mut self.operations {
            operation.perform(&mut values, &self.go_peer)?;
        }
        self.content = Content::Read { values, row: times };
        Ok(())
    }

    /// Does something to the values, or keeps it in mind until they are read.
    pub(super) fn record(&mut self, mut operation: Operation) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        if let Content::Read { values, .. } = &mut self.content {
            operation.perform(values, &self.go_peer)?;
        }
        self.operations.push(operation);
        Ok(())
    }

    pub(super) fn set_options(&mut self, options: CookieOptions) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        self.options = options;
        self.options_changed = true;
        Ok(())
    }

    /// Renewing twice is once. `reseed` goes with it.
    pub(super) fn renew(&mut self, reseed: Operation) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        if self.fate != Fate::Renewed {
            self.record(reseed)?;
        }
        self.fate = Fate::Renewed;
        Ok(())
    }

    /// Destroying twice is once.
    pub(super) fn destroy(&mut self) -> Result<(), SessionError> {
        self.must_be_open()?;
        self.fate = Fate::Destroyed;
        self.operations.clear();
        self.content = Content::Read {
            values: Values::new(),
            row: None,
        };
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.phase = Phase::HeadSent;
    }

    /// Forgets every change but the end of the session and its new ID.
    pub(super) fn discard_changes(&mut self) {
        if self.fate != Fate::Destroyed {
            self.content = Content::Unread;
            self.operations.retain(Operation::goes_with_a_new_id);
            self.options = self.given_options.clone();
            self.options_changed = false;
        }
    }

    /// What there is to save.
    pub(super) fn change(&self) -> Change {
        match self.fate {
            Fate::Destroyed => Change::Destroyed,
            Fate::Renewed => Change::Renewed,
            Fate::Lives if self.options_changed || !self.operations.is_empty() => Change::Values,
            Fate::Lives => Change::None,
        }
    }

    /// What to do and what to write, as of now: what changes while it is on its way is for the
    /// next save.
    pub(super) fn decide(&self, found: Found) -> (Plan, Job) {
        let change = self.change();
        let plan = plan(found, change, self.is_empty());
        let (values, row) = match &self.content {
            Content::Read { values, row } => (values.clone(), *row),
            Content::Unread => (Values::new(), None),
        };
        let (options, operations) = (self.options.clone(), self.operations.len());
        (
            plan,
            Job {
                change,
                values,
                row,
                options,
                operations,
            },
        )
    }

    /// The job is done. Until this is known, all of it counts as still to be done: also when the
    /// request goes away while its save is under way.
    pub(super) fn record_saved(&mut self, job: &Job, stored: &Stored) {
        if self.fate == Fate::Destroyed {
            return; // It was ended meanwhile; the row goes with the next save.
        }
        self.operations
            .drain(..job.operations.min(self.operations.len()));
        if self.options == job.options {
            self.options_changed = false;
        }
        if job.change == Change::Renewed && self.fate == Fate::Renewed {
            self.fate = Fate::Lives;
        }
        if let Content::Read { row, .. } = &mut self.content {
            *row = Some(stored.times);
        }
    }

    /// The browser is given a cookie, sealed at this time.
    pub(super) fn record_cookie(&mut self, id: SessionId, at: Timestamp) {
        let issued_at = at.unix_seconds();
        self.id = Some(Presented {
            id,
            issued_at,
            by_current_keys: true,
        });
    }

    /// The session is no longer stored.
    pub(super) fn record_deleted(&mut self) {
        self.id = None;
    }

    pub(super) fn must_be_changeable(&self) -> Result<(), SessionError> {
        self.must_be_open()?;
        if self.fate == Fate::Destroyed {
            Err(SessionError::Destroyed)
        } else {
            Ok(())
        }
    }

    fn must_be_open(&self) -> Result<(), SessionError> {
        if self.phase == Phase::HeadSent {
            Err(SessionError::HeadSent)
        } else {
            Ok(())
        }
    }
}
