//! The IDs that one session has had, as a state machine. Pure.
//!
//! Each ID is *live* (the session's current one, which its row has), *honoured* (it leads to the
//! session for a while), or *dead*. An ID goes this way only, and a dead one is *known* as such for a
//! while, so that a late write by it is told from a visitor without a session:
//!
//! ```text
//!            rotated gently                  grace time over, another owner,
//!            ┌──────────▶ honoured ────────────────┐ a peer's write, login
//!     live ──┤                                     ▼
//!            └────────────────────────────────▶ dead (known) ───▶ dead (unknown) ───▶ forgotten
//!                 renewed: a login
//! ```
//!
//! The grace time of an honoured ID begins when a request brings the ID that followed it
//! ([`confirm`](SessionIds::confirm)), so a lost response logs no user out. A logout by a forgotten ID
//! does not end its session. `sql/{rename,confirm,update,earlier_ids,sweep_ids}.sql` do the same in
//! PostgreSQL; the conformance suite compares the two.

use std::collections::HashMap;

use super::PreviousId;
use crate::clock::Timestamp;
use crate::id::SessionId;

/// The IDs that a session had before its current one.
#[derive(Debug, Default)]
pub(super) struct SessionIds {
    earlier: HashMap<SessionId, PreviousId>,
    /// Whether no request has brought the current ID since a gentle rotation.
    is_unconfirmed: bool,
}

impl SessionIds {
    /// The session gets another ID in place of `old`. Without a grace time it is a login, which kills
    /// every earlier ID.
    pub(super) fn replace(&mut self, old: SessionId, previous: PreviousId) {
        self.is_unconfirmed = previous.grace_until.is_some();
        if previous.grace_until.is_none() {
            for earlier in self.earlier.values_mut() {
                *earlier = earlier.retired(previous.until);
            }
        }
        self.earlier.insert(old, previous);
    }

    /// A request has brought the current ID. Only the first time counts.
    pub(super) fn confirm(&mut self, until: Timestamp, grace_until: Timestamp) {
        if !self.is_unconfirmed {
            return;
        }
        self.is_unconfirmed = false;
        for earlier in self.earlier.values_mut() {
            *earlier = earlier.confirmed(until, grace_until);
        }
    }

    /// The session has got another owner, or a peer has written it: no earlier ID leads to it any more.
    pub(super) fn end_grace_time(&mut self) {
        for earlier in self.earlier.values_mut() {
            earlier.grace_until = None;
        }
    }

    pub(super) fn is_unconfirmed(&self) -> bool {
        self.is_unconfirmed
    }

    /// How long an earlier ID is remembered. `None` for an ID that the session has not had.
    pub(super) fn previous(&self, id: &SessionId) -> Option<PreviousId> {
        self.earlier.get(id).copied()
    }

    /// Forgets the IDs that end nothing any more at `now`.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.earlier.retain(|_, earlier| !earlier.is_forgotten(now));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.earlier.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SKEW_TOLERANCE;
    use std::time::Duration;

    /// What an ID is worth.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum Worth {
        Honoured,
        Known,
        Unknown,
        Forgotten,
    }

    fn worth(ids: &SessionIds, id: &SessionId, now: Timestamp) -> Worth {
        match ids.previous(id) {
            Some(previous) if previous.grace_until.is_some_and(|end| now < end) => Worth::Honoured,
            Some(previous) if now < previous.until => Worth::Known,
            Some(_) => Worth::Unknown,
            None => Worth::Forgotten,
        }
    }

    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// One session, and what has happened to each ID that was replaced.
    struct Scene {
        ids: SessionIds,
        now: Timestamp,
        current: SessionId,
        replaced: Vec<(SessionId, Worth)>,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                ids: SessionIds::default(),
                now: Timestamp::from_unix_seconds(1_700_000_000),
                current: SessionId::generate().unwrap(),
                replaced: Vec::new(),
            }
        }

        fn replace(&mut self, is_gentle: bool) {
            let previous = PreviousId {
                until: self.now.plus(MINUTE + SKEW_TOLERANCE),
                grace_until: is_gentle.then(|| self.now.plus(DAY)),
            };
            let new = SessionId::generate().unwrap();
            let old = std::mem::replace(&mut self.current, new);
            self.ids.replace(old.clone(), previous);
            let now = worth(&self.ids, &old, self.now);
            let expected = if is_gentle {
                Worth::Honoured
            } else {
                Worth::Known
            };
            assert_eq!(now, expected);
            self.replaced.push((old, now));
        }

        fn step(&mut self, number: u64) {
            match number % 6 {
                0 => self.replace(true),
                1 => {
                    self.replace(false);
                    self.none_is_honoured();
                }
                2 => {
                    let (until, end) = (self.now.plus(2 * MINUTE), self.now.plus(MINUTE));
                    self.ids.confirm(until, end);
                    assert!(!self.ids.is_unconfirmed());
                    self.after(MINUTE, Self::none_is_honoured);
                }
                3 => {
                    self.ids.end_grace_time();
                    self.none_is_honoured();
                }
                4 => self.now = self.now.plus(Duration::from_secs(number % 97)),
                _ => self.ids.forget(self.now),
            }
            self.only_downwards();
        }

        /// What holds some time from now if nothing happens.
        fn after(&mut self, time: Duration, holds: impl Fn(&Self)) {
            let now = self.now;
            self.now = now.plus(time);
            holds(self);
            self.now = now;
        }

        fn none_is_honoured(&self) {
            for (id, _) in &self.replaced {
                assert_ne!(worth(&self.ids, id, self.now), Worth::Honoured);
            }
        }

        /// No ID is ever worth more than before, and none is forgotten that may still end its session.
        fn only_downwards(&mut self) {
            assert_eq!(worth(&self.ids, &self.current, self.now), Worth::Forgotten);
            for (id, before) in &mut self.replaced {
                let now = worth(&self.ids, id, self.now);
                let is_told_again = *before == Worth::Unknown && now == Worth::Known; // By a login.
                assert!(now >= *before || is_told_again, "{before:?} to {now:?}");
                *before = now;
            }
        }
    }

    #[test]
    fn whatever_happens_an_id_is_worth_less_and_less() {
        for seed in 1..=500_u64 {
            let mut scene = Scene::new();
            let mut chance = seed;
            for _ in 0..60 {
                chance = chance
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                scene.step(chance >> 33);
            }
        }
    }

    #[test]
    fn an_id_leads_to_the_session_until_its_successor_comes_back() {
        let mut scene = Scene::new();
        scene.replace(true);
        let (old, _) = scene.replaced[0].clone();
        scene.after(DAY - MINUTE, |scene| {
            assert_eq!(worth(&scene.ids, &old, scene.now), Worth::Honoured);
        });
        let (until, end) = (scene.now.plus(2 * MINUTE), scene.now.plus(MINUTE));
        scene.ids.confirm(until, end);
        scene.after(MINUTE, |scene| {
            assert_eq!(worth(&scene.ids, &old, scene.now), Worth::Known);
        });
        scene.after(2 * MINUTE, |scene| {
            assert_eq!(worth(&scene.ids, &old, scene.now), Worth::Unknown);
        });
    }

    #[test]
    fn an_id_is_forgotten_when_it_has_nothing_to_end() {
        let mut scene = Scene::new();
        scene.replace(false);
        let (old, _) = scene.replaced[0].clone();
        let last = scene
            .now
            .plus(2 * MINUTE + PreviousId::STILL_ENDS_THE_SESSION_FOR);
        scene.ids.forget(last);
        assert!(scene.ids.previous(&old).is_some());
        scene.ids.forget(last.plus(MINUTE));
        assert!(scene.ids.is_empty());
    }
}
