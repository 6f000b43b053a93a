//! What is measured, and at which size.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// One kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Work {
    /// From a known session to one of its values: one query.
    Read,
    /// A request that changes a stored session: load it, change a value, save it.
    Save,
    /// The first row of a new session.
    Insert,
    /// 95 reads to 5 saves; through the middleware, where there is one, without sockets.
    Mix,
    /// A request through the middleware whose handler reads a value.
    Http,
    /// A request through the middleware whose handler leaves the session alone.
    Untouched,
}

impl Work {
    pub(crate) const ALL: [Work; 6] = [
        Work::Read,
        Work::Save,
        Work::Insert,
        Work::Mix,
        Work::Http,
        Work::Untouched,
    ];
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Work::Read => "read",
            Work::Save => "save",
            Work::Insert => "insert",
            Work::Mix => "mix",
            Work::Http => "http",
            Work::Untouched => "untouched",
        })
    }
}

/// A kind of work at one size. `bytes` is the text that a session keeps, and 0 for an untouched
/// request without a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) work: Work,
    pub(crate) callers: usize,
    pub(crate) rows: u32,
    pub(crate) bytes: usize,
}

impl Cell {
    /// Whether requests bring the cookie of a stored session.
    pub(crate) fn has_cookie(self) -> bool {
        self.bytes > 0
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} callers, {} rows, ",
            self.work, self.callers, self.rows
        )?;
        match self.bytes {
            0 => f.write_str("no cookie"),
            bytes => write!(f, "{bytes} B"),
        }
    }
}
