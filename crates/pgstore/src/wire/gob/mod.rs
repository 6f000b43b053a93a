//! Go's `encoding/gob`: bytes to values that keep everything Go wrote, and back.
//!
//! [`Values`](crate::wire::Values) decodes and encodes a session. The functions here are for the
//! string in a cookie, and for tools: [`decode`] opens a gob of any type.

pub(crate) mod common;
pub(crate) mod declared_shapes;
pub(crate) mod decode;
mod definition;
pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod identity;
mod interner;
mod key_places;
pub(crate) mod limits;
mod reader;
pub(crate) mod rfc3339;
mod sent_zero;
pub(crate) mod shape;
pub(crate) mod time;
pub(crate) mod types;
pub(crate) mod value;
mod writer;

pub use decode::{decode, decode_string};
pub use encode::encode_string;
