//! That the search finds what it must, and fails the run.

use std::env;
use std::fmt::Write as _;
use std::process::{Command, Stdio};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use pgstore::wire::{SecureCookie, gob};
use pgstore::{SessionError, SessionId, StoreError, StoreErrorKind};

use super::capture::Records;
use super::conclusion::missing;
use super::known::{Known, known};
use super::search::{Find, Kind, Searcher};
use super::shown::{DEBUG, ERROR};
use super::{Shown, Told, cookie, fresh_id, heard, keys};
use crate::support::{apply, trial};

const ID: &str = "QX6T2JPO7N5MZKWV4YH3LIGRCFBUSEDA2QX6T2JPO7N5MZKWV4YH";
const COOKIE: &str = "MTcwMDAwMDAwMHxEREFBTkZGWU5sUXlTbEJQTjA0MVRWcExWMVkw_5Tm-y==";
const KEY: &[u8] = b"\x00\xff\\\"raw key \n\xc3\x28 of 24 b";

const PASSWORD: &str = "a pass-phrase of 28 letters!";

fn planted() -> Searcher {
    let mut planted = Known::default();
    planted.ids.insert(ID.into());
    planted.cookies.insert(COOKIE.into());
    planted.keys.insert(KEY.into());
    planted.passwords.insert(PASSWORD.into());
    Searcher::new(&planted)
}

fn search(searcher: &Searcher, text: impl AsRef<[u8]>) -> Vec<Find> {
    let finds = searcher.search(&mut text.as_ref()).unwrap();
    finds.into_iter().collect()
}

/// Every way in which somebody may print bytes.
fn printed(secret: &[u8]) -> Vec<String> {
    let escaped = secret.escape_ascii().to_string();
    let octal = secret.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "\\{byte:03o}");
        text
    });
    vec![
        format!("{secret:?}"),
        format!("{secret:#?}"),
        format!("{:?}", Some(secret)),
        format!("{:#?}", [Some(secret)]),
        format!("{secret:x?}"),
        format!("{secret:#04X?}"),
        HEXLOWER.encode(secret),
        HEXUPPER.encode(secret),
        format!("Key (key)=(\\x{}) already exists", HEXLOWER.encode(secret)),
        format!("a{}", HEXLOWER.encode(secret)),
        format!("{:?}", bytes::Bytes::copy_from_slice(secret)),
        format!("b\"{escaped}\""),
        octal,
    ]
}

#[apply(trial)]
async fn a_secret_is_found_in_whatever_form_it_is_printed() {
    let searcher = planted();
    let secrets = [
        (Kind::Id, ID.as_bytes()),
        (Kind::Cookie, COOKIE.as_bytes()),
        (Kind::Key, KEY),
        (Kind::Password, PASSWORD.as_bytes()),
    ];
    let mut forms = 0;
    for (kind, secret) in secrets {
        let encoded = [BASE64.encode(secret), BASE64URL_NOPAD.encode(secret)];
        for text in printed(secret).into_iter().chain(encoded) {
            for text in [
                text.clone(),
                format!("said: {text}\n"),
                format!("a cab, 12, {text}, dead, beef"),
                format!("one \\ two\n{text}\n"),
            ] {
                let finds = search(&searcher, &text);
                assert!(finds.iter().any(|find| find.kind == kind), "{text}");
                forms += 1;
            }
        }
    }
    for (kind, text) in [
        (Kind::Id, format!("{ID} {ID:?}")),
        (Kind::Cookie, format!("session-key={COOKIE}; Path=/")),
        (Kind::Cookie, COOKIE.replace('=', "%3D")),
    ] {
        let finds = search(&searcher, &text);
        assert!(finds.iter().any(|find| find.kind == kind), "{text}");
        forms += 1;
    }
    println!("{forms} planted secrets were found");
}

#[apply(trial)]
async fn an_id_that_nobody_noted_is_found_by_its_shape() {
    let searcher = Searcher::new(&Known::default());
    let stranger = SessionId::generate().unwrap();
    let plain = String::from_utf8(stranger.as_bytes().to_vec()).unwrap();
    for text in printed(stranger.as_bytes()).into_iter().chain([plain]) {
        let finds = search(&searcher, &text);
        assert!(finds.iter().any(|find| find.kind == Kind::Shape), "{text}");
    }
}

#[apply(trial)]
async fn half_a_secret_is_found_and_nothing_else() {
    let searcher = planted();
    for half in [&ID[..26], &ID[26..], &ID[10..42]] {
        assert_eq!(search(&searcher, half).len(), 1, "{half}");
    }
    let harmless = [
        &ID[..15],
        &"A".repeat(SessionId::LENGTH),
        &"ABCDEFGH234567".repeat(3),
        "pgstore::edge: DEBUG a cookie does not open name=s error=the text has expired",
        "executing statement s1 with parameters: [.., Micros(753315200000000), \"a\\nb\"]",
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]",
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    ];
    for text in harmless {
        assert_eq!(search(&searcher, text), []);
    }
}

#[apply(trial)]
async fn a_secret_between_two_blocks_is_found() {
    let searcher = planted();
    let list = format!("{:#?}", Some(ID.as_bytes()));
    for secret in [ID, COOKIE, &list] {
        for before in [(4 << 20) - 10, (4 << 20) - secret.len() + 10, 9 << 20] {
            let text = format!("{}\n{secret}\n{}", ".".repeat(before), ".".repeat(5 << 20));
            assert!(!search(&searcher, &text).is_empty(), "{before}");
        }
    }
}

#[apply(trial)]
async fn what_is_found_is_told_without_the_secret() {
    let searcher = planted();
    for (secret, said) in [
        (ID, ID.to_owned()),
        (ID, format!("{:?}", ID.as_bytes())),
        (COOKIE, format!("session-key={COOKIE}")),
        (
            COOKIE,
            format!("{COOKIE} and \"{COOKIE}\" and {:?}", COOKIE.as_bytes()),
        ),
    ] {
        let text = format!("before\nsome::target: DEBUG it is {said}; yes\nafter\n");
        let finds = search(&searcher, &text);
        for Find { line, .. } in &finds {
            assert!(line.starts_with("some::target: DEBUG it is "), "{line}");
            assert!(line.contains("***"), "{line}");
            let pieces = secret.as_bytes().windows(6);
            let pieces = pieces.map(|piece| str::from_utf8(piece).unwrap());
            pieces.for_each(|piece| assert!(!line.contains(piece), "{line}"));
        }
        assert!(!finds.is_empty());
    }
}

#[apply(trial)]
async fn the_id_in_a_cookie_is_noted() {
    let keys = keys(&[&b"a hash key for cookies"[..], b"0123456789abcdef"]);
    let (id, codec) = (SessionId::generate().unwrap(), SecureCookie::new(keys));
    let sealed = codec.seal("s", &gob::encode_string(id.as_bytes()), 1, [7; 16]);
    let sealed = sealed.unwrap();
    cookie(&format!("s={sealed}; Path=/; HttpOnly"));
    let known = known();
    assert!(known.cookies.contains(sealed.as_bytes()));
    assert!(known.ids.contains(id.as_bytes()));
}

#[apply(trial)]
async fn a_run_that_noted_or_heard_nothing_is_worth_nothing() {
    let mut known = Known::default();
    let mut records = Records::new();
    assert_eq!(missing(&known, &records).len(), 9);
    let sources = [
        "pgstore::edge",
        "tokio_postgres::query",
        "rustls::client",
        DEBUG,
        ERROR,
    ];
    records.extend(sources.map(|source| (source.to_owned(), 1)));
    assert_eq!(missing(&known, &records).len(), 4);
    known.ids.insert(ID.into());
    known.cookies.insert(COOKIE.into());
    known.keys.insert(KEY.into());
    known.passwords.insert(PASSWORD.into());
    assert_eq!(missing(&known, &records), [""; 0]);
}

/// Tells a process of ours how to leak an ID.
const LEAK: &str = "PGSTORE_TEST_LEAK";

/// The ways in which something is said, and who is heard saying it.
const LEAKS: [(&str, &str); 7] = [
    ("an event", "it::support::secrets::trials: TRACE"),
    ("a span", "it::support::secrets::trials: ERROR a span"),
    ("a span, later", "span:"),
    ("a record", "it::support::secrets::trials: TRACE"),
    ("a Debug output", "Debug:"),
    ("the cause of an error", "error:"),
    ("a program's output", "a program:"),
];

/// What the processes below run. Where nobody asks for a leak, there is nothing to do.
#[apply(trial)]
async fn a_leak_if_asked_for() {
    let Ok(leak) = env::var(LEAK) else {
        return;
    };
    let secret = fresh_id();
    let secret = str::from_utf8(secret.as_bytes()).unwrap();
    match leak.as_str() {
        "an event" => tracing::trace!(field = secret, "a message"),
        "a span" => _ = tracing::error_span!("a span", ?secret).entered(),
        "a span, later" => {
            let span = tracing::trace_span!("a span", secret = tracing::field::Empty);
            span.record("secret", secret);
        }
        "a record" => log::trace!("{secret}"),
        "a Debug output" => _ = secret.as_bytes().shown(),
        "the cause of an error" => {
            let cause = StoreError::caused_by(StoreErrorKind::Other, secret.to_owned());
            _ = Err::<(), _>(SessionError::from(cause)).told();
        }
        "a program's output" => heard("a program", secret),
        "none" => {}
        _ => panic!("{leak}"),
    }
}

#[apply(trial)]
async fn a_leak_fails_the_run() {
    for (leak, source) in LEAKS {
        let (passes, told) = run_with(leak);
        assert!(!passes, "{leak}: {told}");
        assert!(
            told.contains("1 IDs, 0 keys and 0 passwords: FOUND"),
            "{leak}: {told}"
        );
        assert!(told.contains(&format!("in: {source}")), "{leak}: {told}");
    }
    let (passes, told) = run_with("none");
    assert!(passes, "{told}");
    assert!(
        told.contains("1 IDs, 0 keys and 0 passwords: none found"),
        "{told}"
    );
}

/// Whether the run of a process that leaks passes, and what it tells.
fn run_with(leak: &str) -> (bool, String) {
    let trial = format!("{}::a_leak_if_asked_for", module_path!());
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([trial.trim_start_matches("it::"), "--exact"]);
    let output = command.env(LEAK, leak).stdin(Stdio::null()).output();
    let output = output.expect("the process runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), told)
}
