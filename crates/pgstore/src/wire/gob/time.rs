use std::time::{Duration, SystemTime};

/// A point in time with its zone's offset: Go's `time.Time`.
///
/// Reading into it keeps the offset, which other types drop.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use pgstore::wire::go;
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
    /// Seconds east; `None` is UTC itself, which Go tells from an offset of 0.
    pub(super) offset: Option<i32>,
}

/// Seconds from Go's first year to 1970.
const EPOCH: i64 = 62_135_596_800;
/// The offset in minutes that says UTC.
const UTC: i16 = -1;
const NANOS: u32 = 1_000_000_000;

impl Time {
    /// Go's zero time, which `IsZero` is true of: the first second of year 1.
    pub const ZERO: Self = Self {
        seconds: -EPOCH,
        nanos: 0,
        offset: None,
    };

    /// A time in UTC. Nanoseconds beyond a second are carried over.
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

    /// The same time, seen from a zone that is so many seconds east of UTC.
    ///
    /// `None` if Go cannot store the offset: beyond 32,767 minutes, or within the minute before
    /// −1, which stands for UTC.
    #[must_use]
    pub fn with_offset(self, seconds_east: i32) -> Option<Self> {
        let minutes = i16::try_from(seconds_east / 60).ok()?;
        (minutes != UTC).then_some(Self {
            offset: Some(seconds_east),
            ..self
        })
    }

    /// Whole seconds since 1970, negative before.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds into the second.
    #[must_use]
    pub fn nanoseconds(self) -> u32 {
        self.nanos
    }

    /// Seconds that the zone is east of UTC; `None` for UTC itself.
    #[must_use]
    pub fn offset(self) -> Option<i32> {
        self.offset
    }

    /// What `GobEncode` writes. Go: time.go, AppendBinary.
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

    /// Reads what `GobEncode` wrote; `None` if it is no time or none that can be reckoned with.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !Self::is_accepted(bytes) {
            return None;
        }
        let (seconds, rest) = bytes[1..].split_first_chunk::<8>()?;
        let (nanos, rest) = rest.split_first_chunk::<4>()?;
        let (minutes, rest) = rest.split_first_chunk::<2>()?;
        let minutes = i16::from_be_bytes(*minutes);
        // Go: time.go, UnmarshalBinary takes the odd seconds as unsigned, so that a negative
        // offset comes back wrong by 256 s there. The instant is the same.
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

    /// Whether Go's `GobDecode` takes the bytes. Go: time.go, UnmarshalBinary.
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

/// The time is beyond what [`SystemTime`] can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time is out of SystemTime's range")]
pub struct OutOfSystemTime(());

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
