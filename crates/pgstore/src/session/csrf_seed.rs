//! The secret behind the CSRF tokens of a session, or of a stranger.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use sha2::digest::CtOutput;
use sha2::{Digest, Sha256};

use crate::id::SessionId;
use crate::random::{self, RngError};
use crate::wire::{Draft, ValueError, Values};

/// The key of the seed among the values. It is reserved, as `_flash` is.
pub(super) const SEED: &str = "_csrf";

/// Separates the hash that is the seed from any other hash of an ID.
const DERIVATION: &[u8] = b"pgstore: the seed of a session's CSRF tokens\0";

pub(super) fn seed_of(values: &Values) -> Result<Option<Seed>, ValueError> {
    values.get(SEED)
}

/// Whether a seed is stored. Another value, which the application keeps under its key, does not count.
pub(super) fn holds_seed(values: &Values) -> bool {
    matches!(seed_of(values), Ok(Some(_)))
}

/// The secret that all tokens of a session are made from. It is stored as base64url, so that a Go
/// route can read it as a string.
#[derive(Clone)]
pub(crate) struct Seed([u8; Seed::LENGTH]);

impl Seed {
    const LENGTH: usize = 32;

    pub(super) fn random() -> Result<Self, RngError> {
        random::bytes().map(Self)
    }

    /// The seed that belongs to an ID. Pages show it; it does not reveal the ID's 256 bits.
    pub(super) fn derived(id: &SessionId) -> Self {
        let hash = Sha256::new()
            .chain_update(DERIVATION)
            .chain_update(id.as_bytes());
        Self(hash.finalize().into())
    }

    /// The token's text is the base64url of the mask, followed by the seed XOR the mask.
    pub(super) fn masked(&self, mask: &[u8; Self::LENGTH]) -> String {
        let bytes = [*mask, xor(&self.0, mask)].concat();
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The seed that a token was made from; `None` for a text that is not a token.
    pub(super) fn unmasked(token: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (mask, masked) = bytes.split_first_chunk()?;
        Some(Self(xor(masked.try_into().ok()?, mask)))
    }

    /// The text in rows and cookies.
    pub(crate) fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Compares in constant time.
    pub(super) fn is(&self, other: &Self) -> bool {
        let form = |seed: &Self| CtOutput::<Sha256>::new(seed.0.into());
        form(self) == form(other)
    }

    pub(super) fn draft(&self) -> Result<Draft, ValueError> {
        Draft::new(SEED, self)
    }
}

fn xor(a: &[u8; Seed::LENGTH], b: &[u8; Seed::LENGTH]) -> [u8; Seed::LENGTH] {
    std::array::from_fn(|place| a[place] ^ b[place])
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).ok_or_else(|| de::Error::custom("not a seed of CSRF tokens"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Seed {
        Seed([0x5a; Seed::LENGTH])
    }

    #[test]
    fn a_token_is_its_seed_again_whatever_the_mask() {
        for mask in [[0; 32], [0x5a; 32], [0xff; 32]] {
            let token = seed().masked(&mask);
            assert_eq!(token.len(), 86);
            assert!(Seed::unmasked(&token).unwrap().is(&seed()));
        }
    }

    #[test]
    fn no_single_changed_character_still_fits() {
        let token = seed().masked(&[7; 32]);
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let fits = Seed::unmasked(&changed).is_some_and(|other| other.is(&seed()));
            assert!(!fits, "character {place}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_token_has_no_seed() {
        let token = seed().masked(&[7; 32]);
        let texts = [
            "",
            "=",
            "token",
            &token[1..],
            &format!("{token}AAAA"),
            &format!("{token}=="),
        ];
        for text in texts {
            assert!(Seed::unmasked(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_seed() {
        assert_eq!(format!("{:?}", seed()), "Seed(..)");
    }
}
