//! What wrong usage and bad texts are answered with: an exit code and one line without secrets.

use pgstore::Values;
use pgstore::wire::gob;

use crate::support::{KEY, apply, command, inspect, ran, run, sealed, trial};

#[apply(trial)]
fn wrong_usage_is_one_line_and_exit_code_2() {
    let wrong: [&[&str]; 14] = [
        &[],
        &["SECRET"],
        &["inspect"],
        &["inspect", "SECRET"],
        &["inspect", "--name", "s"],
        &[
            "inspect",
            "--name",
            "s",
            "--hash-key",
            "00",
            "SECRET",
            "SECRET",
        ],
        &["inspect", "--name", "s", "--name", "s", "SECRET"],
        &["inspect", "--name", "s", "--at", "SECRET", "x"],
        &["inspect", "--name", "s", "--max-age", "SECRET", "x"],
        &[
            "inspect",
            "--name",
            "s",
            "--hash-key",
            "00",
            "--keys-file",
            "SECRET",
            "x",
        ],
        &["inspect", "--name", "s", "--no-such-option=SECRET", "x"],
        &["keygen", "--hash-bytes", "SECRET"],
        &["migrate", "--print", "--table", "SECRET; DROP"],
        &["sweep", "--max-age", "-1", "SECRET"],
    ];
    for arguments in wrong {
        let ran = run(arguments);
        assert!(!ran.error(2).contains("SECRET"), "{ran:?}");
    }
    let missing = run(&["inspect", "--hash-key", "00"]);
    assert!(missing.error(2).contains("--name"), "{missing:?}");
    assert!(missing.error(2).contains("TEXT"), "{missing:?}");
}

#[apply(trial)]
fn bytes_that_are_no_text_are_wrong_usage_in_options_and_a_bad_cookie_as_the_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let bytes = OsStr::from_bytes(b"\xff\xfe");
    let mut name = command(&["inspect", "--hash-key", "00", "x", "--name"]);
    name.arg(bytes);
    ran(name).error(2);
    let mut text = command(&["inspect", "--name", "s", "--hash-key", "00"]);
    text.arg(bytes);
    assert!(ran(text).error(1).contains("base64"));
}

#[apply(trial)]
fn help_and_version_are_no_errors() {
    for arguments in [
        &["--help"][..],
        &["inspect", "--help"],
        &["help", "sweep"],
        &["--version"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert!(ran.stdout.contains("pgstore"));
    }
}

#[apply(trial)]
fn names_are_any_text() {
    for name in ["", "a|b", "-", "--", "--at", "-x", "é\n", "$(rm)", "*"] {
        let codec = pgstore::wire::SecureCookie::new(pgstore::Keys::from_hex(KEY).unwrap());
        let text = codec
            .seal(name, &gob::encode_string(b"abc"), -5, [0; 16])
            .unwrap();
        let options = ["--hash-key", KEY, "--max-age=0", "--", &text];
        let ran = run(&[&["inspect", "--name", name][..], &options].concat());
        assert_eq!(
            ran.object(),
            serde_json::json!({ "issued_at": -5, "value": "abc" })
        );
        let joined = format!("--name={name}");
        assert_eq!(
            run(&[&["inspect", &joined][..], &options].concat()).value(),
            "abc"
        );
    }
}

#[apply(trial)]
fn ages_are_counted_from_the_time_given() {
    let text = sealed(&gob::encode_string(b"abc"));
    let at = |options: &[&str]| {
        run(&[
            &["inspect", "--name", "s", "--hash-key", KEY][..],
            options,
            &[&text],
        ]
        .concat())
        .code
    };
    // It was sealed at 1,700,000,000.
    assert_eq!(at(&["--at", "1702592000"]), 0);
    assert_eq!(at(&["--at", "1702592001"]), 1);
    assert_eq!(at(&["--at", "1702592001", "--max-age", "0"]), 0);
    assert_eq!(at(&["--at", "1700000011", "--max-age", "10"]), 1);
    assert_eq!(at(&["--at", "-9223372036854775808"]), 0);
    assert_eq!(at(&["--at=-5"]), 0);
    assert_eq!(at(&[]), 1, "it is older than 30 days now");
}

#[apply(trial)]
fn a_text_that_does_not_open_is_not_repeated() {
    let mut values = Values::new();
    values.insert("secret", "SECRET").unwrap();
    let mut gob = values.encode();
    let good = sealed(&gob);
    gob.truncate(gob.len() - 1);
    for text in [
        "",
        "SECRET",
        &good[..good.len() - 8],
        &sealed(b"SECRET"),
        &sealed(&gob),
    ] {
        let ran = inspect(text);
        let line = ran.error(1);
        assert!(
            !line.contains("SECRET") && !line.contains("TcwMDAw"),
            "{line}"
        );
    }
}

#[apply(trial)]
fn an_error_stays_on_its_line_whatever_a_type_is_called() {
    // The key is an interface that says it is a "[]\nint": the error names the type.
    let name = b"\x06[]\nint";
    let message = [&[0xff, 0x82, 0, 1][..], name, &[16, 3, 0, 0xfe, 0xf0, 0x3f]].concat();
    let mut gob = b"\x0d\x7f\x04\x01\x02\xff\x80\x00\x01\x10\x01\x10\x00\x00".to_vec();
    let message = [&[0xff, 0x80][..], &message[2..]].concat();
    gob.push(u8::try_from(message.len()).unwrap());
    gob.extend(message);
    let ran = inspect(&sealed(&gob));
    assert!(ran.error(1).contains("[] int"), "{ran:?}");
}
