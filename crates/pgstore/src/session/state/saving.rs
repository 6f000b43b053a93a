//! What a save writes, and what is known once it is done.

use super::{Fate, Source, State, View};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::options::{CookieOptions, MaxAge};
use crate::session::cookie_change::GivenCookie;
use crate::session::metadata::{MetadataChange, Sources};
use crate::session::plan::Change;
use crate::session::rows::RowMeta;
use crate::session::settle::Attempt;
use crate::session::{CookieId, SessionError};
use crate::store::RowExtras;
use crate::wire::Values;

/// What one save writes. It counts as a change until it is known to be stored.
pub(in crate::session) struct Job {
    pub(in crate::session) values: Values,
    /// The row that it replaces; `None` for one that cannot be read.
    pub(in crate::session) row: Option<RowMeta>,
    pub(in crate::session) extras: RowExtras,
    pub(in crate::session) covers: CoveredChanges,
}

/// Which changes a save contains.
#[derive(Clone, Debug)]
pub(in crate::session) struct CoveredChanges {
    pub(in crate::session) change: Change,
    pub(in crate::session) options: CookieOptions,
    about: MetadataChange,
    pub(super) operations: usize,
}

impl CoveredChanges {
    pub(in crate::session) fn max_age(&self) -> MaxAge {
        self.options.lasting()
    }
}

impl State {
    /// What to write, as of now: what changes while it is on its way is for the next save.
    ///
    /// # Errors
    /// When a public name is wanted, and the system has no randomness to give.
    pub(in crate::session) fn job(&mut self, sources: &Sources) -> Result<Job, SessionError> {
        if self.extras(sources).owner.is_some() {
            self.handle()?; // So that it can be revoked.
        }
        Ok(Job {
            values: self.values().cloned().unwrap_or_default(),
            row: self.row().cloned(),
            extras: self.extras(sources),
            covers: CoveredChanges {
                change: self.change(),
                options: self.options(),
                about: self.about.clone(),
                operations: self.operations.len(),
            },
        })
    }

    /// A save is about to be tried. Until more is known, nobody can tell whether it took effect.
    pub(in crate::session) fn begin(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
    }

    /// The tries that somebody has to find out about.
    pub(in crate::session) fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The last try had no effect, and never will.
    pub(in crate::session) fn record_undone(&mut self) {
        self.attempts.pop();
    }

    /// What the tries would have written is worth nothing, but for messages that they took.
    pub(in crate::session) fn forget_attempts(&mut self) {
        self.attempts.retain(|attempt| attempt.takes.is_some());
    }

    /// A try took effect, and no other ever will; the others are returned. Until this is known,
    /// all of it counts as still to be done: also when the request goes away while its save is
    /// under way.
    pub(in crate::session) fn record_saved(&mut self, saved: &Attempt) -> Vec<Attempt> {
        let mut others = std::mem::take(&mut self.attempts);
        others.retain(|other| !other.is(saved));
        let covers = &saved.covers;
        if saved.is_under_a_new_id() {
            self.own(saved.id.clone(), saved.meta.version);
        }
        if self.fate == Fate::Destroyed {
            return others; // It was ended meanwhile; the row goes with the next save.
        }
        self.operations
            .drain(..covers.operations.min(self.operations.len()));
        self.about.forget(&covers.about);
        let is_done = match self.fate {
            Fate::Renewed => covers.change == Change::Renewed,
            Fate::Rotated => covers.change == Change::Rotated,
            Fate::Lives | Fate::Destroyed => false,
        };
        if is_done {
            self.fate = Fate::Lives;
        }
        if let View::Read { source, .. } = &mut self.view {
            *source = Source::Row(saved.meta.clone());
        }
        others
    }

    /// The session has an ID that no cookie tells yet.
    fn own(&mut self, id: SessionId, at: Timestamp) {
        self.cookie_is_owed = true;
        self.id = Some(CookieId {
            id,
            issued_at: at.unix_seconds(),
            by_current_keys: true,
        });
    }

    /// The browser is given this cookie.
    pub(in crate::session) fn record_cookie(&mut self, given: &GivenCookie) {
        if self.options() == given.options {
            self.options_changed = false;
        }
        if let Some(presented) = self
            .id
            .as_mut()
            .filter(|presented| presented.id == given.id)
        {
            presented.issued_at = given.at.unix_seconds();
            presented.by_current_keys = true;
            self.cookie_is_owed = false;
        }
    }

    /// The session is no longer stored.
    pub(in crate::session) fn record_deleted(&mut self) {
        self.id = None;
    }

    /// What a write of other values alone contains: none of the handler's changes.
    pub(in crate::session) fn nothing_but_values(&self) -> (Option<SessionId>, CoveredChanges) {
        let id = self.presented().map(|presented| presented.id.clone());
        let covers = CoveredChanges {
            change: Change::None,
            options: self.options(),
            about: MetadataChange::default(),
            operations: 0,
        };
        (id, covers)
    }
}
