//! The secrets, noted where they are made or first seen.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard};

use data_encoding::HEXLOWER_PERMISSIVE;
use pgstore::wire::{SecureCookie, gob};
use pgstore::{Keys, SessionId};

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) cookies: HashSet<Vec<u8>>,
    pub(super) ids: HashSet<Vec<u8>>,
    pub(super) keys: HashSet<Vec<u8>>,
    /// Of connection strings.
    pub(super) passwords: HashSet<Vec<u8>>,
    /// What opens cookies, the latest last.
    openers: Vec<Opener>,
}

#[derive(Clone, Debug)]
struct Opener {
    raw: Vec<Vec<u8>>,
    keys: Keys,
}

/// All that is known so far.
pub(super) fn known() -> Known {
    lock().clone()
}

/// Keys from raw bytes, as `Keys::from_pairs` takes them.
pub(crate) fn keys<K: AsRef<[u8]>>(pairs: &[K]) -> Keys {
    let raw: Vec<_> = pairs.iter().map(|key| key.as_ref().to_vec()).collect();
    let keys = Keys::from_pairs(&raw).expect("the tests' keys are keys");
    let mut known = lock();
    known.keys.extend(raw.iter().cloned());
    known.openers.retain(|opener| opener.raw != raw);
    let opener = Opener {
        raw,
        keys: keys.clone(),
    };
    known.openers.push(opener);
    keys
}

/// Keys in hexadecimal, as `Keys::from_hex` takes them.
pub(crate) fn hex_keys(text: &str) -> Keys {
    let decode = |key: &str| HEXLOWER_PERMISSIVE.decode(key.trim().as_bytes());
    let raw: Result<Vec<_>, _> = text.split(',').map(decode).collect();
    keys(&raw.expect("the tests' keys are hexadecimal"))
}

/// The password of a connection string.
pub(crate) fn password(password: &[u8]) {
    lock().passwords.insert(password.to_vec());
}

/// An ID.
pub(crate) fn id(id: &SessionId) {
    lock().ids.insert(id.as_bytes().to_vec());
}

/// A cookie, and the ID in it: the value of `Set-Cookie` or `Cookie`, or just `name=value`.
pub(crate) fn cookie(header: &str) {
    let pair = header.split(';').next().unwrap_or_default();
    let Some((name, value)) = pair.split_once('=') else {
        return;
    };
    // What tells a browser to drop its cookie has no value.
    if value.is_empty() || !lock().cookies.insert(value.as_bytes().to_vec()) {
        return;
    }
    let openers = lock().openers.clone();
    let opened = openers.iter().rev().find_map(|opener| {
        let codec = SecureCookie::new(opener.keys.clone()).max_age(0);
        let opened = codec.open(name.trim(), value.as_bytes(), 0, gob::decode_string);
        opened.ok()
    });
    if let Some(opened) = opened {
        lock().ids.insert(opened.value);
    }
}

fn lock() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap()
}
