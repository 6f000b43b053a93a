//! One request under way: what its handler has seen and done, by the model.

use pgstore::{Session, SessionId};

use super::program::{COUNT, KEYS};
use super::truth::{Content, May};

/// What a handler has done that the save will store.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Insert(usize, i64),
    Remove(usize),
    Count,
    AddFlash(i64),
}

impl Change {
    pub(super) fn apply(self, content: &mut Content) {
        match self {
            Self::Insert(key, value) => {
                content.values.insert(KEYS[key], value);
            }
            Self::Remove(key) => {
                content.values.remove(KEYS[key]);
            }
            Self::Count => *content.values.entry(COUNT).or_default() += 1,
            Self::AddFlash(flash) => content.flashes.push(flash),
        }
    }
}

/// What the request's first use of the session has found.
#[derive(Clone, Debug)]
pub(super) enum Loaded {
    Session(Attached),
    /// No session, and why that may be.
    Nothing(May),
}

/// The session that a request works on.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    pub(super) number: usize,
    /// The session's ID when it was read.
    pub(super) id: SessionId,
    /// Whether the request came with an earlier ID.
    pub(super) was_moved: bool,
    /// Whether the request is the first to bring the ID, as far as it knows.
    pub(super) confirms: bool,
    /// The content as it was read.
    pub(super) read: Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Destroyed,
    StartedOver,
}

/// A request under way.
pub(super) struct Request {
    pub(super) browser: usize,
    pub(super) node: usize,
    pub(super) session: Session,
    /// The IDs that its cookies carry.
    pub(super) ids: Vec<SessionId>,
    pub(super) loaded: Option<Loaded>,
    pub(super) changes: Vec<Change>,
    /// Whether it has taken messages of its own, which counts as a change.
    pub(super) took_its_own: bool,
    pub(super) owner: Option<usize>,
    pub(super) renews: bool,
    pub(super) rotates: bool,
    pub(super) end: Option<End>,
}

impl Request {
    pub(super) fn new(browser: usize, node: usize, session: Session, ids: Vec<SessionId>) -> Self {
        Self {
            browser,
            node,
            session,
            ids,
            loaded: None,
            changes: Vec::new(),
            took_its_own: false,
            owner: None,
            renews: false,
            rotates: false,
            end: None,
        }
    }

    pub(super) fn attached(&self) -> Option<&Attached> {
        match &self.loaded {
            Some(Loaded::Session(attached)) if self.end.is_none() => Some(attached),
            _ => None,
        }
    }

    /// What the handler must see: what was read, with its own changes.
    pub(super) fn view(&self) -> Content {
        let read = self.attached().map(|attached| attached.read.clone());
        self.applied_to(read.unwrap_or_default())
    }

    /// Some content after the handler's changes.
    pub(super) fn applied_to(&self, mut content: Content) -> Content {
        for change in &self.changes {
            change.apply(&mut content);
        }
        content
    }

    /// The messages that the handler has added.
    pub(super) fn unsaved_flashes(&self) -> Vec<i64> {
        self.applied_to(Content::default()).flashes
    }

    pub(super) fn forget_flashes(&mut self) {
        let before = self.changes.len();
        let stays = |change: &Change| !matches!(change, Change::AddFlash(_));
        self.changes.retain(stays);
        self.took_its_own |= self.changes.len() < before;
    }

    /// Whether there is anything to save.
    pub(super) fn has_changes(&self) -> bool {
        let has_values = !self.changes.is_empty() || self.took_its_own;
        has_values || self.owner.is_some() || self.renews || self.rotates
    }

    pub(super) fn begin_to_end(&mut self, end: End) {
        self.changes.clear();
        self.took_its_own = false;
        (self.owner, self.end) = (None, Some(end));
    }
}
