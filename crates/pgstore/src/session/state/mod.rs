//! What one request knows of its session and has done to it. No I/O: `mod.rs` and `save.rs` do it.

mod messages;
mod saving;

use super::metadata::{MetadataChange, Sources};
use super::operation::{Operation, Taken};
use super::plan::{Age, Change, Content, Found};
use super::rows::{Arrival, OpenedRow, RowMeta};
use super::settle::Attempt;
use super::{CookieId, SessionError};
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::options::{CookieOptions, MaxAge};
use crate::policy::OnConflict;
use crate::store::RowExtras;
use crate::wire::{GoPeer, Values};

pub(super) use saving::{CoveredChanges, Job};

#[derive(Debug)]
pub(super) struct State {
    /// The ID that the session has now: the cookie's, or the one that it was saved under since.
    id: Option<CookieId>,
    view: View,
    /// What the handler did to the values since they were last saved, in order. Another request
    /// may save first: then it is done again to what that one left.
    operations: Vec<Operation>,
    about: MetadataChange,
    options: CookieOptions,
    /// The options that the session had before the handler set others.
    given_options: CookieOptions,
    options_changed: bool,
    /// Whether the browser must be given a cookie: the session has an ID that it does not know.
    cookie_is_owed: bool,
    go_peer: GoPeer,
    on_conflict: OnConflict,
    fate: Fate,
    phase: Phase,
    /// Whether the row is known to be another by now.
    row_is_stale: bool,
    /// Tries at saving of which nobody knows yet whether they took effect, or will.
    attempts: Vec<Attempt>,
    /// Messages that the handler was given, and that are gone from the row.
    taken: Vec<Taken>,
    /// Whether anything about the session was asked or changed, so that the response depends on
    /// the cookie.
    pub(super) looked_at: bool,
}

/// The session's values: as the handler sees them, once they are read.
#[derive(Debug)]
enum View {
    Unread,
    Read { values: Values, source: Source },
}

/// Where the values come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Nothing,
    Retired,
    Unknown,
    Row(RowMeta),
    /// A row that cannot be read, and is going to be replaced.
    Unreadable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    Rotated,
    Renewed,
    Destroyed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    HeadSent,
}

impl State {
    pub(super) fn new(
        presented: Option<CookieId>,
        options: CookieOptions,
        go_peer: GoPeer,
        on_conflict: OnConflict,
    ) -> Self {
        Self {
            id: presented,
            view: View::Unread,
            operations: Vec::new(),
            about: MetadataChange::default(),
            given_options: options.clone(),
            options,
            options_changed: false,
            cookie_is_owed: false,
            go_peer,
            on_conflict,
            fate: Fate::Lives,
            phase: Phase::Open,
            row_is_stale: false,
            attempts: Vec::new(),
            taken: Vec::new(),
            looked_at: false,
        }
    }

    /// The cookie that the browser has.
    pub(super) fn presented(&self) -> Option<&CookieId> {
        self.id.as_ref()
    }

    /// The ID that the session is stored under.
    pub(super) fn stored_id(&self) -> Option<SessionId> {
        let id = self.id.as_ref().filter(|_| self.row().is_some());
        id.map(|presented| presented.id.clone())
    }

    /// What the cookie says that the session is.
    pub(super) fn presumed(&self) -> Found {
        const UNKNOWN: Age = Age {
            idle: 0,
            lifetime: u64::MAX,
        };
        match &self.id {
            Some(presented) => Found::Row(presented.id.clone(), UNKNOWN),
            None => Found::Nothing,
        }
    }

    /// The cookie's attributes: the session's own maximal age comes before the application's.
    pub(super) fn options(&self) -> CookieOptions {
        let own = self.about.max_age;
        match own.or_else(|| self.stored().max_age.map(MaxAge::from)) {
            Some(own) => self.options.clone().max_age(own),
            None => self.options.clone(),
        }
    }

    pub(super) fn options_changed(&self) -> bool {
        self.options_changed
    }

    pub(super) fn cookie_is_owed(&self) -> bool {
        self.cookie_is_owed
    }

    /// The values, once they are read.
    pub(super) fn values(&self) -> Option<&Values> {
        match &self.view {
            View::Read { values, .. } => Some(values),
            View::Unread => None,
        }
    }

    /// Where they come from, once they are read.
    pub(super) fn source(&self) -> Option<&Source> {
        match &self.view {
            View::Read { source, .. } => Some(source),
            View::Unread => None,
        }
    }

    /// The row that the values come from.
    pub(super) fn row(&self) -> Option<&RowMeta> {
        match self.source() {
            Some(Source::Row(meta)) => Some(meta),
            _ => None,
        }
    }

    /// What stands in the row's extra columns, as far as it is read.
    pub(super) fn stored(&self) -> RowExtras {
        self.row().map(|row| row.extras.clone()).unwrap_or_default()
    }

    /// What will stand there when the session is saved.
    pub(super) fn extras(&self, sources: &Sources) -> RowExtras {
        let mut extras = self.about.over(&self.stored());
        if let Some(values) = self.values() {
            sources.fill(&mut extras, values);
        }
        extras
    }

    /// The session's public name, drawn if it has none.
    pub(super) fn handle(&mut self) -> Result<SessionHandle, SessionError> {
        let stored = self.stored();
        Ok(self.about.handle(&stored)?)
    }

    pub(super) fn is_read(&self) -> bool {
        matches!(self.view, View::Read { .. })
    }

    /// Whether there is anything to store.
    pub(super) fn content(&self, sources: &Sources) -> Content {
        let is_empty = self.values().is_none_or(Values::is_empty);
        if is_empty && self.extras(sources).owner.is_none() {
            Content::Empty
        } else {
            Content::Something
        }
    }

    /// Takes in what the store has, and does to it what the handler did. Returns how many values
    /// that writes over which another request has changed meanwhile.
    ///
    /// On an error nothing has changed: the operations still wait.
    pub(super) fn arrive(&mut self, arrival: Arrival) -> Result<u64, SessionError> {
        if self.fate == Fate::Destroyed {
            return Ok(0); // It was ended while the store was asked: it stays empty.
        }
        let (moved_to, row, absent) = match arrival {
            Arrival::Nothing => (None, None, Source::Nothing),
            Arrival::Retired => (None, None, Source::Retired),
            Arrival::Unknown => (None, None, Source::Unknown),
            Arrival::Row(row) => (None, Some(row), Source::Nothing),
            Arrival::Moved(id, row) => (Some(id), Some(row), Source::Nothing),
        };
        let overwritten = self.take_in(row, absent)?;
        if let Some(id) = moved_to {
            self.move_to(id);
        }
        Ok(overwritten)
    }

    /// A row that cannot be read is going to be replaced by what the handler has put.
    pub(super) fn replace_unreadable(&mut self) -> Result<(), SessionError> {
        self.take_in(None, Source::Unreadable).map(|_| ())
    }

    fn take_in(&mut self, row: Option<OpenedRow>, absent: Source) -> Result<u64, SessionError> {
        let (mut values, source) = match row {
            Some(row) => (row.values, Source::Row(row.meta)),
            None => (Values::new(), absent),
        };
        if matches!(
            source,
            Source::Nothing | Source::Retired | Source::Unreadable
        ) {
            // What was taken goes with the session that it was taken from.
            self.operations.retain(|operation| !operation.puts_back());
        }
        let mut overwritten = 0;
        for operation in &mut self.operations {
            overwritten += operation.note_conflicts(&values, self.on_conflict)?;
            operation.perform(&mut values, &self.go_peer)?;
        }
        self.view = View::Read { values, source };
        self.row_is_stale = false;
        Ok(overwritten)
    }

    /// Another request has given the session a new ID in passing: this one need not.
    fn move_to(&mut self, id: SessionId) {
        if let Some(presented) = &mut self.id {
            presented.id = id;
        }
        self.cookie_is_owed = true;
        if self.fate == Fate::Rotated {
            self.fate = Fate::Lives;
        }
    }

    /// Does something to the values, or keeps it in mind until they are read.
    pub(super) fn record(&mut self, mut operation: Operation) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        if let View::Read { values, .. } = &mut self.view {
            operation.note_before(values);
            operation.perform(values, &self.go_peer)?;
        }
        self.operations.push(operation);
        Ok(())
    }

    pub(super) fn set_options(
        &mut self,
        options: CookieOptions,
        is_about_max_age: bool,
    ) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        let max_age = options.lasting();
        // Of a row that is not read nobody knows what it has.
        let may_differ = is_about_max_age && self.id.is_some() && !self.is_read();
        if may_differ || max_age != self.options().lasting() {
            self.about.max_age = Some(max_age);
        }
        self.options = options;
        self.options_changed = true;
        Ok(())
    }

    /// Says whose the session is, or what it is called.
    pub(super) fn change_about(
        &mut self,
        change: impl FnOnce(&mut MetadataChange),
    ) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        change(&mut self.about);
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

    /// A new ID in passing; one that was asked for at a login is more.
    pub(super) fn rotate(&mut self) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        if self.fate == Fate::Lives {
            self.fate = Fate::Rotated;
        }
        Ok(())
    }

    /// Destroying twice is once.
    pub(super) fn destroy(&mut self) -> Result<(), SessionError> {
        self.must_be_open()?;
        self.fate = Fate::Destroyed;
        self.operations.clear();
        self.taken.clear();
        self.about = MetadataChange::default();
        self.view = View::Read {
            values: Values::new(),
            source: Source::Nothing,
        };
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.phase = Phase::HeadSent;
    }

    /// Forgets every change but the end of the session and its new ID. Messages that were taken
    /// are put back.
    pub(super) fn discard_changes(&mut self) {
        if self.fate == Fate::Destroyed {
            return;
        }
        self.view = View::Unread;
        self.about = MetadataChange::default();
        self.options = self.given_options.clone();
        self.options_changed = false;
        let taken = std::mem::take(&mut self.taken).into_iter();
        for attempt in &mut self.attempts {
            // Of what it may have saved, this much is still in the list.
            let saved = self.operations.iter().take(attempt.covers.operations);
            let stays = saved.filter(|operation| operation.goes_with_a_new_id());
            attempt.covers.operations = stays.count();
        }
        self.operations.retain(Operation::goes_with_a_new_id);
        self.operations.extend(taken.map(Operation::PutBack));
    }

    /// Forgets that a new ID was asked for.
    #[cfg(feature = "middleware")]
    pub(super) fn forget_new_id(&mut self) {
        if self.fate != Fate::Destroyed {
            self.fate = Fate::Lives;
            let goes = Operation::goes_with_a_new_id;
            self.operations.retain(|operation| !goes(operation));
        }
    }

    /// What there is to save.
    pub(super) fn change(&self) -> Change {
        let is_changed =
            self.options_changed || !self.operations.is_empty() || !self.about.is_none();
        match self.fate {
            Fate::Destroyed => Change::Destroyed,
            Fate::Renewed => Change::Renewed,
            Fate::Rotated => Change::Rotated,
            Fate::Lives if is_changed => Change::Values,
            Fate::Lives => Change::None,
        }
    }

    pub(super) fn must_be_changeable(&self) -> Result<(), SessionError> {
        self.must_be_open()?;
        match (self.fate, self.source()) {
            (Fate::Destroyed, _) => Err(SessionError::Destroyed),
            (_, Some(Source::Unknown)) => Err(SessionError::Degraded),
            _ => Ok(()),
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
