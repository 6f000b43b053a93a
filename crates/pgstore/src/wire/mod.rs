//! Bytes to values and back: the text of a cookie, the data of a row. Pure: no clock, no I/O.

mod base64;
pub(crate) mod error;
pub mod gob;
mod keys;
mod open_error;
mod securecookie;
mod value;

pub use error::ErrorClass;
pub use gob::{error::GobError, value::GoValue};
pub use keys::{Iv, KeyError, KeyPair, Keys};
pub use open_error::{OpenError, TooLong};
pub use securecookie::{Opened, SecureCookie};
pub(crate) use value::FieldDrafts;
pub use value::{
    Draft, Entries, Fields, GoPeer, Key, List, Node, RegisteredNames, ValueError, ValueErrorKind,
    Values, View, go,
};
