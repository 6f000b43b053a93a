//! The model: which sessions there are, what they hold, and what each ID may lead to. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use pgstore::SessionId;

/// For how long an earlier ID of a gentle rotation must lead to the session after the new one has come
/// back, in seconds: the grace time, whatever the clocks of the nodes show.
const MUST_LEAD: i64 = 30;

/// For how long a late write by a dead ID must be told that its session has another ID.
const MUST_BE_KNOWN: i64 = 60;

/// After how long an earlier ID must be forgotten: 60 seconds, 60 of margin, and the clocks' difference.
const MUST_BE_FORGOTTEN: i64 = 180;

/// What a session holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) values: BTreeMap<&'static str, i64>,
    pub(super) flashes: Vec<i64>,
}

/// A session as it is.
#[derive(Clone, Debug)]
pub(super) struct TrueSession {
    pub(super) content: Content,
    pub(super) owner: Option<usize>,
    pub(super) current: SessionId,
    /// Whether no request has brought the current ID since a gentle rotation.
    pub(super) is_unconfirmed: bool,
    pub(super) has_ended: bool,
}

/// What an ID of a session is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    Current,
    /// Replaced by a gentle rotation whose new ID has not come back.
    Unconfirmed,
    /// Replaced by a gentle rotation whose new ID came back at this time.
    Grace(i64),
    /// Replaced for good at this time.
    Dead(i64),
}

/// What a lookup of an ID may find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct May {
    /// The session of this number.
    pub(super) session: Option<usize>,
    pub(super) replaced: bool,
    pub(super) absent: bool,
}

impl May {
    pub(super) const ABSENT: Self = Self {
        session: None,
        replaced: false,
        absent: true,
    };

    pub(super) fn is_sure(self) -> bool {
        let nothing = usize::from(self.replaced) + usize::from(self.absent);
        usize::from(self.session.is_some()) + nothing == 1
    }
}

/// All that is so.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// The time, in seconds. The nodes' clocks are somewhat off.
    pub(super) now: i64,
    pub(super) sessions: Vec<TrueSession>,
    ids: HashMap<SessionId, (usize, Worth)>,
    /// IDs that sweeps may have forgotten.
    forgotten: HashSet<SessionId>,
}

impl Truth {
    pub(super) fn lookup(&self, id: &SessionId) -> May {
        let Some((number, worth)) = self.ids.get(id).copied() else {
            return May::ABSENT;
        };
        let lives = !self.sessions[number].has_ended;
        let found = May {
            session: Some(number),
            ..May::default()
        };
        let known = |since: i64| May {
            session: None,
            replaced: self.now - since < MUST_BE_FORGOTTEN,
            absent: self.now - since >= MUST_BE_KNOWN,
        };
        match worth {
            Worth::Current | Worth::Unconfirmed if lives => found,
            Worth::Current => May::ABSENT,
            Worth::Grace(since) if lives && self.now - since < MUST_LEAD => found,
            Worth::Grace(since) if lives && self.now - since < MUST_BE_FORGOTTEN => May {
                replaced: true,
                absent: true,
                ..found
            },
            // How long it is known depends on when it was replaced.
            Worth::Unconfirmed => May {
                replaced: true,
                ..May::ABSENT
            },
            Worth::Grace(since) | Worth::Dead(since) => known(since),
        }
    }

    /// The session that an ID belongs to, and whether a store may have forgotten that.
    pub(super) fn session_of(&self, id: &SessionId) -> Option<(usize, bool)> {
        let (number, worth) = self.ids.get(id)?;
        let may_be_forgotten = *worth != Worth::Current && self.forgotten.contains(id);
        Some((*number, may_be_forgotten))
    }

    pub(super) fn is_current(&self, id: &SessionId) -> bool {
        matches!(self.ids.get(id), Some((_, Worth::Current)))
    }

    pub(super) fn ids(&self) -> Vec<SessionId> {
        self.ids.keys().cloned().collect()
    }

    pub(super) fn living(&self) -> usize {
        let sessions = self.sessions.iter();
        sessions.filter(|session| !session.has_ended).count()
    }

    pub(super) fn begin(&mut self, id: SessionId, content: Content, owner: Option<usize>) {
        self.ids
            .insert(id.clone(), (self.sessions.len(), Worth::Current));
        self.sessions.push(TrueSession {
            content,
            owner,
            current: id,
            is_unconfirmed: false,
            has_ended: false,
        });
    }

    pub(super) fn renew(&mut self, number: usize, new: SessionId) {
        let now = self.now;
        for (of, worth) in self.ids.values_mut() {
            if *of == number {
                *worth = Worth::Dead(now);
            }
        }
        self.ids.insert(new.clone(), (number, Worth::Current));
        let session = &mut self.sessions[number];
        (session.current, session.is_unconfirmed) = (new, false);
    }

    pub(super) fn rotate(&mut self, number: usize, new: SessionId) {
        let session = &mut self.sessions[number];
        let old = std::mem::replace(&mut session.current, new.clone());
        session.is_unconfirmed = true;
        self.ids.insert(old, (number, Worth::Unconfirmed));
        self.ids.insert(new, (number, Worth::Current));
    }

    /// A request has brought the session's current ID.
    pub(super) fn confirm(&mut self, number: usize) {
        let now = self.now;
        self.sessions[number].is_unconfirmed = false;
        for (of, worth) in self.ids.values_mut() {
            if *of == number && *worth == Worth::Unconfirmed {
                *worth = Worth::Grace(now);
            }
        }
    }

    pub(super) fn end(&mut self, number: usize) {
        self.sessions[number].has_ended = true;
    }

    pub(super) fn revoke(&mut self, owner: usize) {
        for session in &mut self.sessions {
            session.has_ended |= session.owner == Some(owner);
        }
    }

    /// A sweep may forget every ID that was replaced three hours ago.
    pub(super) fn sweep(&mut self) {
        let before = self.now - 3 * 60 * 60;
        let old = self.ids.iter().filter(|(_, (_, worth))| match worth {
            Worth::Current | Worth::Unconfirmed => false,
            Worth::Grace(since) | Worth::Dead(since) => *since < before,
        });
        let old: Vec<_> = old.map(|(id, _)| id.clone()).collect();
        self.forgotten.extend(old);
    }
}
