//! Bytes to values and back: the cookie's text, the row's data. Pure: no clock, no I/O.

mod base64;
mod error;
pub mod gob;
mod keys;
mod securecookie;
mod value;

pub use error::{ErrorClass, OpenError, TooLong};
pub use gob::{error::GobError, tree::Typed};
pub use keys::{Iv, KeyError, KeyPair, Keys};
pub use securecookie::{Opened, SecureCookie};
pub(crate) use value::FieldDrafts;
pub use value::{
    Draft, Entries, Fields, GoPeer, Key, List, Node, RegisteredNames, ValueError, ValueErrorKind,
    Values, View, go,
};
