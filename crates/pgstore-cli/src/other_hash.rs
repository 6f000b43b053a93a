//! Texts of Go programs that chose another hash than SHA-256.
//!
//! The library signs with SHA-256, as Go does unless told otherwise. A text signed with another
//! hash is told by the length of its MAC; once that is verified, the text is signed anew with
//! SHA-256, so that the library opens it.
// Go: securecookie.go HashFunc.

use data_encoding::BASE64URL;
use hmac::digest::FixedOutput;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::key_list::KeyList;

/// The same text signed with SHA-256, if one of the keys signed it with another hash.
pub(crate) fn with_sha256(keys: &KeyList, name: &str, text: &[u8]) -> Option<String> {
    let sealed = BASE64URL.decode(text).ok()?;
    let (signed, mac) = split(&sealed)?;
    let message = [name.as_bytes(), b"|", signed].concat();
    let key = keys.hash_keys().find(|key| signs(key, &message, mac))?;
    let mac = hmac::<Hmac<Sha256>>(&key, &message)?
        .finalize()
        .into_bytes();
    Some(BASE64URL.encode(&[signed, b"|", &mac].concat()))
}

/// `date|value` and the MAC, in which a `|` may stand as well.
fn split(sealed: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut bars = sealed.iter().enumerate().filter(|(_, byte)| **byte == b'|');
    let (second, _) = bars.nth(1)?;
    Some((&sealed[..second], &sealed[second + 1..]))
}

fn signs(key: &[u8], message: &[u8], mac: &[u8]) -> bool {
    match mac.len() {
        20 => verifies::<Hmac<Sha1>>(key, message, mac),
        28 => verifies::<Hmac<Sha224>>(key, message, mac),
        48 => verifies::<Hmac<Sha384>>(key, message, mac),
        64 => verifies::<Hmac<Sha512>>(key, message, mac),
        _ => false,
    }
}

fn verifies<M: Mac + KeyInit + FixedOutput>(key: &[u8], message: &[u8], mac: &[u8]) -> bool {
    hmac::<M>(key, message).is_some_and(|expected| expected.verify_slice(mac).is_ok())
}

fn hmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Option<M> {
    let mac = <M as KeyInit>::new_from_slice(key).ok()?;
    Some(mac.chain_update(message))
}
