//! Where the row of an opaque session is.

use sha2::{Digest, Sha256};

use crate::id::SessionId;

/// The key and the number of an opaque session's row. Both follow from the ID, so the number, which is
/// the table's primary key, is unique for each ID.
pub(super) struct OpaqueId {
    pub(super) key: SessionId,
    pub(super) number: i64,
}

impl OpaqueId {
    /// The place of an ID: SHA-256 of `crate:id`. An ID has 128 random bits or more, so hashing guesses
    /// finds none.
    pub(super) fn of(crate_name: &str, id: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(crate_name);
        hash.update(b":");
        hash.update(id);
        let digest: [u8; 32] = hash.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Self {
            key: SessionId::of_digest(&digest),
            number: i64::from_be_bytes([a & 0x7f, b, c, d, e, f, g, h]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `printf tower-sessions:AAAAAAAAAAAAAAAAAAAAAA | openssl dgst -sha256 -binary |
    /// base32 | tr -d =`.
    #[test]
    fn a_shell_finds_the_same_key() {
        let id = OpaqueId::of("tower-sessions", "AAAAAAAAAAAAAAAAAAAAAA");
        let expected = b"DFOI37YZWF27SUOHEIXBC6S6W4NXBX726ZJO5JQHKXCRSNWXUACQ";
        assert_eq!(id.key.as_bytes(), expected);
        assert!(id.number >= 0);
    }

    #[test]
    fn two_crates_never_share_a_key() {
        let [tower, actix] = ["tower", "actix"].map(|crate_name| OpaqueId::of(crate_name, "id"));
        assert_ne!(tower.key, actix.key);
        assert_ne!(tower.number, actix.number);
    }
}
