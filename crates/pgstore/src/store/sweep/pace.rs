//! How many rows a sweep reads at a time, and how long it pauses in between.

use std::time::Duration;

use crate::random;
use crate::store::Swept;

/// How long the rows of a batch may take. Vacuum and requests wait no longer for its row locks, nor for the
/// core of the server that it keeps busy.
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
    /// The size of the batch before, and its time.
    before: Option<(u32, Duration)>,
    /// How long a batch takes whatever its size: the way to a distant server, the commits of several servers.
    /// Smaller batches would not be quicker.
    fixed: Duration,
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
            before: None,
            fixed: Duration::ZERO,
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
        if swept.undeletable > 0 {
            self.before = None; // It was tried in parts.
            self.rows = self.rows.min(AFTER_A_SKIP); // Its neighbours may be such rows, too.
            return;
        }
        self.estimate_fixed(took);
        let rows_took = took.saturating_sub(self.fixed);
        let target = TARGET.max(self.fixed / 2);
        if rows_took > target {
            self.rows = (self.rows / 2).max(1);
        } else if rows_took < target / 2 {
            self.rows = self.rows.saturating_mul(2).min(self.most);
        }
    }

    /// Two batches of different sizes tell what one without rows would take.
    fn estimate_fixed(&mut self, took: Duration) {
        let before = self.before.replace((self.rows, took));
        let Some((rows_before, took_before)) = before.filter(|(rows, _)| *rows != self.rows) else {
            return;
        };
        let more_rows = f64::from(self.rows) - f64::from(rows_before);
        let per_row = (took.as_secs_f64() - took_before.as_secs_f64()) / more_rows;
        let fixed = took.as_secs_f64() - per_row * f64::from(self.rows);
        let least = took.min(took_before);
        self.fixed = Duration::try_from_secs_f64(fixed)
            .unwrap_or_default()
            .min(least);
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
        sizes_if(most, |rows| per_row * rows)[..10].to_vec()
    }

    /// The sizes of a hundred batches if they take this long.
    fn sizes_if(most: u32, mut time: impl FnMut(u32) -> Duration) -> Vec<u32> {
        let mut pace = Pace::new(most, INTERVAL);
        let batches = (0..100).map(|_| {
            let rows = pace.rows();
            pace.follow(&swept(), time(rows));
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
    fn batches_grow_although_the_server_is_far_away() {
        let away = Duration::from_millis(60);
        let distant = |per_row| sizes_if(5000, move |rows| away + per_row * rows);
        assert_eq!(distant(Duration::from_micros(1))[99], 5000);
        let slower = distant(Duration::from_micros(100));
        assert!((100..=400).contains(&slower[99]), "{slower:?}");
        let slowest = distant(Duration::from_millis(100));
        assert_eq!(slowest[99], 1);
    }

    #[test]
    fn batches_stay_large_although_the_time_to_the_server_varies() {
        for seed in 0..100_u64 {
            let mut random = seed;
            let sizes = sizes_if(5000, |_| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                Duration::from_millis(60 + (random >> 32) % 30)
            });
            let removed: u32 = sizes.iter().sum();
            assert!(removed > 20_000, "{removed}: {sizes:?}");
        }
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
