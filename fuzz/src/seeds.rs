//! Bytes to begin with, for each target: what real Go wrote.

use data_encoding::{BASE64URL, HEXLOWER};
use serde::Deserialize;
use serde_json::Value;

/// Sealed texts, and their dates and values, which the target signs.
pub fn cookies() -> Vec<Vec<u8>> {
    let texts = sealed();
    let unsigned = texts.iter().filter_map(|text| {
        let sealed = BASE64URL.decode(text).ok()?;
        let mut bars = sealed.iter().enumerate().filter(|(_, byte)| **byte == b'|');
        let (end, _) = bars.nth(1)?;
        Some(sealed[..end].to_vec())
    });
    let unsigned: Vec<_> = unsigned.collect();
    [texts, unsigned].concat()
}

/// All gobs, good and bad.
pub fn gobs() -> Vec<Vec<u8>> {
    let gobs = vectors().filter(|vector| kind(vector).starts_with("gob"));
    let gobs = gobs.filter_map(|vector| HEXLOWER.decode(text(&vector, "encoded")).ok());
    gobs.filter(|gob| !gob.is_empty()).collect()
}

/// Cookies between others.
pub fn cookie_headers() -> Vec<Vec<u8>> {
    let extras = sealed()
        .into_iter()
        .map(|text| [b"a=b; session=", &text[..], b"; c=\"d\""].concat());
    let odd: [&[u8]; 8] = [
        b"",
        b";;=;",
        b"session",
        b"session=",
        b"session=\"x\"; session = y;session=z",
        b"$Version=1; a=\"b;session=c\"",
        b"a=b, session=c",
        b"\xff=\xff;\tsession=\xc3\xa9",
    ];
    extras.chain(odd.map(<[u8]>::to_vec)).collect()
}

/// The forms in which a database is named.
pub fn connection_strings() -> Vec<Vec<u8>> {
    let texts = [
        "postgres://app:secret@localhost:5432/web?sslmode=disable&connect_timeout=5",
        "postgresql://app@[::1]:1,db2.internal:2/web?target_session_attrs=read-write",
        "postgres:///web?host=/run/postgresql&user=app",
        "host=/run/postgresql dbname=web user=app password='se cr\\'et'",
        "host=a,b port=1,2 options='-c search_path=web' application_name=x",
        "sslmode=verify-full sslrootcert=/no/such/file channel_binding=require",
        "h:1,x/d?sslmode=prefer&password=%41%zz",
        "keepalives=1 keepalives_idle=60 tcp_user_timeout=1 load_balance_hosts=random",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

fn sealed() -> Vec<Vec<u8>> {
    let sealed = vectors().filter(|vector| kind(vector).starts_with("securecookie"));
    let texts = sealed.map(|vector| text(&vector, "encoded").to_vec());
    texts.filter(|text| !text.is_empty()).collect()
}

fn vectors() -> impl Iterator<Item = Value> {
    let files = [
        include_str!("../../crates/pgstore/tests/vectors/go-vectors.json"),
        include_str!("../../crates/pgstore/tests/vectors/more-vectors.json"),
    ];
    files.into_iter().flat_map(|file| {
        let mut json = serde_json::Deserializer::from_str(file);
        json.disable_recursion_limit(); // Some values are nested deeply.
        Vec::<Value>::deserialize(&mut json).expect("the vectors are JSON")
    })
}

fn kind(vector: &Value) -> &str {
    vector["kind"].as_str().unwrap_or_default()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a [u8] {
    vector[name].as_str().unwrap_or_default().as_bytes()
}
