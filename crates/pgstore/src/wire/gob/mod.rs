//! Go's `encoding/gob`: bytes to a tree of values that keeps all Go wrote, and back.
//!
//! [`Values`](crate::wire::Values) are a session's; here are the strings that cookies hold and
//! [`decode`], which opens a gob without knowing what is in it.

pub(crate) mod decode;
mod definition;
pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod identity;
mod interner;
pub(crate) mod limits;
mod reader;
pub(crate) mod rfc3339;
pub(crate) mod shape;
pub(crate) mod time;
pub(crate) mod tree;
pub(crate) mod types;
mod writer;

pub(crate) use error::GobError;
pub(crate) use tree::Typed;

use tree::Value;

/// Encodes a string as the content of a cookie.
///
/// ```
/// # use pgstore::wire::gob;
/// assert_eq!(gob::encode_string(b"abc"), [6, 12, 0, 3, b'a', b'b', b'c']);
/// ```
#[must_use]
pub fn encode_string(text: &[u8]) -> Vec<u8> {
    encode::encode_string(text)
}

/// Decodes a string; as in Go it may hold any bytes, and what follows it is ignored.
///
/// # Errors
///
/// The gob is malformed, or its value is no string.
pub fn decode_string(gob: &[u8]) -> Result<Vec<u8>, GobError> {
    match decode::decode(gob, "string")?.value {
        Value::String(text) => Ok(text),
        _ => Err(GobError::WrongType("string".to_owned())),
    }
}

/// Decodes a value of any type, for tools that look into a gob.
///
/// The value of a gob itself has no registered name: [`Typed::go_type_name`] is empty.
///
/// # Errors
///
/// The gob is malformed or beyond the bounds of this codec.
pub fn decode(gob: &[u8]) -> Result<Typed, GobError> {
    decode::decode(gob, "")
}
