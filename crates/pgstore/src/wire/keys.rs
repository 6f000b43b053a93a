//! Key pairs: what signs, and what may encrypt, cookies and data.

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

use super::ErrorClass;

/// The random start of an encryption: 16 bytes, never used twice with one key.
pub type Iv = [u8; 16];

/// The key pairs of an application, newest first: the first writes, all of them read.
///
/// To rotate keys, let every node *read* the new pair first (append it), then let it write (move it
/// to the front), and keep the old one until the last session sealed with it has ended: nobody is
/// logged out.
///
/// Keys are wiped from memory on drop and cannot be printed.
///
/// ```
/// use pgstore::wire::Keys;
///
/// let keys = Keys::from_hex(
///     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,\
///      404142434445464748494a4b4c4d4e4f",
/// )?;
/// assert_eq!(format!("{keys:?}"), "Keys(1 pair)");
/// # Ok::<(), pgstore::wire::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Keys(Arc<[KeyPair]>);

impl Keys {
    /// The pairs in the order given: the first writes.
    ///
    /// # Errors
    /// [`KeyError::NoKeys`] when there is not one.
    pub fn new(pairs: impl IntoIterator<Item = KeyPair>) -> Result<Self, KeyError> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        if pairs.is_empty() {
            Err(KeyError::NoKeys)
        } else {
            Ok(Self(pairs.into()))
        }
    }

    /// Raw keys in Go's order: hash, block, hash, block, …
    ///
    /// An empty block key stands for none, as Go's `nil` does; the last one may be left out.
    ///
    /// # Errors
    /// When there is no key, a hash key is empty, or a block key is not 16, 24 or 32 bytes long.
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

    /// Keys in hexadecimal, separated by commas: `hash[,block,hash,block…]`, as environment
    /// variables hold them. Spaces around a key are ignored; an empty block key stands for none.
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

    /// The pair that writes.
    pub(super) fn first(&self) -> &KeyPair {
        &self.0[0] // There is one: `new`, the only constructor, has looked.
    }

    /// Every pair, in the order in which it is tried.
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

/// A hash key, which signs, and perhaps a block key, which encrypts.
#[derive(Clone)]
pub struct KeyPair {
    /// HMAC-SHA256 with the key already taken in.
    mac: Hmac<Sha256>,
    block: Option<BlockCipher>,
}

impl KeyPair {
    /// A pair from raw bytes. Without a block key, values are signed and readable.
    ///
    /// Take 32 or 64 random bytes as the hash key; any length from 1 is accepted, since Go
    /// accepts it. A block key of 16, 24 or 32 bytes selects AES-128, AES-192 or AES-256.
    ///
    /// # Errors
    /// [`KeyError::EmptyHashKey`] or [`KeyError::BlockKeyLength`].
    pub fn new(hash_key: &[u8], block_key: Option<&[u8]>) -> Result<Self, KeyError> {
        if hash_key.is_empty() {
            return Err(KeyError::EmptyHashKey);
        }
        // HMAC takes keys of every length; the error type is that of all MACs.
        let mac = Hmac::new_from_slice(hash_key).map_err(|_| KeyError::EmptyHashKey)?;
        Ok(Self {
            mac,
            block: block_key.map(BlockCipher::new).transpose()?,
        })
    }

    /// A MAC over nothing yet.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        self.mac.clone()
    }

    pub(super) fn encrypts(&self) -> bool {
        self.block.is_some()
    }

    /// Encrypts or decrypts in place, where the pair has a block key: in CTR mode, both are one.
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
#[allow(clippy::large_enum_variant)] // A handful exist, for the life of the application.
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

    // Go: crypto/cipher NewCTR counts the whole IV up as one big-endian number.
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

/// What is wrong with the keys an application was given. Always a matter of its configuration.
// Go: securecookie checks keys when a codec is first used; ours when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not one key was given.
    #[error("no keys: give at least one hash key")]
    NoKeys,
    /// A hash key has no bytes.
    #[error("a hash key is empty: use 32 or 64 random bytes")]
    EmptyHashKey,
    /// A block key is of a length that AES does not have.
    #[error("a block key is {bytes} bytes long: AES takes 16, 24 or 32, or leave it out")]
    #[non_exhaustive]
    BlockKeyLength {
        /// Its length.
        bytes: usize,
    },
    /// A key in a list is not hexadecimal.
    #[error("key number {position} in the list is not hexadecimal")]
    #[non_exhaustive]
    NotHex {
        /// Which one, counted from 1.
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
