//! A usual session: its row, and the request that brings its cookie.

use http::header::{COOKIE, HeaderMap};
use pgstore::store::{Row, RowExtras};
use pgstore::wire::{SecureCookie, gob};
use pgstore::{Clock, Keys, SessionId, SystemClock, Values};

/// The cookie's name.
pub const NAME: &str = "session";

/// Five values, about 200 bytes of gob.
pub fn values() -> Values {
    let mut values = Values::new();
    let done = [
        values.insert("user", "ada@example.org"),
        values.insert("visits", 1_i64),
        values.insert("theme", "dark"),
        values.insert("admin", false),
        values.insert("csrf", "0123456789abcdef0123456789abcdef"),
    ];
    assert!(done.iter().all(Result::is_ok), "the values can be stored");
    values
}

/// A hash key alone, as most applications have it.
pub fn keys() -> Keys {
    Keys::from_pairs(&[[7; 32]]).expect("the keys are good")
}

/// Seals bytes now.
pub fn seal(bytes: &[u8]) -> String {
    let now = SystemClock::default().now().unix_seconds();
    let sealed = SecureCookie::new(keys()).seal(NAME, bytes, now, [7; 16]);
    sealed.expect("the text is short")
}

/// The session's row.
pub fn row() -> Row {
    let now = SystemClock::default().now();
    Row {
        data: seal(&values().encode()).into_bytes(),
        created_on: now,
        modified_on: now,
        expires_on: now.plus(std::time::Duration::from_secs(30 * 24 * 60 * 60)),
        extras: RowExtras {
            save_token: Some(7),
            ..RowExtras::default()
        },
    }
}

/// The text of the session's cookie.
pub fn cookie() -> String {
    let id = SessionId::parse(&[b'A'; SessionId::LENGTH]).expect("this is an ID");
    seal(&gob::encode_string(id.as_bytes()))
}

/// The headers of a request with the session's cookie.
pub fn headers() -> HeaderMap {
    let cookie = format!("consent=yes; {NAME}={}; lang=en", cookie());
    let cookie = cookie.parse().expect("the cookie is ASCII");
    HeaderMap::from_iter([(COOKIE, cookie)])
}
