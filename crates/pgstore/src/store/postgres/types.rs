//! Parameters and columns in PostgreSQL's format: secrets that cannot be printed, and times in
//! microseconds.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::clock::Timestamp;

/// The error of a conversion.
type ConversionError = Box<dyn Error + Sync + Send>;

/// A `bytea` or `text` parameter that must not be printed: a key, data, an owner.
///
/// At the debug level the driver logs parameters by their `Debug`, which shows nothing here.
pub(super) struct Secret<'a>(pub(super) &'a [u8]);

impl<'a> Secret<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl ToSql for Secret<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, ConversionError> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::BYTEA | Type::TEXT)
    }

    to_sql_checked!();
}

/// A `timestamptz`: microseconds since 2000-01-01, and an infinity at either end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Micros(i64);

impl Micros {
    /// 2000-01-01T00:00:00Z in microseconds since the Unix epoch.
    const EPOCH: i64 = 946_684_800_000_000;
    /// The first instant PostgreSQL can hold: 4714-11-24 BC (`MIN_TIMESTAMP`).
    const FIRST: i64 = -211_813_488_000_000_000;
    /// The last one: just before the year 294277 (`END_TIMESTAMP` is exclusive).
    const LAST: i64 = 9_223_371_331_200_000_000 - 1;

    /// The instant, or `None` for an infinity.
    pub(super) fn finite(self) -> Option<Timestamp> {
        (Self::FIRST..=Self::LAST)
            .contains(&self.0)
            .then(|| Timestamp::from_unix_micros(self.0.saturating_add(Self::EPOCH)))
    }
}

impl From<Timestamp> for Micros {
    /// An instant outside PostgreSQL's range becomes its first or last one, never an infinity.
    fn from(time: Timestamp) -> Self {
        let since_2000 = time.unix_micros().saturating_sub(Self::EPOCH);
        Self(since_2000.clamp(Self::FIRST, Self::LAST))
    }
}

impl ToSql for Micros {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, ConversionError> {
        self.0.to_sql(&Type::INT8, out)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Micros {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, ConversionError> {
        i64::from_sql(&Type::INT8, raw).map(Self)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", Secret(b"key")), "..");
        assert_eq!(format!("{:?}", Some(Secret::text("alice"))), "Some(..)");
    }

    #[test]
    fn instants_round_trip_and_the_ends_stay_finite() {
        for micros in [0, -1, 1_700_000_000_000_001, -62_135_596_800_000_000] {
            let time = Timestamp::from_unix_micros(micros);
            assert_eq!(Micros::from(time).finite(), Some(time));
        }
        for end in [i64::MIN, i64::MAX] {
            assert!(
                Micros::from(Timestamp::from_unix_micros(end))
                    .finite()
                    .is_some()
            );
            assert_eq!(Micros(end).finite(), None);
        }
    }
}
