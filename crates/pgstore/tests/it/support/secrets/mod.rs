//! What must never be read in a log, an error or a `Debug` output: every ID, cookie and key that
//! the suite makes, and the passwords of its connection strings.
//!
//! Three parts: secrets are [`known`] where they are made or first seen; all that the library and
//! its dependencies say, down to TRACE, goes into a [`capture`]; when the last trial has ended, the
//! one is [`search`]ed for the other.

mod capture;
mod conclusion;
mod known;
mod listener;
mod search;
mod seen;
mod shown;
mod trials;
mod views;

pub(crate) use capture::heard;
pub(crate) use conclusion::conclude;
pub(crate) use known::{cookie, hex_keys, id, keys, password};
pub(crate) use seen::{fresh_id, headers, page, response};
pub(crate) use shown::{Shown, Told};

/// From now on, all that is said is kept.
pub(crate) fn watch() {
    capture::open();
    listener::listen();
}
