//! What a save writes, and what the request knows once it is done.

use std::sync::Arc;

use super::attempt::{Attempt, CoveredChanges, Replaces};
use super::session_state::SessionState;
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::session::SessionError;
use crate::session::change::Change;
use crate::session::cookie_change::GivenCookie;
use crate::session::cookie_id::CookieId;
use crate::session::csrf_seed::{SEED, Seed, seed_of};
use crate::session::metadata::{MetadataChange, MetadataSources};
use crate::session::record::RowMeta;
use crate::store::{Lookup, RowExtras};
use crate::wire::Values;

/// The session at the moment when a save begins. Its changes stay recorded until the save is known
/// to have taken effect.
pub(in crate::session) struct Snapshot {
    pub(in crate::session) values: Arc<Values>,
    /// The row that the save replaces; `None` for a first row and for one that does not open.
    pub(in crate::session) row: Option<RowMeta>,
    pub(in crate::session) extras: RowExtras,
    pub(in crate::session) covers: CoveredChanges,
}

impl SessionState {
    /// What to write now. Changes that the handler makes during the save belong to the next one.
    ///
    /// # Errors
    /// When the session needs a handle and the operating system has no randomness.
    pub(in crate::session) fn snapshot(
        &mut self,
        sources: &MetadataSources,
    ) -> Result<Snapshot, SessionError> {
        self.keep_seed_of_pages()?;
        Ok(Snapshot {
            values: self
                .read
                .as_ref()
                .map(|read| Arc::clone(&read.values))
                .unwrap_or_default(),
            row: self.row().cloned(),
            extras: self.extras(sources),
            covers: self.covers_all(),
        })
    }

    /// All changes that the handler has made so far.
    pub(in crate::session) fn covers_all(&self) -> CoveredChanges {
        CoveredChanges {
            change: self.change(),
            options: self.options(),
            metadata: self.metadata.clone(),
            operations: self.operations.len(),
        }
    }

    /// These changes need no write: the row has what they would have written.
    pub(in crate::session) fn record_unchanged(&mut self, covers: &CoveredChanges) {
        if self.requested.ends_the_session() {
            return; // The handler ended it meanwhile: the next save deletes the row.
        }
        self.forget_saved(covers);
        if let Some(read) = &mut self.read {
            read.stored = None;
        }
    }

    /// Stores the CSRF seed that pages have and the row has not: that of a stranger whose session begins,
    /// and the one that follows from the ID that a gentle rotation replaces, so that pages of the old ID
    /// and of the new one have the same.
    fn keep_seed_of_pages(&mut self) -> Result<(), SessionError> {
        let seed = match self.stored_id() {
            Some(id) if self.change() == Change::Rotated => Some(Seed::derived(&id)),
            _ => self.strangers_seed().cloned(),
        };
        if let (Some(seed), Some(read)) = (seed, &mut self.read)
            && matches!(seed_of(&read.values), Ok(None))
        {
            Arc::make_mut(&mut read.values).put(SEED, &seed.draft()?);
        }
        Ok(())
    }

    /// Notes an attempt before its statement is sent. Its outcome is unknown until then.
    pub(in crate::session) fn begin(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
    }

    /// The attempts whose outcome is unknown.
    pub(in crate::session) fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The last attempt had no effect and never will.
    pub(in crate::session) fn record_no_effect(&mut self) {
        self.attempts.pop();
    }

    /// The IDs of first rows that attempts in doubt may have inserted.
    pub(in crate::session) fn first_ids_in_doubt(&self) -> Vec<SessionId> {
        let inserts = self.attempts.iter();
        let inserts = inserts.filter(|attempt| matches!(attempt.replaces, Replaces::Nothing));
        inserts.map(|attempt| attempt.id.clone()).collect()
    }

    /// All IDs whose sessions a logout ends.
    pub(in crate::session) fn ids_to_end(&self) -> Vec<SessionId> {
        let mut ids: Vec<_> = self.cookies().into_iter().map(|cookie| cookie.id).collect();
        ids.extend(self.first_ids_in_doubt());
        ids
    }

    /// The session ends, whatever became of the attempts in doubt.
    pub(in crate::session) fn forget_all_attempts(&mut self) {
        self.attempts.clear();
    }

    /// Forgets attempts whose outcome does not matter. Those that took flashes stay.
    pub(in crate::session) fn forget_attempts(&mut self) {
        self.attempts.retain(|attempt| attempt.takes.is_some());
    }

    /// An attempt took effect, so that no other one will; the others are returned.
    ///
    /// Until this call all changes count as still to be saved, so a request whose client disconnects
    /// during a save loses nothing.
    pub(in crate::session) fn record_saved(&mut self, saved: &Attempt) -> Vec<Attempt> {
        let mut others = std::mem::take(&mut self.attempts);
        others.retain(|other| !other.is(saved));
        if saved.changes_the_id() {
            self.take_new_id(saved.id.clone(), saved.meta.version);
        }
        if self.requested.ends_the_session() {
            return others; // The handler ended it during the save: the next save deletes the row.
        }
        self.forget_saved(&saved.covers);
        if let Some(read) = &mut self.read {
            read.stored = None;
            read.lookup = Lookup::Row(saved.id.clone(), Some(saved.meta.clone()));
        }
        others
    }

    fn forget_saved(&mut self, covers: &CoveredChanges) {
        self.operations
            .drain(..covers.operations.min(self.operations.len()));
        self.metadata.forget(&covers.metadata);
        if self.requested == covers.change {
            self.requested = Change::None;
        }
    }

    /// The session has an ID that no cookie carries yet.
    fn take_new_id(&mut self, id: SessionId, at: Timestamp) {
        self.cookie_is_owed = true;
        self.gave_id = true;
        self.cookie_is_stale = false;
        self.id = Some(CookieId::fresh(id, at));
    }

    /// The browser gets this cookie.
    pub(in crate::session) fn record_cookie(&mut self, given: &GivenCookie) {
        if self.options() == given.options {
            self.options_changed = false;
        }
        if let Some(cookie) = self.id.as_mut().filter(|cookie| cookie.id == given.id) {
            *cookie = CookieId::fresh(given.id.clone(), given.at);
            self.cookie_is_owed = false;
            self.gave_id = false;
        }
    }

    /// The stored session was deleted. After `start_over` the request continues with a new session,
    /// which has the values that the handler has set since.
    pub(in crate::session) fn record_deleted(&mut self) {
        self.id = None;
        self.other_cookies.clear();
        if self.requested == Change::StartedOver {
            self.requested = Change::None;
            self.cookie_is_stale = true;
        }
    }

    /// What a write of the row contains that includes none of the handler's changes.
    pub(in crate::session) fn covers_nothing(&self) -> CoveredChanges {
        CoveredChanges {
            change: Change::None,
            options: self.options(),
            metadata: MetadataChange::default(),
            operations: 0,
        }
    }
}
