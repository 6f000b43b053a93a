//! What the store keeps under a key.

use std::fmt;

use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::random::{self, RngError};

/// A row without its key.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // A literal of it must name every column that is written.
pub struct Row {
    /// The sealed values: the text that securecookie makes of them, as ASCII bytes.
    pub data: Vec<u8>,
    /// When the session began.
    pub created_on: Timestamp,
    /// When it was last written, which is also its version.
    pub modified_on: Timestamp,
    /// When it ends, as far as the store is concerned.
    pub expires_on: Timestamp,
    /// What stands in columns that a peer in Go does not know.
    pub extras: RowExtras,
}

/// The part of a row in columns of our own. All of them may be NULL: a peer in Go leaves them so.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // As for [`Row`].
pub struct RowExtras {
    /// A random number of the save that wrote the row, by which a save of unknown fate is
    /// recognised. `None` when the last to write it was a program that does not know our columns,
    /// whatever stands in them: their `owner` may not be true any more then.
    pub save_token: Option<i64>,
    /// This session's own maximal age in seconds, 0 for one that ends with the browser; `None` for
    /// the application's.
    pub max_age: Option<i64>,
    /// Whose session it is.
    pub owner: Option<String>,
    /// What the owner knows it by, such as a device.
    pub label: Option<String>,
    /// Its public name, which stays when the ID changes.
    pub handle: Option<SessionHandle>,
}

impl RowExtras {
    /// The same for a save of our own.
    pub(crate) fn with_save_token(&self) -> Result<Self, RngError> {
        Ok(Self {
            save_token: Some(i64::from_le_bytes(random::bytes()?)),
            ..self.clone()
        })
    }
}

impl Row {
    /// Whether a load at `now` must not see the row any more.
    // Go: pgstore.go load reads rows past their time until Cleanup removes them; ours does not.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_on <= now && !self.ends_with_the_browser()
    }

    /// Whether it was written with a maximal age of 0, which leaves `expires_on` meaningless.
    // Go: pgstore.go save takes expires_on from the clock before modified_on.
    #[must_use]
    pub fn ends_with_the_browser(&self) -> bool {
        self.expires_on <= self.modified_on
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("data", &format_args!("{} bytes", self.data.len()))
            .field("created_on", &self.created_on)
            .field("modified_on", &self.modified_on)
            .field("expires_on", &self.expires_on)
            .field("extras", &self.extras)
            .finish()
    }
}

/// Whose it is stays private.
impl fmt::Debug for RowExtras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowExtras")
            .field("save_token", &self.save_token.is_some())
            .field("max_age", &self.max_age)
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
