//! Whether a connection that does not answer is to blame.
//!
//! A caller may have spent most of its time waiting for the connection, so its deadline says nothing
//! of the connection. A connection is judged by how long it has left a statement unanswered.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

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
    /// A statement was begun since it answered last.
    owes_answer: AtomicBool,
    /// It was idle for long, or all callers left before it answered, and it has not answered since.
    is_unproven: AtomicBool,
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
            owes_answer: AtomicBool::new(false),
            is_unproven: AtomicBool::new(false),
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
            if self.silence_at(now) > idle {
                self.is_unproven.store(true, Ordering::Relaxed);
            }
            self.silent_since.store(now, Ordering::Relaxed);
        }
        self.owes_answer.store(true, Ordering::Relaxed);
        StatementGuard(self)
    }

    fn heard_at(&self, now: u64) {
        self.silent_since.store(now, Ordering::Relaxed);
        self.owes_answer.store(false, Ordering::Relaxed);
        self.is_unproven.store(false, Ordering::Relaxed);
    }

    /// Whether it was silent for long, or owes an answer to callers that have left.
    pub(super) fn is_unproven(&self) -> bool {
        self.is_unproven.load(Ordering::Relaxed)
    }

    /// Whether it has to prove that it still leads to the server before it is used. What it answered more
    /// than `idle` ago proves nothing.
    pub(super) fn is_doubtful(&self, idle: Duration) -> bool {
        self.is_unproven() || (self.load() == 0 && self.silence() > idle)
    }

    fn silence_at(&self, now: u64) -> Duration {
        let since = self.silent_since.load(Ordering::Relaxed);
        Duration::from_millis(now.saturating_sub(since))
    }

    /// How long it may take to prove that it still leads to the server; `None` if it need not.
    pub(super) fn proof_within(&self, patience: Duration) -> Option<Duration> {
        self.is_unproven()
            .then(|| patience.min((patience / 4).max(4 * self.round_trip)))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for StatementGuard<'_> {
    fn drop(&mut self) {
        let is_last = self.0.under_way.fetch_sub(1, Ordering::Relaxed) == 1;
        if is_last && self.0.owes_answer.load(Ordering::Relaxed) {
            self.0.is_unproven.store(true, Ordering::Relaxed);
        }
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
    fn a_connection_whose_callers_all_left_without_an_answer_is_unproven_until_it_answers() {
        let liveness = Liveness::new(SECOND);
        let (first, second) = (
            liveness.begin_at(0, 10 * SECOND),
            liveness.begin_at(0, 10 * SECOND),
        );
        drop(first);
        assert_eq!(liveness.proof_within(SECOND), None);
        drop(second);
        assert!(liveness.proof_within(SECOND).is_some());
        liveness.heard_at(1);
        assert_eq!(liveness.proof_within(SECOND), None);
    }
}
