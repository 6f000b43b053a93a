use serde::{Serialize, Serializer};

/// The name by which [`Values`](crate::wire::Values) knows the type. Other formats see the bytes.
pub(crate) const MARSHALED: &str = "$pgstore::go::Marshaled";

/// Bytes that a Go type's own marshaler would write: `GobEncode` or `MarshalBinary`.
///
/// Use it to write over a Go value of such a type, such as a UUID. If Go's `GobDecode` does not
/// accept the bytes, Go refuses the whole session, and only Go knows what it accepts. So where a
/// [Go program](crate::wire::GoPeer) reads the session, plain bytes do not fit such a type unless
/// they are the bytes in place: this type says that you know them to be right. Empty bytes never
/// fit. Where no such type is in place, the bytes are stored as `[]uint8`.
///
/// ```
/// use pgstore::{Values, go};
///
/// let uuid = [7; 16];
/// let mut values = Values::new();
/// values.insert("id", go::Marshaled(&uuid))?; // over Go's uuid.UUID, if that is in place
/// assert_eq!(values.get::<Vec<u8>>("id")?.as_deref(), Some(&uuid[..]));
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a wrapper to construct and match"
)]
pub struct Marshaled<'a>(pub &'a [u8]);

impl Serialize for Marshaled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(MARSHALED, &Bytes(self.0))
    }
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl std::fmt::Debug for Marshaled<'_> {
    /// Without the bytes, which are private.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Marshaled").finish_non_exhaustive()
    }
}
