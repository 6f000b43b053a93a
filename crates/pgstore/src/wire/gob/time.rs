use std::time::{Duration, SystemTime};

use crate::error_text::debug_as_text;

/// A point in time with the offset of its zone: Go's `time.Time`.
///
/// Use it to keep the offset, which [`SystemTime`] does not have.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use pgstore::go;
///
/// let time = go::Time::new(1_700_000_000, 0);
/// assert_eq!(time.to_string(), "2023-11-14T22:13:20Z");
/// assert_eq!(SystemTime::try_from(time)?, SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    pub(super) seconds: i64,
    pub(super) nanos: u32,
    /// Seconds east of UTC. `None` is UTC itself, which Go distinguishes from an offset of 0.
    pub(super) offset: Option<i32>,
}

/// Seconds from Go's first year to 1970.
const EPOCH: i64 = 62_135_596_800;
/// The offset in minutes that stands for UTC.
const UTC: i16 = -1;
const NANOS: u32 = 1_000_000_000;

impl Time {
    /// Go's zero time, for which `IsZero` returns true: the first second of the year 1.
    ///
    /// ```
    /// use pgstore::go;
    ///
    /// assert_eq!(go::Time::ZERO.to_string(), "0001-01-01T00:00:00Z");
    /// ```
    pub const ZERO: Self = Self {
        seconds: -EPOCH,
        nanos: 0,
        offset: None,
    };

    /// A time in UTC, from seconds since 1970 and nanoseconds. Whole seconds in the nanoseconds are
    /// added to the seconds.
    ///
    /// ```
    /// use pgstore::go;
    ///
    /// let time = go::Time::new(-1, 500_000_000);
    /// assert_eq!(time.to_string(), "1969-12-31T23:59:59.5Z");
    /// ```
    #[must_use]
    pub const fn new(unix_seconds: i64, nanoseconds: u32) -> Self {
        let carry = (nanoseconds / NANOS) as i64;
        let seconds = unix_seconds.saturating_add(carry);
        Self {
            seconds,
            nanos: nanoseconds % NANOS,
            offset: None,
        }
    }

    /// The same time in a zone that is `seconds_east` of UTC.
    ///
    /// `None` if Go cannot store the offset: it is greater than 32,767 minutes, or it is −1 minute
    /// (−60 to −119 seconds), which in Go's format stands for UTC.
    ///
    /// ```
    /// use pgstore::go;
    ///
    /// let time = go::Time::new(0, 0).with_offset(3600).unwrap();
    /// assert_eq!(time.to_string(), "1970-01-01T01:00:00+01:00");
    /// ```
    #[must_use]
    pub fn with_offset(self, seconds_east: i32) -> Option<Self> {
        let minutes = i16::try_from(seconds_east / 60).ok()?;
        (minutes != UTC).then_some(Self {
            offset: Some(seconds_east),
            ..self
        })
    }

    /// Whole seconds since 1970; negative before 1970.
    ///
    /// ```
    /// use pgstore::go;
    ///
    /// let time: go::Time = "1970-01-01T00:01:00Z".parse()?;
    /// assert_eq!(time.unix_seconds(), 60);
    /// # Ok::<(), go::NotRfc3339>(())
    /// ```
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second, below 1,000,000,000.
    ///
    /// ```
    /// use pgstore::go;
    ///
    /// assert_eq!(go::Time::new(0, 5).nanoseconds(), 5);
    /// ```
    #[must_use]
    pub fn nanoseconds(self) -> u32 {
        self.nanos
    }

    /// The zone's offset in seconds east of UTC; `None` for UTC itself.
    ///
    /// ```
    /// use pgstore::go;
    ///
    /// let time: go::Time = "2024-01-01T00:00:00+02:00".parse()?;
    /// assert_eq!(time.offset(), Some(7200));
    /// # Ok::<(), go::NotRfc3339>(())
    /// ```
    #[must_use]
    pub fn offset(self) -> Option<i32> {
        self.offset
    }

    /// The bytes that Go's `GobEncode` writes.
    // Go: time.go, AppendBinary.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let (minutes, seconds) = match self.offset {
            None => (UTC, 0),
            Some(offset) => (i16::try_from(offset / 60).unwrap_or(0), offset % 60),
        };
        let mut bytes = vec![if seconds == 0 { 1 } else { 2 }];
        bytes.extend(self.seconds.wrapping_add(EPOCH).to_be_bytes());
        bytes.extend(self.nanos.to_be_bytes());
        bytes.extend(minutes.to_be_bytes());
        if seconds != 0 {
            bytes.push(seconds.to_le_bytes()[0]);
        }
        bytes
    }

    /// Reads the bytes that `GobEncode` wrote. `None` if they are malformed or the time is beyond the
    /// range of this type.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !Self::is_accepted(bytes) {
            return None;
        }
        let (seconds, rest) = bytes[1..].split_first_chunk::<8>()?;
        let (nanos, rest) = rest.split_first_chunk::<4>()?;
        let (minutes, rest) = rest.split_first_chunk::<2>()?;
        let minutes = i16::from_be_bytes(*minutes);
        // Go: time.go, UnmarshalBinary reads the seconds of the offset as unsigned, which makes a
        // negative offset wrong by 256 s there. The instant is the same.
        let odd = rest.first().map_or(0, |odd| i32::from(odd.cast_signed()));
        let offset = (minutes != UTC || odd != 0).then_some(i32::from(minutes) * 60 + odd);
        let seconds = i64::from_be_bytes(*seconds).checked_sub(EPOCH)?;
        let nanos = u32::from_be_bytes(*nanos);
        (nanos < NANOS).then_some(Self {
            seconds,
            nanos,
            offset,
        })
    }

    /// Whether Go's `GobDecode` accepts the bytes.
    // Go: time.go, UnmarshalBinary.
    pub(crate) fn is_accepted(bytes: &[u8]) -> bool {
        matches!((bytes.first(), bytes.len()), (Some(1), 15) | (Some(2), 16))
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self::new(seconds(after), after.subsec_nanos()),
            Err(error) => match (seconds(error.duration()), error.duration().subsec_nanos()) {
                (before, 0) => Self::new(-before, 0),
                (before, nanos) => Self::new(-before - 1, NANOS - nanos),
            },
        }
    }
}

/// A time is out of the range of [`SystemTime`].
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time is out of the range of SystemTime")]
pub struct OutOfSystemTime(());

debug_as_text!(OutOfSystemTime);

impl TryFrom<Time> for SystemTime {
    type Error = OutOfSystemTime;

    fn try_from(time: Time) -> Result<Self, OutOfSystemTime> {
        let whole = Duration::from_secs(time.seconds.unsigned_abs());
        let nanos = Duration::from_nanos(u64::from(time.nanos));
        let second = if time.seconds < 0 {
            Self::UNIX_EPOCH.checked_sub(whole)
        } else {
            Self::UNIX_EPOCH.checked_add(whole)
        };
        second
            .and_then(|second| second.checked_add(nanos))
            .ok_or(OutOfSystemTime(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_the_bytes_come_back() {
        let time = Time::new(1_700_000_000, 5);
        let places = [None, Some(0), Some(-4512), Some(32_767 * 60), Some(3600)];
        for offset in places {
            let time = offset
                .map_or(Some(time), |offset| time.with_offset(offset))
                .expect("it is a time");
            assert_eq!(Time::from_bytes(&time.to_bytes()), Some(time));
        }
        assert_eq!(time.with_offset(-60), None);
        assert_eq!(Time::from_bytes(&Time::ZERO.to_bytes()), Some(Time::ZERO));
    }

    #[test]
    fn system_time_converts_both_ways() {
        for offset in [
            Duration::ZERO,
            Duration::new(5, 7),
            Duration::new(1 << 40, 999_999_999),
        ] {
            for time in [
                SystemTime::UNIX_EPOCH + offset,
                SystemTime::UNIX_EPOCH - offset,
            ] {
                assert_eq!(SystemTime::try_from(Time::from(time)), Ok(time));
            }
        }
    }
}
