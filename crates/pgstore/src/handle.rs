//! A session's public name: it may be shown, the ID may not.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::error_text::debug_as_text;
use crate::random::{self, RngError};

/// A session's name where its ID must not be seen: in a list of devices, in a background job.
///
/// 128 random bits, 26 characters of base32. It stays when the ID changes. It opens nothing: only
/// the application can look the session up by it.
///
/// ```
/// use pgstore::SessionHandle;
///
/// // From a form or a path, where it may be anything.
/// assert!(SessionHandle::parse("GEZDGNBVGY3TQOJQGEZDGNBVGY").is_some());
/// assert!(SessionHandle::parse("../etc/passwd").is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionHandle(Box<str>);

impl SessionHandle {
    /// The length of the text in bytes.
    pub const LENGTH: usize = 26;

    /// Draws a new handle. Sessions get theirs by themselves; use it in tests.
    ///
    /// ```
    /// use pgstore::SessionHandle;
    ///
    /// let handle = SessionHandle::generate()?;
    /// assert_eq!(handle.as_str().len(), SessionHandle::LENGTH);
    /// # Ok::<(), pgstore::RngError>(())
    /// ```
    ///
    /// # Errors
    /// [`RngError`] if the operating system's random generator fails.
    pub fn generate() -> Result<Self, RngError> {
        let random: [u8; 16] = random::bytes()?;
        Ok(Self(BASE32_NOPAD.encode(&random).into()))
    }

    /// Reads a handle. Returns `None` unless it is exactly 26 characters of `A`–`Z` and `2`–`7`.
    ///
    /// [`str::parse`] does the same with an error.
    ///
    /// ```
    /// use pgstore::SessionHandle;
    ///
    /// assert_eq!(SessionHandle::parse("short"), None);
    /// assert!("short".parse::<SessionHandle>().is_err());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_base32 = |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
        (text.len() == Self::LENGTH && text.bytes().all(is_base32)).then(|| Self(text.into()))
    }

    /// Returns the handle as text, for templates and URLs. `Display` writes the same.
    ///
    /// ```
    /// # use pgstore::SessionHandle;
    /// # fn link(handle: SessionHandle) -> String {
    /// format!("/devices/{}", handle.as_str())
    /// # }
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionHandle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        Self::parse(text).ok_or(InvalidHandle)
    }
}

/// So that forms and paths can be of this type.
impl<'de> Deserialize<'de> for SessionHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// For templates and JSON.
impl Serialize for SessionHandle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A text that is not a [`SessionHandle`].
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session's handle: a handle has 26 characters of A-Z and 2-7")]
#[non_exhaustive]
pub struct InvalidHandle;

debug_as_text!(InvalidHandle);

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_handle_reads_back_as_itself_and_no_two_are_alike() {
        let one = SessionHandle::generate().unwrap();
        assert_eq!(SessionHandle::parse(one.as_str()), Some(one.clone()));
        assert_ne!(one, SessionHandle::generate().unwrap());
    }

    #[test]
    fn only_26_characters_of_base32_are_a_handle() {
        for bad in [
            "",
            "A",
            "aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(SessionHandle::parse(bad), None);
            assert_eq!(bad.parse::<SessionHandle>(), Err(InvalidHandle));
        }
    }
}
