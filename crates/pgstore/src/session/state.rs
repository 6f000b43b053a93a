//! What one request knows of its session and has done to it. No I/O: `mod.rs` and `save.rs` do it.

use super::plan::{Change, Found};
use super::rows::{OpenedRow, Seen, Stored};
use super::{Presented, SessionError};
use crate::id::SessionId;
use crate::options::CookieOptions;
use crate::wire::{Draft, Key, ValueError, Values};

#[derive(Debug)]
pub(super) struct State {
    /// The ID that the session has now: the cookie's, or the one that it was saved under since.
    id: Option<Presented>,
    pub(super) content: Content,
    pub(super) options: CookieOptions,
    options_changed: bool,
    fate: Fate,
    phase: Phase,
    /// Whether anything about the session was asked or changed, so that the response depends on
    /// the cookie.
    pub(super) looked_at: bool,
}

/// The session's values, before and after they are read.
#[derive(Debug)]
pub(super) enum Content {
    /// Not read yet; what the handler did is to be done to them when they are.
    Unread(Vec<Operation>),
    /// As the handler sees them.
    Read {
        values: Values,
        /// The row in the store that they come from, if there is one.
        row: Option<Seen>,
        changed: bool,
    },
}

/// What one save writes.
pub(super) struct Job {
    pub(super) values: Values,
    /// The row that it replaces.
    pub(super) seen: Option<Seen>,
    pub(super) options: CookieOptions,
}

/// One change to the values, as the handler asked for it.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Set(Key, Draft),
    Remove(Key),
    Clear,
    Append(Key, Draft),
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

impl State {
    pub(super) fn new(presented: Option<Presented>, options: CookieOptions) -> Self {
        Self {
            id: presented,
            content: Content::Unread(Vec::new()),
            options,
            options_changed: false,
            fate: Fate::Lives,
            phase: Phase::Open,
            looked_at: false,
        }
    }

    /// The cookie that the browser has.
    pub(super) fn presented(&self) -> Option<&Presented> {
        self.id.as_ref()
    }

    /// What to ask the store for before the values can be read: nothing if they have been.
    pub(super) fn unread(&self) -> Option<Option<SessionId>> {
        match self.content {
            Content::Unread(_) => Some(self.id.as_ref().map(|presented| presented.id.clone())),
            Content::Read { .. } => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(&self.content, Content::Read { values, .. } if values.is_empty())
    }

    pub(super) fn options_changed(&self) -> bool {
        self.options_changed
    }

    /// Takes in what the store had, and does to it what the handler did before it was read.
    ///
    /// On an error nothing has changed: the operations still wait.
    pub(super) fn arrive(&mut self, row: Option<OpenedRow>) -> Result<(), ValueError> {
        let Content::Unread(operations) = &self.content else {
            return Ok(());
        };
        let (seen, mut values) = match row {
            Some(opened) => (Some(opened.row), opened.values),
            None => (None, Values::new()),
        };
        for operation in operations {
            operation.clone().perform(&mut values)?;
        }
        let changed = !operations.is_empty();
        self.content = Content::Read {
            values,
            row: seen,
            changed,
        };
        Ok(())
    }

    /// Records a change to the values.
    pub(super) fn record(&mut self, operation: Operation) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        match &mut self.content {
            Content::Unread(operations) => operations.push(operation),
            Content::Read {
                values, changed, ..
            } => {
                operation.perform(values)?;
                *changed = true;
            }
        }
        Ok(())
    }

    /// Changes values that have been read; `change` says whether it changed anything.
    pub(super) fn change_read<T>(
        &mut self,
        change: impl FnOnce(&mut Values) -> Result<(bool, T), ValueError>,
    ) -> Result<Option<T>, SessionError> {
        self.must_be_changeable()?;
        let Content::Read {
            values, changed, ..
        } = &mut self.content
        else {
            return Ok(None);
        };
        let (has_changed, result) = change(values)?;
        *changed |= has_changed;
        Ok(Some(result))
    }

    pub(super) fn set_options(&mut self, options: CookieOptions) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        self.options = options;
        self.options_changed = true;
        Ok(())
    }

    pub(super) fn renew(&mut self) -> Result<(), SessionError> {
        self.must_be_changeable()?;
        self.fate = Fate::Renewed;
        Ok(())
    }

    /// Destroying twice is once.
    pub(super) fn destroy(&mut self) -> Result<(), SessionError> {
        self.must_be_open()?;
        self.fate = Fate::Destroyed;
        self.content = Content::Read {
            values: Values::new(),
            row: None,
            changed: false,
        };
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.phase = Phase::HeadSent;
    }

    /// Forgets every change but the end of the session and its new ID.
    #[cfg(feature = "middleware")]
    pub(super) fn discard_values(&mut self) {
        if self.fate != Fate::Destroyed {
            self.content = Content::Unread(Vec::new());
            self.options_changed = false;
        }
    }

    /// What there is to save.
    pub(super) fn change(&self) -> Change {
        let values_changed = match &self.content {
            Content::Unread(operations) => !operations.is_empty(),
            Content::Read { changed, .. } => *changed,
        };
        match self.fate {
            Fate::Destroyed => Change::Destroyed,
            Fate::Renewed => Change::Renewed,
            Fate::Lives if values_changed || self.options_changed => Change::Values,
            Fate::Lives => Change::None,
        }
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

    /// What to save, which counts as saved from here on: what changes it while it is on its way
    /// is for the next save.
    pub(super) fn start_saving(&mut self) -> Job {
        if self.fate == Fate::Renewed {
            self.fate = Fate::Lives;
        }
        self.options_changed = false;
        let options = self.options.clone();
        match &mut self.content {
            Content::Unread(_) => Job {
                values: Values::new(),
                seen: None,
                options,
            },
            Content::Read {
                values,
                row,
                changed,
            } => {
                *changed = false;
                Job {
                    values: values.clone(),
                    seen: *row,
                    options,
                }
            }
        }
    }

    /// What was to be saved is not: it is a change again.
    pub(super) fn saving_failed(&mut self, change: Change) {
        if change == Change::Renewed && self.fate == Fate::Lives {
            self.fate = Fate::Renewed;
        }
        if let Content::Read { changed, .. } = &mut self.content {
            *changed = true;
        }
    }

    /// The row holds what was to be saved, and has another version for it.
    pub(super) fn written(&mut self, stored: &Stored) {
        if let Content::Read { row, .. } = &mut self.content {
            *row = Some(stored.row);
        }
    }

    /// The browser is given a cookie for what is stored.
    pub(super) fn cookie_follows(&mut self, id: SessionId, issued_at: i64) {
        self.id = Some(Presented {
            id,
            issued_at,
            by_current_keys: true,
        });
    }

    /// The session is no longer stored.
    pub(super) fn deleted(&mut self) {
        self.id = None;
    }

    fn must_be_changeable(&self) -> Result<(), SessionError> {
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

impl Operation {
    fn perform(self, values: &mut Values) -> Result<(), ValueError> {
        match self {
            Self::Set(key, draft) => values.put(key, &draft),
            Self::Remove(key) => {
                values.remove(key);
            }
            Self::Clear => values.clear(),
            Self::Append(key, draft) => values.push(key, &draft)?,
        }
        Ok(())
    }
}
