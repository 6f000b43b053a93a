//! What a guarded write answers.

/// Whether a write found the row in the version that it expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // A caller that handles only one of them loses writes or logouts.
#[must_use]
pub enum Written {
    /// The write took effect.
    Saved,
    /// The newest row of that key has another version, or the key has no row. Nothing was written.
    /// Load again to tell which.
    Missed,
}

#[cfg(feature = "postgres")]
impl Written {
    /// The answer of a statement that changed this many rows.
    pub(crate) fn from_count(rows: u64) -> Self {
        match rows {
            0 => Self::Missed,
            _ => Self::Saved,
        }
    }
}
