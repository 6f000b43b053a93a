use std::time::Duration as StdDuration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error_text::debug_as_text;

/// The name by which [`Values`](crate::wire::Values) knows the type. Other formats see the number.
pub(crate) const DURATION: &str = "$pgstore::go::Duration";

/// Go's `time.Duration`: a number of nanoseconds, which may be negative.
///
/// A Go program has to register the type: `gob.Register(time.Duration(0))`. Other serde formats see
/// the number.
///
/// ```
/// use std::time::Duration;
/// use pgstore::{Values, go};
///
/// let mut values = Values::new();
/// values.insert("timeout", go::Duration::try_from(Duration::from_secs(90))?)?;
/// assert_eq!(values.value("timeout").unwrap().go_type_name(), "time.Duration");
/// let timeout: go::Duration = values.get("timeout")?.unwrap();
/// assert_eq!(Duration::try_from(timeout)?, Duration::from_secs(90));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

impl Duration {
    /// A duration of that many nanoseconds.
    ///
    /// ```
    /// use pgstore::go;
    ///
    /// let second = go::Duration::from_nanoseconds(1_000_000_000);
    /// assert_eq!(std::time::Duration::try_from(second)?.as_secs(), 1);
    /// # Ok::<(), go::OutOfDuration>(())
    /// ```
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// The number of nanoseconds.
    ///
    /// ```
    /// use pgstore::go;
    ///
    /// assert_eq!(go::Duration::from_nanoseconds(-5).nanoseconds(), -5);
    /// ```
    #[must_use]
    pub const fn nanoseconds(self) -> i64 {
        self.0
    }
}

/// A duration is out of the range of the other type: Go's ends at 292 years, Rust's begins at 0.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the duration is out of the range of the other type")]
pub struct OutOfDuration(());

debug_as_text!(OutOfDuration);

impl TryFrom<StdDuration> for Duration {
    type Error = OutOfDuration;

    fn try_from(duration: StdDuration) -> Result<Self, OutOfDuration> {
        let nanoseconds = i64::try_from(duration.as_nanos());
        nanoseconds.map(Self).map_err(|_| OutOfDuration(()))
    }
}

impl TryFrom<Duration> for StdDuration {
    type Error = OutOfDuration;

    fn try_from(duration: Duration) -> Result<Self, OutOfDuration> {
        let nanoseconds = u64::try_from(duration.0);
        nanoseconds
            .map(Self::from_nanos)
            .map_err(|_| OutOfDuration(()))
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(DURATION, &self.0)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_both_languages_convert_where_they_fit() {
        let longest = Duration::from_nanoseconds(i64::MAX);
        let std = StdDuration::try_from(longest).expect("i64::MAX is not negative");
        assert_eq!(Duration::try_from(std), Ok(longest));
        assert!(Duration::try_from(std + StdDuration::from_nanos(1)).is_err());
        assert!(StdDuration::try_from(Duration::from_nanoseconds(-1)).is_err());
    }
}
