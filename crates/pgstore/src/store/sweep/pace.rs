//! How many rows a sweep reads at a time, and how long it pauses in between.

use std::time::Duration;

use crate::random;
use crate::store::Swept;

/// How long a batch may take. Vacuum and requests wait no longer for its row locks, nor for the core of the
/// server that it keeps busy.
const TARGET: Duration = Duration::from_millis(10);

/// How many times as long as a batch the pause after it is: a sweep takes a tenth of one connection's time. One
/// that cannot keep up in that way takes half of it, so that the table does not grow without bound.
const PAUSES: f64 = 9.0;
const PAUSES_WHEN_LATE: f64 = 1.0;

/// How many rows the first batch reads, and the first one after a row that could not be removed.
const FIRST: u32 = 100;
const AFTER_A_SKIP: u32 = 16;

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The size of a sweep's batches, which follows the time that they take, and the pauses between them.
#[derive(Debug)]
pub(super) struct Pace {
    rows: u32,
    most: u32,
    /// How long a sweep may take before it is late, and how long it has taken.
    interval: Duration,
    taken: Duration,
}

impl Pace {
    /// Begins with few rows. No batch reads more than `most`. The sweep is late when it has taken as long as
    /// the `interval` between two sweeps.
    pub(super) fn new(most: u32, interval: Duration) -> Self {
        Self {
            rows: FIRST.min(most),
            most,
            interval,
            taken: Duration::ZERO,
        }
    }

    /// How many rows the next batch reads.
    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    /// Takes in that a batch has taken this long.
    pub(super) fn follow(&mut self, swept: &Swept, took: Duration) {
        self.rows = if swept.undeletable > 0 {
            self.rows.min(AFTER_A_SKIP) // Its neighbours may be such rows, too.
        } else if took > TARGET {
            (self.rows / 2).max(1)
        } else if took < TARGET / 2 {
            self.rows.saturating_mul(2).min(self.most)
        } else {
            self.rows
        };
    }

    /// The pause after a batch that has taken this long. It is random, so that nodes that sweep at the same
    /// time do not do so in step.
    pub(super) fn pause_after(&mut self, took: Duration) -> Duration {
        // Without randomness the pauses are regular, which does no harm.
        let [random] = random::bytes().unwrap_or([u8::MAX / 2]);
        let share = 0.5 + f64::from(random) / f64::from(u8::MAX);
        let times = match self.taken < self.interval {
            true => PAUSES,
            false => PAUSES_WHEN_LATE,
        };
        let pause = took.mul_f64(times * share).min(LONGEST_PAUSE);
        self.taken += took + pause;
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(300);

    fn swept() -> Swept {
        Swept::new(1, None)
    }

    /// The sizes of ten batches if each row takes this long.
    fn sizes(most: u32, per_row: Duration) -> Vec<u32> {
        let mut pace = Pace::new(most, INTERVAL);
        let batches = (0..10).map(|_| {
            let rows = pace.rows();
            pace.follow(&swept(), per_row * rows);
            rows
        });
        batches.collect()
    }

    #[test]
    fn batches_grow_to_the_limit_while_they_are_quick() {
        let quick = sizes(5000, Duration::from_micros(1));
        assert_eq!(quick[..4], [100, 200, 400, 800]);
        assert_eq!(quick[9], 5000);
        assert_eq!(sizes(7, Duration::from_micros(1)), [7; 10]);
    }

    #[test]
    fn batches_shrink_until_they_take_the_target_at_most() {
        let slow = sizes(5000, Duration::from_micros(600));
        assert_eq!(slow[..5], [100, 50, 25, 12, 12]);
        assert!(Duration::from_micros(600) * slow[9] <= TARGET);
        assert_eq!(sizes(5000, Duration::from_secs(9))[9], 1);
        let steady = sizes(5000, Duration::from_micros(25));
        assert!(Duration::from_micros(25) * steady[9] <= TARGET);
    }

    #[test]
    fn batches_are_small_beside_a_row_that_cannot_be_removed() {
        let mut pace = Pace::new(5000, INTERVAL);
        let mut skipped = swept();
        skipped.undeletable = 1;
        pace.follow(&skipped, Duration::ZERO);
        assert_eq!(pace.rows(), AFTER_A_SKIP);
    }

    #[test]
    fn a_pause_is_about_nine_times_as_long_as_its_batch_and_bounded() {
        let mut pace = Pace::new(5000, Duration::MAX);
        for _ in 0..1000 {
            let pause = pace.pause_after(Duration::from_millis(10));
            assert!((45..=135).contains(&pause.as_millis()), "{pause:?}");
            assert!(pace.pause_after(Duration::from_secs(9)) <= LONGEST_PAUSE);
        }
    }

    #[test]
    fn the_pauses_of_a_sweep_that_has_taken_as_long_as_the_interval_are_short() {
        let batch = Duration::from_millis(10);
        let mut pace = Pace::new(5000, INTERVAL);
        let mut taken = Duration::ZERO;
        while taken < INTERVAL {
            let pause = pace.pause_after(batch);
            assert!(pause.as_millis() >= 45, "{pause:?} after {taken:?}");
            taken += batch + pause;
        }
        let pause = pace.pause_after(batch);
        assert!((5..=15).contains(&pause.as_millis()), "{pause:?}");
    }
}
