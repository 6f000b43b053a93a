//! The one place that reads the wall clock, and the type of what it reads.

use std::fmt::{self, Debug};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 24 * 60 * 60 * MICROS_PER_SECOND;

/// The margin: how far two right clocks may differ. It is added to the times that nodes share. A
/// time further ahead of this node's clock was written by a wrong clock, and counts as now.
pub(crate) const SKEW_TOLERANCE: Duration = Duration::from_secs(60);

/// The longest duration that a setting may have: 100 years.
pub(crate) const LONGEST_SETTING: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);

/// The time since something that only a wrong clock can have written: longer than any lifetime.
pub(crate) const OVERDUE: i64 = i64::MAX;

/// How many seconds have passed since a time, or [`OVERDUE`] if it is too far ahead to be true.
pub(crate) fn seconds_since(then: i64, now: i64) -> i64 {
    let passed = now.saturating_sub(then);
    match passed.saturating_neg() > SKEW_TOLERANCE.as_secs().cast_signed() {
        true => OVERDUE,
        false => passed,
    }
}

/// A point in time: microseconds since the Unix epoch, PostgreSQL's own resolution.
///
/// A finer instant is rounded towards the past, so that a value that went through the database is
/// equal to the one that was sent. `Display` and `Debug` write it as RFC 3339 does, in UTC.
///
/// ```
/// use pgstore::Timestamp;
///
/// let time = Timestamp::from_unix_micros(1_795_704_330_123_456);
/// assert_eq!(time.to_string(), "2026-11-26T14:45:30.123456Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch, 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// assert_eq!(pgstore::Timestamp::UNIX_EPOCH.unix_micros(), 0);
    /// ```
    pub const UNIX_EPOCH: Self = Self(0);

    /// Makes a timestamp from microseconds since the Unix epoch. Negative ones are before it.
    ///
    /// ```
    /// use pgstore::Timestamp;
    ///
    /// let just_before = Timestamp::from_unix_micros(-1);
    /// assert!(just_before < Timestamp::UNIX_EPOCH);
    /// ```
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Makes a timestamp from seconds since the Unix epoch. Saturates at the ends of the range.
    ///
    /// ```
    /// use pgstore::Timestamp;
    ///
    /// let time = Timestamp::from_unix_seconds(1_700_000_000);
    /// assert_eq!(time.to_string(), "2023-11-14T22:13:20.000000Z");
    /// ```
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Returns the microseconds since the Unix epoch.
    ///
    /// ```
    /// use pgstore::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_unix_seconds(1).unix_micros(), 1_000_000);
    /// ```
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the Unix epoch, rounded down.
    ///
    /// ```
    /// use pgstore::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_unix_micros(-1).unix_seconds(), -1);
    /// ```
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Returns the time that is this much later. Saturates at the end of the range.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::Timestamp;
    ///
    /// let later = Timestamp::UNIX_EPOCH.plus(Duration::from_secs(60));
    /// assert_eq!(later.unix_seconds(), 60);
    /// ```
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// Whether the time is further ahead of `now` than clocks differ.
    pub(crate) fn is_too_far_ahead_of(self, now: Self) -> bool {
        self > now.plus(SKEW_TOLERANCE)
    }

    /// Returns the time that is this much earlier. Saturates at the start of the range.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::Timestamp;
    ///
    /// let earlier = Timestamp::UNIX_EPOCH.minus(Duration::from_secs(60));
    /// assert_eq!(earlier.unix_seconds(), -60);
    /// ```
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

/// RFC 3339 with microseconds, in UTC. Years outside 0 to 9999 have a sign and six digits, as in
/// ISO 8601.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, micros) = (
            self.0.div_euclid(MICROS_PER_DAY),
            self.0.rem_euclid(MICROS_PER_DAY),
        );
        let (year, month, day) = date(days);
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+07}")?,
        }
        let (seconds, micros) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let micros = Duration::from_micros(time.0.unsigned_abs());
        if time.0 < 0 {
            UNIX_EPOCH - micros
        } else {
            UNIX_EPOCH + micros
        }
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::UNIX_EPOCH.plus(after),
            Err(before) => Self::UNIX_EPOCH.minus(before.duration()),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The year, month and day of a number of days since the Unix epoch, in the Gregorian calendar.
///
/// It counts years from March, so that the leap day is the last day of a year, in eras of 400 years.
// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // Since 0000-03-01.
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// Where the time comes from: [`SystemClock`] in production, one of your own in tests.
///
/// Every statement gets its time from here as a parameter. The database's clock decides nothing.
///
/// ```
/// use pgstore::{Clock, Timestamp};
///
/// #[derive(Debug)]
/// struct StandingStill;
///
/// impl Clock for StandingStill {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_unix_seconds(1_700_000_000)
///     }
/// }
/// assert_eq!(StandingStill.now().unix_seconds(), 1_700_000_000);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clock of sessions",
    note = "`pgstore::SystemClock` is one; implement `pgstore::Clock` for a clock of your own"
)]
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_before_the_epoch_round_down_to_whole_seconds() {
        let just_before = Timestamp::from(UNIX_EPOCH - Duration::from_micros(1));
        assert_eq!(just_before.unix_micros(), -1);
        assert_eq!(just_before.unix_seconds(), -1);
        assert_eq!(
            SystemTime::from(just_before),
            UNIX_EPOCH - Duration::from_micros(1)
        );
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let end = Timestamp::from_unix_micros(i64::MAX);
        assert_eq!(end.plus(Duration::MAX), end);
        assert_eq!(Timestamp::from_unix_seconds(i64::MAX), end);
    }

    #[test]
    fn a_time_further_ahead_than_clocks_differ_is_overdue() {
        assert_eq!(seconds_since(40, 100), 60);
        assert_eq!(seconds_since(160, 100), -60);
        assert_eq!(seconds_since(161, 100), OVERDUE);
        assert_eq!(seconds_since(i64::MAX, i64::MIN), OVERDUE);
        let now = Timestamp::from_unix_seconds(100);
        assert!(!now.plus(SKEW_TOLERANCE).is_too_far_ahead_of(now));
        let later = now.plus(SKEW_TOLERANCE + Duration::from_micros(1));
        assert!(later.is_too_far_ahead_of(now));
    }

    /// PostgreSQL's and java.time's texts of the same numbers, at both ends and around the epoch.
    #[test]
    fn a_timestamp_is_written_as_rfc_3339() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_795_704_330_123_456, "2026-11-26T14:45:30.123456Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (-2_203_891_200_000_000, "1900-03-01T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
            (253_402_300_800_000_000, "+010000-01-01T00:00:00.000000Z"),
            (-62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z"),
            (-62_167_219_200_000_001, "-000001-12-31T23:59:59.999999Z"),
            (i64::MAX, "+294247-01-10T04:00:54.775807Z"),
            (i64::MIN, "-290308-12-21T19:59:05.224192Z"),
        ] {
            let time = Timestamp::from_unix_micros(micros);
            assert_eq!(time.to_string(), text);
            assert_eq!(format!("{time:?}"), text);
        }
    }

    /// httpdate knows the years 1970 to 9999.
    #[test]
    fn every_kind_of_year_has_the_days_that_httpdate_gives_it() {
        const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
        // A prime number of seconds, so that all times of day come up.
        for seconds in (0..253_402_300_800).step_by(3_600_007) {
            let time = Timestamp::from_unix_seconds(seconds);
            // "Thu, 26 Nov 2026 14:45:30 GMT"
            let expected = httpdate::fmt_http_date(time.into());
            let month = MONTHS.find(&expected[8..11]).unwrap() / 3 + 1;
            let (day, year, of_day) = (&expected[5..7], &expected[12..16], &expected[17..25]);
            let expected = format!("{year}-{month:02}-{day}T{of_day}.000000Z");
            assert_eq!(time.to_string(), expected);
        }
    }

    #[test]
    fn consecutive_days_of_the_whole_range_have_consecutive_dates() {
        let last = i64::MAX / MICROS_PER_DAY;
        for days in (-last..last).step_by(997) {
            let (today, tomorrow) = (date(days), date(days + 1));
            let (year, month, day) = today;
            let follows = [
                (year, month, day + 1),
                (year, month + 1, 1),
                (year + 1, 1, 1),
            ];
            assert!(follows.contains(&tomorrow), "{today:?} {tomorrow:?}");
            assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }
    }
}
