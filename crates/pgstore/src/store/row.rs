//! A row of the store.

use std::fmt;

use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::random::{self, RngError};

/// A row without its key.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // A literal must name every column that is written.
pub struct Row {
    /// The sealed values: the output of securecookie, which is ASCII.
    pub data: Vec<u8>,
    /// When the session began.
    pub created_on: Timestamp,
    /// When it was last written, which is also its version.
    pub modified_on: Timestamp,
    /// When the store regards it as expired.
    pub expires_on: Timestamp,
    /// The columns that Go's pgstore does not know.
    pub extras: RowExtras,
}

/// The columns that Go's pgstore does not know. All may be NULL: Go's INSERT leaves them so.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // As for [`Row`].
pub struct RowExtras {
    /// A random number of the save that wrote the row. It tells whether a save in doubt took effect.
    /// `None` if a peer wrote the row last; the other extra columns may be out of date then.
    pub save_token: Option<i64>,
    /// The session's own maximal age in seconds, 0 if it ends with the browser, `None` if the
    /// application's setting applies.
    pub max_age: Option<i64>,
    /// The owner of the session.
    pub owner: Option<String>,
    /// The owner's name for it, such as a device.
    pub label: Option<String>,
    /// Its public name, which stays when the ID changes.
    pub handle: Option<SessionHandle>,
    /// Whether no request has brought the row's ID since a gentle rotation. Only
    /// [`rename`](super::Store::rename) sets it, only [`confirm`](super::Store::confirm) clears it,
    /// and only loads read it.
    pub id_is_unconfirmed: bool,
}

impl RowExtras {
    /// The same columns for a save: with a new save token, and with a handle, which every row that
    /// was saved once has.
    pub(crate) fn with_save_token(&self) -> Result<Self, RngError> {
        Ok(Self {
            save_token: Some(i64::from_le_bytes(random::bytes()?)),
            handle: match &self.handle {
                Some(handle) => Some(handle.clone()),
                None => Some(SessionHandle::generate()?),
            },
            ..self.clone()
        })
    }
}

impl Row {
    /// Whether the row has expired at `now`, so that a load must not return it.
    // Go: pgstore.go load returns expired rows until Cleanup removes them.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_on <= now && !self.ends_with_the_browser()
    }

    /// Whether it was written with a maximal age of 0, so that `expires_on` has no meaning.
    // Go: pgstore.go save reads the clock for expires_on before it reads it for modified_on.
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

/// It shows neither the owner nor the label.
impl fmt::Debug for RowExtras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowExtras")
            .field("save_token", &self.save_token.is_some())
            .field("max_age", &self.max_age)
            .field("handle", &self.handle)
            .field("id_is_unconfirmed", &self.id_is_unconfirmed)
            .finish_non_exhaustive()
    }
}
