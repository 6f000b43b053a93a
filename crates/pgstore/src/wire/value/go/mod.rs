//! Go types that Rust has no type of its own for: wrap a value to say which one is meant.

mod duration;
mod named;

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

pub use duration::{Duration, OutOfDuration};
pub use named::{Any, GoType, Named};

pub use crate::wire::gob::{
    rfc3339::NotRfc3339,
    time::{OutOfSystemTime, Time},
};

/// Go's `int`, which most Go programs use and which `i64` is not: that is their `int64`.
///
/// ```
/// use pgstore::wire::{Values, go};
///
/// let mut values = Values::new();
/// values.insert("visits", &go::Int(1))?;
/// values.insert("visits", &2_i64)?; // it stays an int
/// assert_eq!(values.get::<i64>("visits")?, Some(2));
/// # Ok::<(), pgstore::wire::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a wrapper to construct and match"
)]
pub struct Int(pub i64);

/// Go's `uint`, which `u64` is not: that is its `uint64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a wrapper to construct and match"
)]
pub struct Uint(pub u64);

/// serde's names of the wrappers, by which our serializer knows them. Others see the content.
pub(super) const INT: &str = "$pgstore::go::Int";
pub(super) const UINT: &str = "$pgstore::go::Uint";
pub(super) const TIME: &str = "$pgstore::go::Time";
pub(super) const DURATION: &str = "$pgstore::go::Duration";
pub(super) const ANY: &str = "$pgstore::go::Any";
/// The name of the Go type is that of the newtype within.
pub(super) const NAMED: &str = "$pgstore::go::Named";

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(INT, &self.0)
    }
}

impl Serialize for Uint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(UINT, &self.0)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TIME, &self.to_string())
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Uint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimeText)
    }
}

struct TimeText;

impl Visitor<'_> for TimeText {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time in RFC 3339")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
        text.parse().map_err(E::custom)
    }
}
