use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The names by which [`Values`](crate::wire::Values) knows the types. Other formats see integers.
pub(crate) const INT: &str = "$pgstore::go::Int";
pub(crate) const UINT: &str = "$pgstore::go::Uint";

/// Go's `int`, which most Go programs use. An `i64` becomes Go's `int64` instead.
///
/// ```
/// use pgstore::{Values, go};
///
/// let mut values = Values::new();
/// values.insert("visits", go::Int(1))?;
/// values.insert("visits", 2_i64)?; // the existing value keeps its type, int
/// assert_eq!(values.get::<i64>("visits")?, Some(2));
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a wrapper to construct and match"
)]
pub struct Int(pub i64);

/// Go's `uint`. A `u64` becomes Go's `uint64` instead.
///
/// ```
/// use pgstore::{Values, go};
///
/// let mut values = Values::new();
/// values.insert("size", go::Uint(1))?;
/// assert_eq!(values.value("size").unwrap().go_type_name(), "uint");
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a wrapper to construct and match"
)]
pub struct Uint(pub u64);

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
