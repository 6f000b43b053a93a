//! Sealed text: signed, dated and optionally encrypted bytes, in the format of gorilla/securecookie.
//!
//! The steps are numbered as in `securecookie.go`, functions `Encode` and `Decode`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use hmac::Mac;

use super::base64;
use super::gob::error::GobError;
use super::keys::{Iv, KeyPair, Keys};
use super::open_error::{OpenError, TooLong};

/// The length of HMAC-SHA256, in bytes.
const MAC_LENGTH: usize = 32;

/// Seals bytes under a name and opens them again.
///
/// Age limits are in seconds, the maximum length is in characters of the sealed text. 0 turns a
/// limit off.
///
/// ```
/// use pgstore::Keys;
/// use pgstore::wire::{SecureCookie, gob};
///
/// let codec = SecureCookie::new(Keys::from_pairs(&[[1; 32]])?);
/// let text = codec.seal("session", &gob::encode_string(b"id"), 1_700_000_000, [7; 16])?;
/// let opened = codec.open("session", text.as_bytes(), 1_700_000_060, gob::decode_string)?;
/// assert_eq!((opened.value, opened.issued_at), (b"id".to_vec(), 1_700_000_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// Go: securecookie.SecureCookie; New sets the same defaults.
#[derive(Clone, Debug)]
pub struct SecureCookie {
    keys: Keys,
    max_age: i64,
    min_age: i64,
    max_length: usize,
}

/// The content of a sealed text. `Debug` does not show the value: in a cookie it is the session ID.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened<T> {
    /// The value that was read from the sealed bytes.
    pub value: T,
    /// When the text was sealed, in seconds since the Unix epoch.
    pub issued_at: i64,
    /// Whether the pair that writes has sealed it. If not, seal it again.
    pub by_current_keys: bool,
}

impl<T> fmt::Debug for Opened<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("issued_at", &self.issued_at)
            .field("by_current_keys", &self.by_current_keys)
            .finish_non_exhaustive()
    }
}

impl SecureCookie {
    /// The default maximum age: 30 days, in seconds.
    pub const DEFAULT_MAX_AGE: i64 = 30 * 24 * 60 * 60;

    /// The default maximum length of a sealed text, in characters: what browsers store of a cookie.
    ///
    /// For the data of a row see [`GoPeer::default_max_length`](super::GoPeer::default_max_length).
    pub const DEFAULT_MAX_LENGTH: usize = 4096;

    /// A codec with Go's defaults: texts may be 30 days old and 4096 characters long.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self {
            keys,
            max_age: Self::DEFAULT_MAX_AGE,
            min_age: 0,
            max_length: Self::DEFAULT_MAX_LENGTH,
        }
    }

    /// Sets the maximum age of a text, in seconds. 0 means no limit.
    #[must_use]
    pub fn max_age(mut self, seconds: i64) -> Self {
        self.max_age = seconds;
        self
    }

    /// Sets the minimum age of a text, in seconds. 0 means no limit.
    #[must_use]
    pub fn min_age(mut self, seconds: i64) -> Self {
        self.min_age = seconds;
        self
    }

    /// Sets the maximum length of a text, in characters, for sealing and opening. 0 means no limit.
    #[must_use]
    pub fn max_length(mut self, characters: usize) -> Self {
        self.max_length = characters;
        self
    }

    /// Seals `plaintext` under `name` at `now`, in seconds since the Unix epoch.
    ///
    /// The signature covers the name and the time. `iv` must be new random bytes for each call; it
    /// is used only with a block key.
    ///
    /// # Errors
    /// [`TooLong`] if the sealed text would be longer than the maximum length.
    // Go: securecookie.go Encode. Step 1, serializing, is done by the caller.
    pub fn seal(&self, name: &str, plaintext: &[u8], now: i64, iv: Iv) -> Result<String, TooLong> {
        let keys = self.keys.first();
        // 2. Encrypt (optional).
        let value = encrypt(keys, iv, plaintext);
        // 3. Encode and put the date in front.
        let date = now.to_string();
        let length = date.len() + 1 + base64::encoded_length(value.len()) + 1 + MAC_LENGTH;
        let mut signed = String::with_capacity(length);
        signed.push_str(&date);
        signed.push('|');
        base64::encode_onto(&mut signed, &value);
        // 4. Sign, and append the raw MAC.
        let mut sealed = signed.into_bytes();
        let mac = mac_over(keys, name, &sealed).finalize().into_bytes();
        sealed.push(b'|');
        sealed.extend_from_slice(&mac);
        // 5. Encode all of it; check the length.
        let length = base64::encoded_length(sealed.len());
        if let Some(too_long) = self.excess(length) {
            return Err(too_long);
        }
        let mut text = String::with_capacity(length);
        base64::encode_onto(&mut text, &sealed);
        Ok(text)
    }

    /// Opens a text sealed under `name` at the time `now`, in seconds since the Unix epoch, and
    /// reads its bytes with `read`.
    ///
    /// Key pairs are tried until one has signed the text and `read` accepts what it decrypts: two
    /// pairs may share a hash key. The MAC is compared in constant time.
    ///
    /// # Errors
    /// [`OpenError`] if the text is invalid, too old, too new or too long.
    // Go: securecookie.go Decode and DecodeMulti.
    pub fn open<T>(
        &self,
        name: &str,
        text: &[u8],
        now: i64,
        read: impl Fn(&[u8]) -> Result<T, GobError>,
    ) -> Result<Opened<T>, OpenError> {
        self.open_within(self.max_age, name, text, now, read)
    }

    /// As [`open`](Self::open), with another maximum age.
    pub(crate) fn open_within<T>(
        &self,
        max_age: i64,
        name: &str,
        text: &[u8],
        now: i64,
        read: impl Fn(&[u8]) -> Result<T, GobError>,
    ) -> Result<Opened<T>, OpenError> {
        // 1. Check the length.
        if let Some(too_long) = self.excess(text.len()) {
            return Err(OpenError::TooLong(too_long));
        }
        // 2. Decode and 3. split, once for all key pairs.
        let sealed = base64::decode(text).ok_or(OpenError::Encoding)?;
        let parts = split(&sealed).ok_or(OpenError::NotSigned)?;
        // 4. to 8. with each pair. The last failure after a valid MAC is the one to report.
        let mut failure = OpenError::NotSigned;
        for (index, keys) in self.keys.iter().enumerate() {
            if !parts.is_signed_by(keys, name) {
                continue;
            }
            match self.open_signed(keys, &parts, (max_age, now), &read) {
                Ok((value, issued_at)) => {
                    return Ok(Opened {
                        value,
                        issued_at,
                        by_current_keys: index == 0,
                    });
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn open_signed<T>(
        &self,
        keys: &KeyPair,
        parts: &SignedText<'_>,
        (max_age, now): (i64, i64),
        read: impl Fn(&[u8]) -> Result<T, GobError>,
    ) -> Result<(T, i64), OpenError> {
        // 5. and 6. Check the date.
        let issued_at = self.check_age(parts.date, max_age, now)?;
        // 7. Decode and decrypt (optional).
        let mut value = base64::decode(parts.value).ok_or(OpenError::Encoding)?;
        let plaintext = decrypt(keys, &mut value).ok_or(OpenError::NotDecrypted)?;
        // 8. Deserialize.
        Ok((read(plaintext).map_err(OpenError::Value)?, issued_at))
    }

    /// 5. and 6.: the date must be a number and within the age limits.
    fn check_age(&self, date: &[u8], max_age: i64, now: i64) -> Result<i64, OpenError> {
        let issued_at = parse_date(date).ok_or(OpenError::Timestamp)?;
        if self.min_age != 0 && issued_at > now.saturating_sub(self.min_age) {
            return Err(OpenError::TooNew);
        }
        if !is_within(max_age, issued_at, now) {
            return Err(OpenError::Expired);
        }
        Ok(issued_at)
    }

    /// When a text says that it was sealed. Neither its MAC nor its age is checked.
    pub(crate) fn claimed_date(text: &[u8]) -> Option<i64> {
        let sealed = base64::decode(text)?;
        parse_date(split(&sealed)?.date)
    }

    /// Whether a text sealed at `issued_at` is within the maximum age. All times are in seconds.
    pub(crate) fn is_young(&self, issued_at: i64, now: i64) -> bool {
        is_within(self.max_age, issued_at, now)
    }

    /// The maximum age; 30 days if there is no limit.
    pub(crate) fn lifetime(&self) -> Duration {
        let seconds = if self.max_age == 0 {
            Self::DEFAULT_MAX_AGE
        } else {
            self.max_age
        };
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }

    /// The IV of the next text: drawn if texts are encrypted, else unused.
    pub(crate) fn iv<E>(&self, draw: impl FnOnce() -> Result<Iv, E>) -> Result<Iv, E> {
        match self.keys.first().encrypts() {
            true => draw(),
            false => Ok(Iv::default()),
        }
    }

    fn excess(&self, length: usize) -> Option<TooLong> {
        let limit = self.max_length;
        (limit != 0 && length > limit).then_some(TooLong { length, limit })
    }
}

fn is_within(max_age: i64, issued_at: i64, now: i64) -> bool {
    max_age == 0 || issued_at >= now.saturating_sub(max_age)
}

// Go: strconv.ParseInt in base 10 accepts the same texts.
fn parse_date(date: &[u8]) -> Option<i64> {
    str::from_utf8(date).ok()?.parse().ok()
}

/// `date|value|mac`. The MAC may contain `|`.
struct SignedText<'a> {
    signed: &'a [u8],
    date: &'a [u8],
    value: &'a [u8],
    mac: &'a [u8],
}

fn split(sealed: &[u8]) -> Option<SignedText<'_>> {
    let mut parts = sealed.splitn(3, |byte| *byte == b'|');
    let (date, value, mac) = (parts.next()?, parts.next()?, parts.next()?);
    Some(SignedText {
        signed: &sealed[..date.len() + 1 + value.len()],
        date,
        value,
        mac,
    })
}

impl SignedText<'_> {
    fn is_signed_by(&self, keys: &KeyPair, name: &str) -> bool {
        mac_over(keys, name, self.signed)
            .verify_slice(self.mac)
            .is_ok()
    }
}

fn mac_over(keys: &KeyPair, name: &str, signed: &[u8]) -> hmac::Hmac<sha2::Sha256> {
    keys.mac()
        .chain_update(name)
        .chain_update(b"|")
        .chain_update(signed)
}

fn encrypt<'a>(keys: &KeyPair, iv: Iv, plaintext: &'a [u8]) -> Cow<'a, [u8]> {
    if !keys.encrypts() {
        return plaintext.into();
    }
    let mut value = [&iv[..], plaintext].concat();
    keys.apply_keystream(&iv, &mut value[iv.len()..]);
    value.into()
}

/// Decrypts the value in place and returns the plaintext in it.
fn decrypt<'a>(keys: &KeyPair, value: &'a mut [u8]) -> Option<&'a [u8]> {
    if !keys.encrypts() {
        return Some(value);
    }
    let (iv, text) = value.split_first_chunk_mut::<16>()?;
    // Go: securecookie.go decrypt wants at least one byte after the IV.
    if text.is_empty() {
        return None;
    }
    keys.apply_keystream(iv, text);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::gob;

    fn codec() -> SecureCookie {
        SecureCookie::new(Keys::from_pairs(&[b"hash key"]).unwrap())
    }

    /// Reads the bytes as they are.
    fn raw(bytes: &[u8]) -> Result<Vec<u8>, GobError> {
        Ok(bytes.to_vec())
    }

    #[test]
    fn what_is_sealed_opens_under_the_same_name_only() {
        let text = codec().seal("a", b"plain", 100, [0; 16]).unwrap();
        let opened = codec().open("a", text.as_bytes(), 100, raw).unwrap();
        assert_eq!(
            (opened.value.as_slice(), opened.issued_at),
            (&b"plain"[..], 100)
        );
        assert_eq!(
            codec().open("b", text.as_bytes(), 100, raw),
            Err(OpenError::NotSigned)
        );
    }

    #[test]
    fn exactly_the_maximal_age_still_opens() {
        let codec = codec().max_age(10);
        let text = codec.seal("a", b"plain", 100, [0; 16]).unwrap();
        assert!(codec.open("a", text.as_bytes(), 110, raw).is_ok());
        assert_eq!(
            codec.open("a", text.as_bytes(), 111, raw),
            Err(OpenError::Expired)
        );
    }

    #[test]
    fn every_pair_opens_and_the_result_says_whether_it_is_the_writing_one() {
        let old = Keys::from_pairs(&[&b"old"[..], b"0123456789abcdef"]).unwrap();
        let both = Keys::from_pairs(&[&b"new"[..], b"", b"old", b"0123456789abcdef"]).unwrap();
        let text = SecureCookie::new(old)
            .seal("a", b"plain", 1, [7; 16])
            .unwrap();
        let both = SecureCookie::new(both);
        assert!(
            !both
                .open("a", text.as_bytes(), 1, raw)
                .unwrap()
                .by_current_keys
        );
        let text = both.seal("a", b"plain", 1, [7; 16]).unwrap();
        assert!(
            both.open("a", text.as_bytes(), 1, raw)
                .unwrap()
                .by_current_keys
        );
    }

    #[test]
    fn pairs_that_share_a_hash_key_are_told_apart_by_what_can_be_read() {
        let old = Keys::from_pairs(&[&b"same"[..], b"0123456789abcdef"]).unwrap();
        let both = [
            &b"same"[..],
            b"fedcba9876543210",
            b"same",
            b"0123456789abcdef",
        ];
        let text = SecureCookie::new(old)
            .seal("a", &gob::encode_string(b"id"), 1, [7; 16])
            .unwrap();
        let both = SecureCookie::new(Keys::from_pairs(&both).unwrap());
        let opened = both
            .open("a", text.as_bytes(), 1, gob::decode_string)
            .unwrap();
        assert_eq!(opened.value, b"id");
    }

    #[test]
    fn no_single_changed_bit_still_opens() {
        let text = codec()
            .seal("a", b"plain text", 100, [0; 16])
            .unwrap()
            .into_bytes();
        for bit in 0..text.len() * 8 {
            let mut changed = text.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let same_bytes = base64::decode(&changed) == base64::decode(&text);
            assert_eq!(
                codec().open("a", &changed, 100, raw).is_ok(),
                same_bytes,
                "bit {bit}"
            );
        }
    }
}
