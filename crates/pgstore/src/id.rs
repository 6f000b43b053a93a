//! The key of a row: 32 random bytes in base32, as Go draws them.

use std::fmt;

use data_encoding::BASE32_NOPAD;

use crate::random::{self, RngError};

/// A session's ID: 256 bits from the operating system's generator, 52 characters of base32.
///
/// Anyone who knows it and the keys can act as the user, so it cannot be printed: `Debug` shows no
/// character of it. Only [`SessionId::as_bytes`] gives the text, for the store and the codec.
// Go: pgstore.go Save: base32 of securecookie.GenerateRandomKey(32), "=" trimmed.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId([u8; SessionId::LENGTH]);

impl SessionId {
    /// The length of the text in bytes.
    pub const LENGTH: usize = 52;

    /// Draws a new ID.
    ///
    /// # Errors
    /// [`RngError`] if the operating system's random generator fails.
    pub fn generate() -> Result<Self, RngError> {
        let random: [u8; 32] = random::bytes()?;
        let mut text = [0; Self::LENGTH];
        BASE32_NOPAD.encode_mut(&random, &mut text);
        Ok(Self(text))
    }

    /// Reads an ID from the text that a cookie or a row's `key` holds.
    ///
    /// `None` unless it is exactly 52 characters of `A`–`Z` and `2`–`7`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text: [u8; Self::LENGTH] = text.try_into().ok()?;
        text.iter()
            .all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
            .then_some(Self(text))
    }

    /// The key under which a store keeps what a secret of another crate leads to: its digest.
    #[cfg(all(feature = "postgres", feature = "raw"))]
    pub(crate) fn of_digest(digest: &[u8; 32]) -> Self {
        let mut text = [0; Self::LENGTH];
        BASE32_NOPAD.encode_mut(digest, &mut text);
        Self(text)
    }

    /// The ID's text, as the column `key` holds it. A secret: do not log it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_id_reads_back_as_itself_and_no_two_are_alike() {
        let one = SessionId::generate().unwrap();
        let other = SessionId::generate().unwrap();
        assert_eq!(SessionId::parse(one.as_bytes()), Some(one.clone()));
        assert_ne!(one, other);
    }

    #[test]
    fn only_52_characters_of_base32_are_an_id() {
        for bad in [
            &b""[..],
            &[b'A'; 51],
            &[b'A'; 53],
            &[b'a'; 52],
            &[b'1'; 52],
            &[b'='; 52],
        ] {
            assert_eq!(SessionId::parse(bad), None);
        }
        assert!(SessionId::parse(&[b'7'; 52]).is_some());
    }

    #[test]
    fn debug_shows_nothing_of_the_id() {
        assert_eq!(
            format!("{:?}", SessionId::parse(&[b'A'; 52])),
            "Some(SessionId(..))"
        );
    }
}
