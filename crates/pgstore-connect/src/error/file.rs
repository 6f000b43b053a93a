//! What is wrong with a file of certificates or keys.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::text::write_with_causes;

/// What is wrong with a file of certificates or keys.
#[derive(Clone)]
#[non_exhaustive]
pub enum FileError {
    /// It does not exist or cannot be read.
    Unreadable(Arc<io::Error>),
    /// It holds no certificate.
    Empty,
    /// What it holds is no certificate or key that can be used.
    Invalid(Arc<dyn Error + Send + Sync>),
    /// It is a private key that others than its owner may read.
    Permissions,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Empty => f.write_str("it holds no certificate in PEM format"),
            Self::Invalid(error) => error.fmt(f),
            Self::Permissions => {
                f.write_str("others may read it: chmod 0600 it, or 0640 if root owns it")
            }
        }
    }
}

impl fmt::Debug for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_with_causes(f, self)
    }
}

impl Error for FileError {
    /// The cause's own cause: its text is this one's.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable(error) => error.source(),
            Self::Invalid(error) => error.source(),
            Self::Empty | Self::Permissions => None,
        }
    }
}
