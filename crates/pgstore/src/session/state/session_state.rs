//! The state of one request's session.

use std::sync::Arc;

use super::attempt::Attempt;
use super::carried_seed::CarriedSeed;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::options::{CookieOptions, MaxAge};
use crate::policy::OnConflict;
use crate::session::SessionError;
use crate::session::change::Change;
use crate::session::cookie_id::CookieId;
use crate::session::metadata::{MetadataChange, MetadataSources};
use crate::session::operation::{Operation, Taken};
use crate::session::record::{OpenedRow, RowMeta};
use crate::session::save::Content;
use crate::store::{Lookup, RowExtras};
use crate::wire::{GoPeer, Values};

#[derive(Debug)]
pub(in crate::session) struct SessionState {
    /// The ID that the session has now: the cookie's, or the one that it was saved under since.
    pub(super) id: Option<CookieId>,
    /// The other IDs that cookies of the name carry.
    pub(super) other_cookies: Vec<CookieId>,
    /// Whether the cookie's ID is an earlier one, so that the browser is to get the current one.
    pub(super) was_moved_along: bool,
    /// What was read from the store, once it was.
    pub(super) read: Option<ReadSession>,
    /// What the handler did to the values since they were last saved, in order. If another request
    /// saves first, the operations are repeated on what it saved.
    pub(super) operations: Vec<Operation>,
    pub(super) metadata: MetadataChange,
    pub(super) options: CookieOptions,
    /// The options that the session had before the handler set others.
    pub(super) given_options: CookieOptions,
    pub(super) options_changed: bool,
    /// Whether the browser must get a cookie, because the session has an ID that it does not know.
    pub(super) cookie_is_owed: bool,
    /// Whether this request has given the session an ID that no browser has yet.
    pub(super) gave_id: bool,
    /// Whether the browser has the cookie of a session that this request has ended.
    pub(super) cookie_is_stale: bool,
    pub(super) go_peer: GoPeer,
    on_conflict: OnConflict,
    /// What the handler asked for besides changes: nothing, a new ID, or the end.
    pub(super) requested: Change,
    pub(super) phase: Phase,
    /// Whether another request has written the row since it was read.
    pub(super) row_is_stale: bool,
    /// Attempts to save whose outcome is unknown.
    pub(super) attempts: Vec<Attempt>,
    /// Flashes that the handler got and that are no longer in the row.
    pub(super) taken: Vec<Taken>,
    /// What the cookie carries while there is no session.
    pub(in crate::session) carried_seed: CarriedSeed,
    /// Whether the session was read or changed, so that the response depends on the cookie.
    pub(in crate::session) looked_at: bool,
}

/// A session that was read from the store.
#[derive(Debug)]
pub(super) struct ReadSession {
    /// The values as the handler sees them, with its changes. Saves share them.
    pub(super) values: Arc<Values>,
    /// The values that the row has, if they are known and the handler has done something to them.
    pub(super) stored: Option<Arc<Values>>,
    /// Where the values come from. A row without metadata does not open and is replaced.
    pub(super) lookup: Lookup<Option<RowMeta>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// The response's head was sent: nothing would save a change.
    HeadSent,
}

impl SessionState {
    pub(in crate::session) fn new(
        options: CookieOptions,
        go_peer: GoPeer,
        on_conflict: OnConflict,
    ) -> Self {
        Self {
            id: None,
            other_cookies: Vec::new(),
            was_moved_along: false,
            read: None,
            operations: Vec::new(),
            metadata: MetadataChange::default(),
            given_options: options.clone(),
            options,
            options_changed: false,
            cookie_is_owed: false,
            gave_id: false,
            cookie_is_stale: false,
            go_peer,
            on_conflict,
            requested: Change::None,
            phase: Phase::Open,
            row_is_stale: false,
            attempts: Vec::new(),
            taken: Vec::new(),
            carried_seed: CarriedSeed::default(),
            looked_at: false,
        }
    }

    /// The request's cookies carry these IDs.
    pub(in crate::session) fn take_cookies(&mut self, ids: Vec<CookieId>) {
        let mut ids = ids.into_iter();
        self.id = ids.next();
        self.other_cookies = ids.collect();
    }

    /// The ID of the browser's cookie, or the one that the session was saved under since.
    pub(in crate::session) fn cookie(&self) -> Option<&CookieId> {
        self.id.as_ref()
    }

    /// The IDs of all cookies of the name, first the one that counts.
    pub(in crate::session) fn cookies(&self) -> Vec<CookieId> {
        self.id.iter().chain(&self.other_cookies).cloned().collect()
    }

    /// The cookie at this place of [`cookies`](Self::cookies) counts from now on.
    pub(in crate::session) fn count_on(&mut self, place: usize) {
        let other = place.checked_sub(1);
        let other = other.and_then(|other| self.other_cookies.get_mut(other));
        if let (Some(other), Some(first)) = (other, &mut self.id) {
            std::mem::swap(other, first);
        }
    }

    /// The ID that the session is stored under.
    pub(in crate::session) fn stored_id(&self) -> Option<SessionId> {
        match self.lookup() {
            Some(Lookup::Row(id, Some(_))) => Some(id.clone()),
            _ => None,
        }
    }

    /// The cookie's attributes. The session's own maximal age overrides the application's.
    pub(in crate::session) fn options(&self) -> CookieOptions {
        let own = self.metadata.max_age;
        match own.or_else(|| self.stored().max_age.map(MaxAge::from)) {
            Some(own) => self.options.clone().max_age(own),
            None => self.options.clone(),
        }
    }

    pub(in crate::session) fn options_changed(&self) -> bool {
        self.options_changed
    }

    pub(in crate::session) fn cookie_is_owed(&self) -> bool {
        self.cookie_is_owed
    }

    /// Whether this request has given the session an ID that no browser has yet.
    pub(in crate::session) fn gave_id(&self) -> bool {
        self.gave_id
    }

    pub(in crate::session) fn cookie_is_stale(&self) -> bool {
        self.cookie_is_stale
    }

    /// The values, once they are read.
    pub(in crate::session) fn values(&self) -> Option<&Values> {
        self.read.as_ref().map(|read| &*read.values)
    }

    /// What the cookie's ID leads to, once it was looked up.
    pub(in crate::session) fn lookup(&self) -> Option<&Lookup<Option<RowMeta>>> {
        self.read.as_ref().map(|read| &read.lookup)
    }

    /// What the cookie's ID leads to without looking it up: the row of its ID.
    pub(in crate::session) fn presumed(&self) -> Lookup<Option<RowMeta>> {
        match &self.id {
            Some(cookie) => Lookup::Row(cookie.id.clone(), None),
            None => Lookup::Absent,
        }
    }

    /// The metadata of the row that the values come from.
    pub(in crate::session) fn row(&self) -> Option<&RowMeta> {
        match self.lookup() {
            Some(Lookup::Row(_, meta)) => meta.as_ref(),
            _ => None,
        }
    }

    /// Whether the store was unavailable and the application continues without the session.
    pub(in crate::session) fn is_degraded(&self) -> bool {
        matches!(self.lookup(), Some(Lookup::Unknown))
    }

    /// The row's extra columns, as far as they are read.
    pub(in crate::session) fn stored(&self) -> RowExtras {
        self.row().map(|row| row.extras.clone()).unwrap_or_default()
    }

    /// The row's extra columns after the next save.
    pub(in crate::session) fn extras(&self, sources: &MetadataSources) -> RowExtras {
        let mut extras = self.metadata.applied_to(&self.stored());
        if let Some(values) = self.values() {
            sources.fill(&mut extras, values);
        }
        extras
    }

    /// The session's public handle. Draws one if there is none.
    pub(in crate::session) fn handle(&mut self) -> Result<SessionHandle, SessionError> {
        let stored = self.stored();
        Ok(self.metadata.handle(&stored)?)
    }

    pub(in crate::session) fn is_read(&self) -> bool {
        self.read.is_some()
    }

    /// Whether there is anything to store.
    pub(in crate::session) fn content(&self, sources: &MetadataSources) -> Content {
        let is_empty = self.values().is_none_or(Values::is_empty);
        if is_empty && self.extras(sources).owner.is_none() {
            Content::Empty
        } else {
            Content::Something
        }
    }

    /// Takes in what the store has and repeats the handler's operations on it. Returns how many
    /// values this overwrites that another request has changed since they were read.
    ///
    /// On an error the state is unchanged and the operations stay recorded.
    pub(in crate::session) fn take_in(
        &mut self,
        lookup: Lookup<OpenedRow>,
    ) -> Result<u64, SessionError> {
        if self.requested.ends_the_session() {
            return Ok(0); // The handler ended it while the store was asked: it stays empty.
        }
        let (values, lookup) = match lookup {
            Lookup::Row(id, row) => (row.values, Lookup::Row(id, Some(row.meta))),
            Lookup::Replaced => (Values::new(), Lookup::Replaced),
            Lookup::Absent => (Values::new(), Lookup::Absent),
            Lookup::Unknown => (Values::new(), Lookup::Unknown),
        };
        self.repeat_operations_on(values, lookup)
    }

    /// A row that does not open is replaced by what the handler has set.
    pub(in crate::session) fn replace_undecodable(&mut self) -> Result<(), SessionError> {
        let lookup = self.presumed();
        self.repeat_operations_on(Values::new(), lookup).map(|_| ())
    }

    fn repeat_operations_on(
        &mut self,
        mut values: Values,
        lookup: Lookup<Option<RowMeta>>,
    ) -> Result<u64, SessionError> {
        if !matches!(lookup, Lookup::Row(_, Some(_)) | Lookup::Unknown) {
            // Flashes that were taken belonged to the session that is gone.
            self.operations.retain(|operation| !operation.puts_back());
        }
        let stored = (!self.operations.is_empty()).then(|| values.clone());
        let mut overwritten = 0;
        for operation in &mut self.operations {
            overwritten += operation.note_conflicts(&values, self.on_conflict)?;
            operation.apply(&mut values, &self.go_peer)?;
        }
        if let Lookup::Row(id, _) = &lookup {
            self.follow_to(id.clone());
        }
        self.read = Some(ReadSession {
            values: Arc::new(values),
            stored: stored.map(Arc::new),
            lookup,
        });
        self.row_is_stale = false;
        Ok(overwritten)
    }

    /// The row may be stored under the ID that another request's gentle rotation gave the session.
    /// Then the browser gets this ID, and a rotation that this request asked for is done.
    fn follow_to(&mut self, id: SessionId) {
        let Some(cookie) = self.id.as_mut().filter(|cookie| cookie.id != id) else {
            return;
        };
        cookie.id = id;
        self.cookie_is_owed = true;
        self.was_moved_along = true;
        if self.requested == Change::Rotated {
            self.requested = Change::None;
        }
    }

    /// The stored ID, if a gentle rotation gave it and this request is the first to bring it.
    pub(in crate::session) fn id_to_confirm(&self) -> Option<&SessionId> {
        let Some(Lookup::Row(id, Some(meta))) = self.lookup() else {
            return None;
        };
        let was_brought = !self.was_moved_along && !self.cookie_is_owed;
        let stays = self.requested < Change::Renewed; // A renewal ends every grace time.
        (meta.extras.id_is_unconfirmed && was_brought && stays).then_some(id)
    }

    /// The stored ID is confirmed, or is not to be confirmed again.
    pub(in crate::session) fn record_confirmed(&mut self) {
        if let Some(ReadSession {
            lookup: Lookup::Row(_, Some(meta)),
            ..
        }) = &mut self.read
        {
            meta.extras.id_is_unconfirmed = false;
        }
    }

    /// Whether a save would write nothing that the row has not. An attempt in doubt is a difference: a
    /// write of the row makes sure that it does not land later.
    pub(in crate::session) fn is_as_stored(&self, sources: &MetadataSources) -> bool {
        let (Some(read), Some(row)) = (&self.read, self.row()) else {
            return false;
        };
        let stored = RowExtras {
            save_token: None,
            ..row.extras.clone()
        };
        let mut known = read.stored.iter();
        let has_same_values =
            self.operations.is_empty() || known.any(|stored| stored.are_same_as(&read.values));
        !self.options_changed
            && self.attempts.is_empty()
            && has_same_values
            && self.extras(sources) == stored
    }

    /// What there is to save.
    pub(in crate::session) fn change(&self) -> Change {
        let has_changes = self.options_changed
            || !self.operations.is_empty()
            || !self.metadata.is_none()
            || self.may_have_taken();
        match has_changes {
            true => self.requested.max(Change::Values),
            false => self.requested,
        }
    }
}
