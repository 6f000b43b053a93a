//! What must hold of any bytes. Each function panics where it does not.

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use data_encoding::BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use pgstore::wire::{GoValue, GobError, SecureCookie, gob as wire};
use pgstore::{Keys, MemoryStore, PgStoreOptions, SessionManager, Values};
use serde::de::IgnoredAny;
use sha2::Sha256;
use tokio::runtime::Builder;

/// The keys of most vectors, with and without encryption.
const KEYS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,\
                    404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f,\
                    000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NAME: &str = "session";

/// A text, and a date and value behind a right signature: what opens is sealed and opened again.
pub fn cookie(bytes: &[u8]) {
    let codec = SecureCookie::new(keys()).max_age(0).max_length(0);
    for text in [bytes, signed(bytes).as_bytes()] {
        let Ok(opened) = codec.open(NAME, text, 0, as_it_is) else {
            continue;
        };
        // Go: securecookie.go encrypts an empty value but does not decrypt it; no gob is empty.
        if opened.value.is_empty() {
            continue;
        }
        let again = codec.seal(NAME, &opened.value, opened.issued_at, [7; 16]);
        let again = again.expect("any length may be sealed");
        let reopened = codec.open(NAME, again.as_bytes(), 0, as_it_is);
        let reopened = reopened.expect("what was sealed opens");
        assert_eq!(reopened.value, opened.value);
        assert_eq!(reopened.issued_at, opened.issued_at);
        assert!(reopened.by_current_keys);
    }
}

/// A gob: what can be decoded is encoded and decoded again, and can be looked into and read.
pub fn gob(bytes: &[u8]) {
    if let Ok(text) = wire::decode_string(bytes) {
        let again = wire::decode_string(&wire::encode_string(&text));
        assert_eq!(again.as_ref(), Ok(&text));
    }
    if let Ok(typed) = wire::decode(bytes) {
        look_into(&typed);
    }
    let Ok(values) = Values::decode(bytes) else {
        return;
    };
    let encoded = values.encode();
    let again = Values::decode(&encoded).expect("what was encoded opens");
    assert_eq!(again.len(), values.len());
    assert!(again.encode() == encoded, "encoding is stable");
    for (key, value) in again.iter() {
        key.into_iter().chain(value).for_each(look_into);
    }
}

/// Other cookies, which never hide ours in a header of its own.
pub fn cookie_header(bytes: &[u8]) {
    let Ok(others) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let (sessions, extras) = &*LIVE;
    let mut request = HeaderMap::new();
    request.append(COOKIE, others);
    request.append(COOKIE, extras.clone());
    let session = sessions.get(&request, NAME).expect("the name is good");
    let is_new = at_once(session.is_new()).expect("the store works");
    // Of many cookies with our name, only the first few are tried.
    let rivals = bytes
        .windows(NAME.len())
        .filter(|window| *window == NAME.as_bytes());
    assert!(!is_new || rivals.count() >= 5, "our cookie was not found");
}

/// A connection string, and more of one that has a password: it is in no message.
pub fn connection_string(bytes: &[u8]) {
    const PASSWORD: &str = "hunter2hunter2";
    let text = String::from_utf8_lossy(bytes);
    said_about(&text);
    for text in [
        format!("host=h password={PASSWORD} {text}"),
        format!("postgres://u:{PASSWORD}@{text}"),
        format!("postgres://u:{PASSWORD}@h/d?{text}"),
    ] {
        assert!(!said_about(&text).contains(PASSWORD), "the password shows");
    }
}

fn look_into(typed: &GoValue) {
    let _ = typed.node().text();
    let _ = typed.read::<IgnoredAny>();
}

/// All that is printed about a connection string.
fn said_about(text: &str) -> String {
    match PgStoreOptions::new().connect_lazily(text) {
        Ok(store) => format!("{store:?}"),
        Err(error) => {
            let mut said = format!("{error} {error:?}");
            let mut cause = error.source();
            while let Some(error) = cause {
                said += &format!(" {error} {error:?}");
                cause = error.source();
            }
            said
        }
    }
}

/// A session that is there, and the cookie that names it.
static LIVE: LazyLock<(SessionManager, HeaderValue)> = LazyLock::new(|| {
    let sessions = SessionManager::builder(MemoryStore::new(), keys())
        .build()
        .expect("the default configuration is valid");
    let mut response = HeaderMap::new();
    let session = sessions
        .get(&HeaderMap::new(), NAME)
        .expect("the name is good");
    session
        .insert("user", "ada")
        .expect("a string can be stored");
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime starts");
    let saved = runtime.block_on(sessions.save(&session, &mut response));
    saved.expect("the store works");
    let cookie = response[SET_COOKIE].to_str().expect("a cookie is ASCII");
    let cookie = cookie.split(';').next().unwrap_or_default();
    (
        sessions,
        cookie.parse().expect("a cookie fits into a header"),
    )
});

fn keys() -> Keys {
    Keys::from_hex(KEYS).expect("the keys are good")
}

fn signed(date_and_value: &[u8]) -> String {
    let key = &KEYS[..64];
    let key = data_encoding::HEXLOWER
        .decode(key.as_bytes())
        .expect("the key is good");
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).expect("any key is good");
    let mac = mac
        .chain_update(NAME)
        .chain_update("|")
        .chain_update(date_and_value);
    BASE64URL.encode(&[date_and_value, b"|", &mac.finalize().into_bytes()].concat())
}

fn as_it_is(bytes: &[u8]) -> Result<Vec<u8>, GobError> {
    Ok(bytes.to_vec())
}

/// The result of a future that waits for nothing, as all on a `MemoryStore`.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the future waits"),
    }
}
