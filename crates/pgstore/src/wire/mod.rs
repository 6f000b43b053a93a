//! Bytes to values and back: the cookie's text, the row's data. Pure: no clock, no I/O.

mod error;

pub use error::Blame;
