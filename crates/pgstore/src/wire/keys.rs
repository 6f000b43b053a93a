//! Keys: they sign cookies and data, and may encrypt them.

use std::fmt;
use std::sync::Arc;

use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper,
};
use aes::{Aes128, Aes192, Aes256};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::Hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::ErrorClass;
use crate::error_text::debug_as_text;

/// The initialization vector of an encryption: 16 random bytes. Never use one twice with a key.
pub type Iv = [u8; 16];

/// The key pairs of an application. The first pair writes, all pairs read.
///
/// To rotate keys without logging users out: append the new pair on every node, so that all nodes
/// can read it; then move it to the front, so that it writes; remove the old pair when the last
/// session sealed with it has expired.
///
/// Keys are wiped from memory on drop and cannot be printed.
///
/// ```
/// use pgstore::Keys;
///
/// let keys = Keys::from_hex(
///     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,\
///      404142434445464748494a4b4c4d4e4f",
/// )?;
/// assert_eq!(format!("{keys:?}"), "Keys(1 pair)");
/// # Ok::<(), pgstore::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Keys(Arc<[KeyPair]>);

impl Keys {
    /// Keys from pairs. The first pair writes.
    ///
    /// ```
    /// use pgstore::{KeyPair, Keys};
    ///
    /// let new = KeyPair::new(&[1; 32], None)?;
    /// let old = KeyPair::new(&[2; 32], Some(&[3; 16]))?;
    /// let keys = Keys::new([new, old])?;
    /// # Ok::<(), pgstore::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::NoKeys`] if there is no pair.
    pub fn new(pairs: impl IntoIterator<Item = KeyPair>) -> Result<Self, KeyError> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        if pairs.is_empty() {
            Err(KeyError::NoKeys)
        } else {
            Ok(Self(pairs.into()))
        }
    }

    /// Keys from raw bytes in Go's order: hash, block, hash, block, …
    ///
    /// An empty block key means no encryption, like `nil` in Go. The last block key may be omitted.
    ///
    /// ```
    /// use pgstore::Keys;
    ///
    /// let keys = Keys::from_pairs(&[&[1; 32][..], &[], &[2; 32], &[3; 16]])?;
    /// assert_eq!(format!("{keys:?}"), "Keys(2 pairs)");
    /// # Ok::<(), pgstore::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// There is no key, a hash key is empty, or the length of a block key is not 16, 24 or 32 bytes.
    // Go: securecookie.go CodecsFromPairs.
    pub fn from_pairs<K: AsRef<[u8]>>(keys: &[K]) -> Result<Self, KeyError> {
        let pairs = keys.chunks(2).map(|pair| {
            let block = pair
                .get(1)
                .map(AsRef::as_ref)
                .filter(|block| !block.is_empty());
            KeyPair::new(pair[0].as_ref(), block)
        });
        Self::new(pairs.collect::<Result<Vec<_>, _>>()?)
    }

    /// Keys in hexadecimal, separated by commas, as in an environment variable:
    /// `hash[,block,hash,block…]`.
    ///
    /// Spaces around a key are ignored. An empty block key means no encryption.
    ///
    /// ```
    /// use pgstore::Keys;
    ///
    /// let keys = Keys::from_hex(&format!("{}, {}", "0f".repeat(32), "1e".repeat(16)))?;
    /// assert!(Keys::from_hex("my secret").is_err());
    /// # Ok::<(), pgstore::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Keys::from_pairs`], and [`KeyError::NotHex`].
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        if text.trim().is_empty() {
            return Err(KeyError::NoKeys);
        }
        let decode = |(index, key): (usize, &str)| {
            let key = HEXLOWER_PERMISSIVE.decode(key.trim().as_bytes());
            key.map(Zeroizing::new).map_err(|_| KeyError::NotHex {
                position: index + 1,
            })
        };
        let keys: Vec<_> = text
            .split(',')
            .enumerate()
            .map(decode)
            .collect::<Result<_, _>>()?;
        let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
        Self::from_pairs(&keys)
    }

    /// The length of the shortest hash key, in bytes.
    pub(crate) fn shortest_hash_key(&self) -> usize {
        let lengths = self.iter().map(|pair| pair.hash_key_length);
        lengths.min().unwrap_or(0)
    }

    /// The pair that writes.
    pub(super) fn first(&self) -> &KeyPair {
        &self.0[0] // `new`, the only constructor, has checked that there is a pair.
    }

    /// All pairs, in the order in which they are tried.
    pub(super) fn iter(&self) -> impl Iterator<Item = &KeyPair> {
        self.0.iter()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "Keys({} pair{plural})", self.0.len())
    }
}

/// A hash key, which signs, and optionally a block key, which encrypts.
#[derive(Clone)]
pub struct KeyPair {
    /// HMAC-SHA256, initialized with the hash key.
    mac: Hmac<Sha256>,
    hash_key_length: usize,
    block: Option<BlockCipher>,
}

impl KeyPair {
    /// A pair from raw bytes. Without a block key, values are signed but not encrypted.
    ///
    /// Use 32 or 64 random bytes as the hash key. Every length from 1 is accepted, because Go
    /// accepts it. A block key of 16, 24 or 32 bytes selects AES-128, AES-192 or AES-256.
    ///
    /// ```
    /// use pgstore::KeyPair;
    ///
    /// let pair = KeyPair::new(&[1; 32], Some(&[2; 32]))?;
    /// assert_eq!(format!("{pair:?}"), "KeyPair { encrypts: true, .. }");
    /// # Ok::<(), pgstore::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::EmptyHashKey`] or [`KeyError::BlockKeyLength`].
    pub fn new(hash_key: &[u8], block_key: Option<&[u8]>) -> Result<Self, KeyError> {
        if hash_key.is_empty() {
            return Err(KeyError::EmptyHashKey);
        }
        // HMAC accepts keys of every length. The error type is common to all MACs.
        let mac = Hmac::new_from_slice(hash_key).map_err(|_| KeyError::EmptyHashKey)?;
        Ok(Self {
            mac,
            hash_key_length: hash_key.len(),
            block: block_key.map(BlockCipher::new).transpose()?,
        })
    }

    /// A MAC without any input yet.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        self.mac.clone()
    }

    pub(super) fn encrypts(&self) -> bool {
        self.block.is_some()
    }

    /// Encrypts or decrypts in place if the pair has a block key. In CTR mode both are the same.
    pub(super) fn apply_keystream(&self, iv: &Iv, text: &mut [u8]) {
        if let Some(block) = &self.block {
            block.apply_keystream(iv, text);
        }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("encrypts", &self.encrypts())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "an application has a few of them, for its whole life"
)]
enum BlockCipher {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl BlockCipher {
    fn new(key: &[u8]) -> Result<Self, KeyError> {
        let length = KeyError::BlockKeyLength { bytes: key.len() };
        match key.len() {
            16 => Aes128::new_from_slice(key)
                .map(Self::Aes128)
                .map_err(|_| length),
            24 => Aes192::new_from_slice(key)
                .map(Self::Aes192)
                .map_err(|_| length),
            32 => Aes256::new_from_slice(key)
                .map(Self::Aes256)
                .map_err(|_| length),
            _ => Err(length),
        }
    }

    // Go: crypto/cipher NewCTR increments the whole IV as one big-endian number.
    fn apply_keystream(&self, iv: &Iv, text: &mut [u8]) {
        match self {
            Self::Aes128(key) => apply_keystream(key, iv, text),
            Self::Aes192(key) => apply_keystream(key, iv, text),
            Self::Aes256(key) => apply_keystream(key, iv, text),
        }
    }
}

fn apply_keystream<C>(key: &C, iv: &Iv, text: &mut [u8])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Clone,
{
    let counter = CtrCore::<&C, Ctr128BE>::inner_iv_init(key, iv.into());
    StreamCipherCoreWrapper::from_core(counter).apply_keystream(text);
}

/// Why keys are invalid. The application's configuration has to change.
// Go: securecookie checks keys when a codec is first used; here they are checked when they are made.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no key.
    #[error("there are no keys: give at least one hash key")]
    NoKeys,
    /// A hash key is empty.
    #[error("a hash key is empty: use 32 or 64 random bytes")]
    EmptyHashKey,
    /// The length of a block key is not that of an AES key.
    #[error("a block key is {bytes} bytes long: use 16, 24 or 32 bytes, or omit it")]
    #[non_exhaustive]
    BlockKeyLength {
        /// The length of the key, in bytes.
        bytes: usize,
    },
    /// A key in a list is not hexadecimal.
    #[error(
        "key number {position} in the list is not hexadecimal: use an even number of digits 0-9, a-f"
    )]
    #[non_exhaustive]
    NotHex {
        /// The position of the key in the list, from 1.
        position: usize,
    },
}

impl KeyError {
    /// Always [`ErrorClass::Usage`].
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

debug_as_text!(KeyError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked_when_they_are_made() {
        let none: [&[u8]; 0] = [];
        assert_eq!(Keys::from_pairs(&none).unwrap_err(), KeyError::NoKeys);
        assert_eq!(
            Keys::from_pairs(&[b""]).unwrap_err(),
            KeyError::EmptyHashKey
        );
        for bytes in [1, 15, 17, 31, 33, 64] {
            let error = KeyPair::new(b"h", Some(&vec![0; bytes])).unwrap_err();
            assert_eq!(error, KeyError::BlockKeyLength { bytes });
        }
        for bytes in [16, 24, 32] {
            assert!(
                KeyPair::new(b"h", Some(&vec![0; bytes]))
                    .unwrap()
                    .encrypts()
            );
        }
    }

    #[test]
    fn odd_counts_and_empty_block_keys_mean_no_encryption() {
        let keys = Keys::from_pairs(&[&b"h0"[..], b"", b"h1"]).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys(2 pairs)");
        assert!(keys.iter().all(|pair| !pair.encrypts()));
    }

    #[test]
    fn hexadecimal_keys_say_which_one_is_wrong() {
        assert!(
            Keys::from_hex("00ff, 000102030405060708090A0B0C0D0E0F")
                .unwrap()
                .first()
                .encrypts()
        );
        assert!(!Keys::from_hex("00ff,,11").unwrap().first().encrypts());
        assert_eq!(Keys::from_hex(" ").unwrap_err(), KeyError::NoKeys);
        assert_eq!(
            Keys::from_hex("00,0g").unwrap_err(),
            KeyError::NotHex { position: 2 }
        );
    }

    #[test]
    fn no_key_can_be_printed() {
        let pair = KeyPair::new(b"hash key", Some(b"block key of 16B")).unwrap();
        assert_eq!(format!("{pair:?}"), "KeyPair { encrypts: true, .. }");
    }
}
