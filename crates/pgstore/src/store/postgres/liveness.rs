//! Whether a connection that does not answer is to blame.
//!
//! A caller may have spent most of its time waiting for the connection, so its deadline says nothing
//! of the connection. A connection is judged by how long it has left a statement unanswered.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// For servers that are near.
const SHORTEST_MOMENT: Duration = Duration::from_millis(50);

/// It owes no answer.
const NOTHING: u64 = u64::MAX;

/// When a connection answered last, and how many statements are under way on it.
#[derive(Debug)]
pub(super) struct Liveness {
    opened: Instant,
    /// How long the way to the server and back took when the connection was opened.
    round_trip: Duration,
    under_way: AtomicUsize,
    /// Milliseconds after `opened`: the last answer, or, if none was awaited then, the statement that
    /// came next.
    silent_since: AtomicU64,
    /// Milliseconds after `opened`: the first statement since the last answer, or [`NOTHING`].
    owes_since: AtomicU64,
    /// It was idle for long, and has not answered since.
    was_idle: AtomicBool,
    /// All callers have left before it answered, and it has not answered since.
    was_left: AtomicBool,
}

/// Counts one statement of a connection for as long as it is under way.
pub(super) struct StatementGuard<'a>(&'a Liveness);

impl Liveness {
    pub(super) fn new(round_trip: Duration) -> Self {
        Self {
            opened: Instant::now(),
            round_trip,
            under_way: AtomicUsize::new(0),
            silent_since: AtomicU64::new(0),
            owes_since: AtomicU64::new(NOTHING),
            was_idle: AtomicBool::new(false),
            was_left: AtomicBool::new(false),
        }
    }

    /// How many statements are under way.
    pub(super) fn load(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// How long ago the connection was opened.
    pub(super) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Begins a statement. What a connection answered more than `idle` ago proves nothing.
    pub(super) fn begin(&self, idle: Duration) -> StatementGuard<'_> {
        self.begin_at(self.now(), idle)
    }

    /// Notes an answer.
    pub(super) fn heard(&self) {
        self.heard_at(self.now());
    }

    /// For how long it has answered nothing.
    pub(super) fn silence(&self) -> Duration {
        self.silence_at(self.now())
    }

    fn begin_at(&self, now: u64, idle: Duration) -> StatementGuard<'_> {
        if self.under_way.fetch_add(1, Ordering::Relaxed) == 0 {
            if self.owes_since.load(Ordering::Relaxed) != NOTHING {
                self.was_left.store(true, Ordering::Relaxed);
            } else if self.silence_at(now) > idle {
                self.was_idle.store(true, Ordering::Relaxed);
            }
            self.silent_since.store(now, Ordering::Relaxed);
        }
        // The first statement since the last answer counts.
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self
            .owes_since
            .compare_exchange(NOTHING, now, success, failure);
        StatementGuard(self)
    }

    fn heard_at(&self, now: u64) {
        self.silent_since.store(now, Ordering::Relaxed);
        self.owes_since.store(NOTHING, Ordering::Relaxed);
        self.was_idle.store(false, Ordering::Relaxed);
        self.was_left.store(false, Ordering::Relaxed);
    }

    /// Whether it still has to prove that it leads to the server.
    pub(super) fn is_doubted(&self) -> bool {
        self.was_idle.load(Ordering::Relaxed) || self.was_left.load(Ordering::Relaxed)
    }

    /// Whether it may be silent, now that another connection is: it has to prove itself before its next
    /// statement (what it answered more than `idle` ago proves nothing), or leaves one unanswered for long.
    pub(super) fn is_doubtful(&self, idle: Duration) -> bool {
        let owes_answer = self.owes_since.load(Ordering::Relaxed) != NOTHING;
        let silence = self.silence();
        self.is_doubted()
            || match self.load() {
                0 => owes_answer || silence > idle,
                _ => silence > idle / 4,
            }
    }

    fn silence_at(&self, now: u64) -> Duration {
        let since = self.silent_since.load(Ordering::Relaxed);
        Duration::from_millis(now.saturating_sub(since))
    }

    /// In which an answer comes, unless the server is busy.
    pub(super) fn moment(&self) -> Duration {
        SHORTEST_MOMENT.max(4 * self.round_trip)
    }

    /// How long it may take to prove that it still leads to the server; `None` if it need not.
    ///
    /// After an idle time, that is a quarter of the patience: nothing is under way. If its callers have left,
    /// the server may still be busy with what they asked, so all of the patience counts, from when they did.
    pub(super) fn proof_within(&self, patience: Duration) -> Option<Duration> {
        self.proof_within_at(self.now(), patience)
    }

    fn proof_within_at(&self, now: u64, patience: Duration) -> Option<Duration> {
        let quick = patience.min((patience / 4).max(self.moment()));
        if self.was_idle.load(Ordering::Relaxed) {
            return Some(quick);
        }
        let owed_for = now.saturating_sub(self.owes_since.load(Ordering::Relaxed));
        let left = patience.saturating_sub(Duration::from_millis(owed_for));
        let was_left = self.was_left.load(Ordering::Relaxed);
        was_left.then(|| left.max(quick))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for StatementGuard<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn silence_counts_from_the_last_answer_or_the_statement_that_ended_the_idle_time() {
        let liveness = Liveness::new(Duration::ZERO);
        let _first = liveness.begin_at(9_000, 10 * SECOND);
        let _second = liveness.begin_at(11_000, 10 * SECOND);
        assert_eq!(liveness.silence_at(11_000), 2 * SECOND);
        liveness.heard_at(11_000);
        assert_eq!(liveness.silence_at(12_000), SECOND);
        assert_eq!(liveness.load(), 2);
    }

    #[test]
    fn a_connection_that_was_idle_for_long_is_unproven_until_it_answers() {
        let liveness = Liveness::new(SECOND);
        let early = liveness.begin_at(10_000, 10 * SECOND);
        assert_eq!(liveness.proof_within(SECOND), None);
        liveness.heard_at(10_000);
        drop(early);
        let _late = liveness.begin_at(21_000, 10 * SECOND);
        for (patience, within) in [(SECOND, 1), (10 * SECOND, 4), (40 * SECOND, 10)] {
            assert_eq!(liveness.proof_within(patience), Some(within * SECOND));
        }
        liveness.heard_at(22_000);
        assert_eq!(liveness.proof_within(SECOND), None);
    }

    #[test]
    fn a_connection_whose_callers_all_left_without_an_answer_is_doubted_until_it_answers() {
        let liveness = Liveness::new(Duration::ZERO);
        let first = liveness.begin_at(1_000, 10 * SECOND);
        let second = liveness.begin_at(2_000, 10 * SECOND);
        drop(first);
        assert!(!liveness.is_doubted());
        drop(second);
        let _third = liveness.begin_at(3_000, 10 * SECOND);
        // Patience counts from the first statement.
        for (now, within) in [(3_000, 2), (4_000, 1), (60_000, 1)] {
            let proof = liveness.proof_within_at(now, 4 * SECOND);
            assert_eq!(proof, Some(within * SECOND), "{now}");
        }
        liveness.heard_at(61_000);
        assert_eq!(liveness.proof_within_at(61_000, 4 * SECOND), None);
    }
}
