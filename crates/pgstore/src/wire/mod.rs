//! Bytes to values and back: the cookie's text, the row's data. Pure: no clock, no I/O.

mod error;
pub mod gob;
mod keys;
mod securecookie;
mod value;

pub use error::Blame;
pub use gob::{error::GobError, tree::Typed};
pub use keys::{Iv, KeyError, KeyPair, Keys};
pub use securecookie::{OpenError, Opened, SecureCookie, TooLong};
pub use value::{
    Draft, Entries, Fields, Key, List, Node, ValueError, ValueErrorKind, Values, View, go,
};
