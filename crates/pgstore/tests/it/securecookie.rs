//! Sealed texts of real Go, and Go's verdicts on bad ones.

use data_encoding::HEXLOWER;
use pgstore::wire::{GobError, SecureCookie, gob};
use pgstore::{KeyError, Keys, OpenError, Values};
use serde_json::{Value, json};

use crate::support::go::securecookie;
use crate::support::secrets::Told;
use crate::support::vectors::{self, hex, text};
use crate::support::{apply, go_trial, trial};

/// Vectors that lie outside this codec, each with the reason.
const OUTSIDE: &[(&str, &str)] = &[
    (
        "securecookie/sha512_hash",
        "pgstore has no way to choose another hash than SHA-256",
    ),
    (
        "securecookie/sha1_hash",
        "pgstore has no way to choose another hash than SHA-256",
    ),
];

#[apply(trial)]
async fn every_text_of_go_opens_and_is_sealed_again_to_the_letter() {
    let mut outside = OUTSIDE.iter().map(|(name, _)| *name);
    for vector in vectors::of_kind("securecookie") {
        let (name, encoded) = (text(&vector["cookie_name"]), text(&vector["encoded"]));
        let codec = SecureCookie::new(keys(&vector).unwrap()).max_age(0);
        let opened = codec.open(name, encoded.as_bytes(), 0, as_bytes);
        if vector["hash_func"] != "sha256" {
            assert_eq!(outside.next(), Some(text(&vector["name"])));
            assert_eq!(opened, Err(OpenError::NotSigned));
            continue;
        }
        // The serializers JSON and Nop are no concern of the seal: it carries their bytes as well.
        let opened = opened.unwrap();
        assert_eq!(
            opened.value,
            hex(&vector["plaintext_hex"]),
            "{}",
            vector["name"]
        );
        assert_eq!(opened.issued_at, vector["timestamp"].as_i64().unwrap());
        let iv = vector
            .get("iv_hex")
            .map_or(vec![0; 16], hex)
            .try_into()
            .unwrap();
        let sealed = codec
            .seal(name, &opened.value, opened.issued_at, iv)
            .unwrap();
        assert_eq!(sealed, encoded, "{}", vector["name"]);
    }
    assert_eq!(outside.next(), None, "every exception was met");
}

#[apply(trial)]
async fn every_bad_text_gets_gos_verdict() {
    for vector in vectors::of_kind("securecookie-decode") {
        let name = text(&vector["name"]);
        let codec = match name {
            // Go: keys are checked when they are first used; ours when they are made. An empty
            // block key that is not nil is an error in Go; ours has no such thing as nil.
            "securecookie-decode/bad_block_key" => {
                let error = keys(&vector).told().unwrap_err();
                assert!(matches!(error, KeyError::BlockKeyLength { bytes: 5, .. }));
                continue;
            }
            "securecookie-decode/empty_block_key" => {
                assert!(keys(&vector).is_ok());
                continue;
            }
            _ => SecureCookie::new(keys(&vector).unwrap()),
        };
        let codec = match name.strip_prefix("securecookie-decode/").unwrap() {
            "maxage0" => codec.max_age(0),
            "maxage_neg" => codec.max_age(-1),
            "minage_new" | "minage_ok" => codec.min_age(10),
            _ => codec,
        };
        let now = vector["now"].as_i64().unwrap();
        let encoded = text(&vector["encoded"]).as_bytes();
        let opened = codec.open(
            text(&vector["cookie_name"]),
            encoded,
            now,
            gob::decode_string,
        );
        let of_go = text(&vector["go_detail"]);
        match opened {
            Ok(opened) => assert_eq!(opened.value, of_go.as_bytes(), "{name}"),
            Err(error) => {
                assert_eq!(vector["go_result"], "error", "{name}: {error}");
                assert_eq!(error, expected_error(of_go), "{name}: {of_go}");
            }
        }
    }
}

/// Our error for each of Go's messages.
fn expected_error(of_go: &str) -> OpenError {
    match of_go {
        "securecookie: the value is not valid" => OpenError::NotSigned,
        "securecookie: invalid timestamp" => OpenError::Timestamp,
        "securecookie: expired timestamp" => OpenError::Expired,
        "securecookie: timestamp is too new" => OpenError::TooNew,
        "securecookie: the value could not be decrypted" => OpenError::NotDecrypted,
        _ if of_go.contains("base64") => OpenError::Encoding,
        _ if of_go.ends_with("EOF") => OpenError::Value(GobError::UnexpectedEnd),
        _ if of_go.contains("too long") => {
            let codec = SecureCookie::new(Keys::from_pairs(&[b"any"]).unwrap());
            codec
                .open("any", &[b'A'; 4097], 0, as_bytes)
                .told()
                .unwrap_err()
        }
        _ => panic!("a resolution of Go's that this test does not know: {of_go}"),
    }
}

#[apply(trial)]
async fn every_row_of_pgstore_opens_with_its_cookie() {
    let rows = vectors::of_kind("pgstore-row");
    assert_eq!(rows.len(), 3);
    for vector in rows {
        let codec = SecureCookie::new(keys(&vector).unwrap());
        let (name, now) = (
            text(&vector["cookie_name"]),
            vector["timestamp"].as_i64().unwrap(),
        );
        let cookie = text(&vector["encoded"]).as_bytes();
        let id = codec
            .open(name, cookie, now, gob::decode_string)
            .unwrap()
            .value;
        assert_eq!(id, text(&vector["row"]["key"]).as_bytes());
        let data = text(&vector["row"]["data"]).as_bytes();
        let bytes = codec.open(name, data, now, as_bytes).unwrap().value;
        assert_eq!(bytes, hex(&vector["data_plaintext_hex"]));
        assert!(codec.open(name, data, now, Values::decode).is_ok());
    }
}

#[apply(go_trial)]
async fn go_opens_what_we_seal_and_we_what_go_seals_with_all_keys() {
    let hash = "00".repeat(32);
    let modes = [
        vec![hash.clone()],
        vec!["01".to_owned()],
        vec!["aa".repeat(200), "16".repeat(16)],
        vec![hash.clone(), "24".repeat(24)],
        vec![hash.clone(), "32".repeat(32)],
        vec!["bb".repeat(64), String::new(), hash, "16".repeat(16)],
    ];
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    for keys in modes {
        let raw: Vec<_> = keys
            .iter()
            .map(|key| HEXLOWER.decode(key.as_bytes()).unwrap())
            .collect();
        let codec = SecureCookie::new(Keys::from_pairs(&raw).unwrap());
        let sealed = codec
            .seal("s", &gob::encode_string(b"abc"), now, [7; 16])
            .unwrap();
        let questions = [
            json!({ "id": 1, "op": "decode", "name": "s", "keys": keys, "kind": "string",
                    "text": sealed }),
            json!({ "id": 2, "op": "encode", "name": "s", "keys": keys,
                    "value": { "t": "string", "v": "abc" } }),
        ];
        let answers = securecookie(&questions).await;
        assert_eq!(
            answers[0]["value"],
            json!({ "t": "string", "v": "abc" }),
            "{answers:?}"
        );
        let sealed = text(&answers[1]["text"]).as_bytes();
        assert_eq!(
            codec
                .open("s", sealed, now, gob::decode_string)
                .unwrap()
                .value,
            b"abc"
        );
    }
}

fn as_bytes(bytes: &[u8]) -> Result<Vec<u8>, GobError> {
    Ok(bytes.to_vec())
}

/// `{"hash", "block"}` or `{"hash0", "block0", "hash1", …}`, in hexadecimal.
fn keys(vector: &Value) -> Result<Keys, KeyError> {
    let keys = &vector["keys"];
    let key = |name: &str| keys.get(name).map(hex);
    if let Some(hash) = key("hash") {
        return Keys::from_pairs(&[hash, key("block").unwrap_or_default()]);
    }
    let pair = |index: usize| {
        let hash = key(&format!("hash{index}"))?;
        Some([hash, key(&format!("block{index}")).unwrap_or_default()])
    };
    Keys::from_pairs(&(0..).map_while(pair).flatten().collect::<Vec<_>>())
}
