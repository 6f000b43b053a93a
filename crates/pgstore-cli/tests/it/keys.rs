//! Where keys come from, in which order they count, and what keygen makes.

use std::env;
use std::fs;
use std::path::PathBuf;

use pgstore::wire::gob;
use serde_json::json;

use crate::support::{
    KEY, Ran, apply, command, ran, run, run_with_stdin, sealed, sealed_with, trial,
};

const BLOCK: &str = "404142434445464748494a4b4c4d4e4f";

fn cookie(keys: &str) -> String {
    sealed_with(keys, &gob::encode_string(b"abc"))
}

fn inspect(options: &[&str], text: &str) -> Ran {
    let mut arguments = vec!["inspect", "--name", "s", "--max-age", "0"];
    arguments.extend(options);
    arguments.push(text);
    run(&arguments)
}

#[apply(trial)]
fn a_block_key_belongs_to_the_hash_key_before_it() {
    let text = cookie(&format!("{KEY},{BLOCK}"));
    let pairs: [&[&str]; 3] = [
        &["--hash-key", KEY, "--block-key", BLOCK],
        &["--hash-key", "00", "--hash-key", KEY, "--block-key", BLOCK],
        &[
            "--hash-key",
            "00",
            "--block-key",
            BLOCK,
            "--hash-key",
            KEY,
            "--block-key",
            BLOCK,
        ],
    ];
    for pairs in pairs {
        assert_eq!(inspect(pairs, &text).value(), "abc", "{pairs:?}");
    }
    // The same keys paired otherwise do not decrypt it.
    let swapped = ["--hash-key", "00", "--block-key", BLOCK, "--hash-key", KEY];
    inspect(&swapped, &text).error(1);
    // A pair may stand on both sides of other options.
    let spread = ["--hash-key", KEY, "--at=0", "--block-key", BLOCK];
    assert_eq!(inspect(&spread, &text).value(), "abc");
}

#[apply(trial)]
fn a_block_key_without_its_hash_key_is_wrong_usage() {
    let text = cookie(KEY);
    let lone: [&[&str]; 3] = [
        &["--block-key", BLOCK],
        &["--block-key", BLOCK, "--hash-key", KEY],
        &[
            "--hash-key",
            KEY,
            "--block-key",
            BLOCK,
            "--block-key",
            BLOCK,
        ],
    ];
    for lone in lone {
        assert!(inspect(lone, &text).error(2).contains("--block-key"));
    }
}

#[apply(trial)]
fn bad_keys_are_wrong_usage_and_not_printed() {
    let bad: [&[&str]; 7] = [
        &[],
        &["--hash-key", ""],
        &["--hash-key", "c0ffeec0ffee,c0ffeec0ffee"],
        &["--hash-key", "c0ffee5"],
        &["--hash-key", "c0ffeeXX"],
        &["--hash-key", "00", "--block-key", "c0ffee"],
        &["--keys-file", "/no/such/file"],
    ];
    for bad in bad {
        let ran = inspect(bad, &cookie(KEY));
        assert!(!ran.error(2).contains("c0ffee"), "{ran:?}");
    }
}

#[apply(trial)]
fn keys_come_from_the_environment_unless_they_are_given() {
    let text = cookie(KEY);
    let with = |keys: &str, options: &[&str]| {
        let mut arguments = vec!["inspect", "--name", "s", "--max-age", "0", &text];
        arguments.extend(options);
        let mut command = command(&arguments);
        command.env("SESSION_KEYS", keys);
        ran(command)
    };
    assert_eq!(with(KEY, &[]).value(), "abc");
    assert_eq!(with(&format!("00,{BLOCK}, {KEY}"), &[]).value(), "abc");
    assert_eq!(with("zz", &["--hash-key", KEY]).value(), "abc");
    let broken = format!("{KEY},c0ffee");
    for keys in ["", " ", "c0ffeeXX", &broken] {
        assert!(!with(keys, &[]).error(2).contains("c0ffee"));
    }
}

#[apply(trial)]
fn keys_come_from_a_file_as_the_environment_has_them_or_as_keygen_prints_them() {
    let keys = format!("{KEY},{BLOCK}");
    let text = cookie(&keys);
    let file = File::new("keys");
    for content in [
        keys.clone(),
        format!("{keys}\n"),
        format!("X=1\nSESSION_KEYS={keys}\n"),
    ] {
        fs::write(&file.0, &content).unwrap();
        let mut command = command(&["inspect", "--name=s", "--max-age=0", "--keys-file"]);
        command.arg(&file.0).arg(&text).env("SESSION_KEYS", "00");
        assert_eq!(ran(command).value(), "abc", "{content}");
    }
    for content in [&b""[..], b"\n", b"c0ffeeXX", b"\xff\xff"] {
        fs::write(&file.0, content).unwrap();
        let ran = inspect(&["--keys-file", file.0.to_str().unwrap()], &text);
        assert!(!ran.error(2).contains("c0ffee"));
    }
}

#[apply(trial)]
fn texts_come_from_stdin_and_may_be_long() {
    let long = "z".repeat(300_000);
    let text = sealed(&gob::encode_string(long.as_bytes()));
    for end in ["", "\n", "\r\n"] {
        let stdin = format!("{text}{end}");
        let arguments = [
            "inspect",
            "--name",
            "s",
            "--hash-key",
            KEY,
            "--max-age",
            "0",
            "-",
        ];
        assert_eq!(
            run_with_stdin(&arguments, stdin.as_bytes()).value(),
            json!(long)
        );
    }
    let arguments = ["inspect", "--name", "s", "--hash-key", KEY, "-"];
    run_with_stdin(&arguments, b"").error(1);
    run_with_stdin(&arguments, b"\xff\xfe").error(1);
}

#[apply(trial)]
fn keys_are_taken_as_they_stand_in_go_code() {
    let hash = b"a key, as it stands in Go";
    let text = cookie(&format!("{},{BLOCK}", data_encoding::HEXLOWER.encode(hash)));
    let block =
        r"[]byte{0x40, 65, 'B', 0x43, 0x44, 0x45, 0x46, 0x47, 72, 73, 74, 75, 76, 77, 78, 79}";
    for key in [
        "text:a key, as it stands in Go",
        r#"[]byte("a key, as it stands in Go")"#,
        r#""a\x20key, as it stands in Go""#,
        "`a key, as it stands in Go`",
        "base64:YSBrZXksIGFzIGl0IHN0YW5kcyBpbiBHbw==",
    ] {
        let keys = ["--hash-key", key, "--block-key", block];
        assert_eq!(inspect(&keys, &text).value(), "abc", "{key}");
    }
    let file = File::new("go");
    let lines = format!("HASH_KEY=[]byte(\"a key, as it stands in Go\")\nBLOCK_KEY={block}\n");
    fs::write(&file.0, lines).unwrap();
    let from_file = ["--keys-file", file.0.to_str().unwrap()];
    assert_eq!(inspect(&from_file, &text).value(), "abc");
    let wrong = inspect(&["--hash-key", "[]byte(c0ffee)"], &text);
    assert!(!wrong.error(2).contains("c0ffee"), "{wrong:?}");
}

#[apply(trial)]
fn each_line_of_stdin_gets_a_line() {
    let (one, two) = (
        sealed(&gob::encode_string(b"one")),
        sealed(&gob::encode_string(b"two")),
    );
    let arguments = [
        "inspect",
        "--name",
        "s",
        "--hash-key",
        KEY,
        "--max-age",
        "0",
        "-",
    ];
    let bytes = format!("\\x{}", data_encoding::HEXLOWER.encode(two.as_bytes())); // As psql shows a bytea.
    let good = run_with_stdin(&arguments, format!("{one}\r\n{bytes}\n\n").as_bytes());
    assert_eq!((good.code, good.stderr.as_str()), (0, ""));
    let values = |stdout: &str| -> Vec<serde_json::Value> {
        stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let opened = values(&good.stdout);
    assert_eq!(opened.len(), 2);
    assert_eq!(
        (&opened[0]["value"], &opened[1]["value"]),
        (&json!("one"), &json!("two"))
    );

    let mixed = run_with_stdin(&arguments, format!("{one}\nnonsense\n\n{two}\n").as_bytes());
    assert_eq!(mixed.code, 1);
    assert_eq!(mixed.stderr, "pgstore: 2 of 4 texts did not open\n");
    let opened = values(&mixed.stdout);
    assert_eq!(opened.len(), 4, "{mixed:?}");
    assert!(opened[1]["error"].is_string() && opened[2]["error"].is_string());
    assert_eq!(opened[3]["value"], "two");
}

#[apply(trial)]
fn what_keygen_prints_seals_and_opens() {
    let sizes: [(&[&str], [usize; 2]); 4] = [
        (&[], [64, 64]),
        (&["--hash-bytes", "64", "--block-bytes", "16"], [128, 32]),
        (&["--block-bytes=24"], [64, 48]),
        (&["--block-bytes=0"], [64, 0]),
    ];
    for (options, [hash, block]) in sizes {
        let ran = run(&[&["keygen"], options].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        let line = |name: &str| {
            ran.stdout
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        };
        let (hash_key, block_key) = (line("HASH_KEY").unwrap(), line("BLOCK_KEY"));
        assert_eq!(
            [hash_key.len(), block_key.unwrap_or_default().len()],
            [hash, block]
        );
        let text = cookie(line("SESSION_KEYS").unwrap());
        let mut options = vec!["--hash-key", hash_key];
        options.extend(block_key.iter().flat_map(|key| ["--block-key", key]));
        assert_eq!(inspect(&options, &text).value(), "abc");

        let file = File::new(&format!("keygen{block}"));
        fs::write(&file.0, &ran.stdout).unwrap();
        assert_eq!(
            inspect(&["--keys-file", file.0.to_str().unwrap()], &text).value(),
            "abc"
        );
    }
    assert_ne!(run(&["keygen"]).stdout, run(&["keygen"]).stdout);
}

/// A file of the test's own; it goes with this value.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("pgstore-cli-{}-{name}", std::process::id())))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Two nodes follow the help's steps, one node after the other. After each change, both nodes read what
/// either of them has sealed since the beginning, as long as it may be read at all.
#[apply(trial)]
fn the_help_of_keygen_rotates_keys_over_two_nodes_and_logs_nobody_out() {
    let help = run(&["keygen", "--help"]).stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let step = |number: u32, words: &str| {
        let (_, rest) = help.split_once(&format!("({number}) ")).unwrap();
        let step = rest.split(';').next().unwrap();
        assert!(step.contains(words), "{number}: {step}");
    };
    step(1, "append the new pair");
    step(2, "move the new pair to the front");
    step(3, "drop the old pair");

    let (old, new) = (pair(), pair());
    let (appended, moved) = (format!("{old},{new}"), format!("{new},{old}"));
    let mut nodes = [old.clone(), old.clone()];
    let mut texts = vec![cookie(&nodes[0])];
    for (number, keys) in [(1, &appended), (2, &moved), (3, &new)] {
        if number == 3 {
            // By then, nothing lives that the old pair has sealed.
            texts.retain(|text| opens(&new, text));
        }
        for node in 0..2 {
            nodes[node].clone_from(keys);
            texts.extend(nodes.each_ref().map(|keys| cookie(keys)));
            for (node, text) in nodes
                .iter()
                .flat_map(|node| texts.iter().map(move |text| (node, text)))
            {
                assert!(opens(node, text), "step {number}");
            }
        }
    }
}

/// A pair as `keygen` prints it for SESSION_KEYS.
fn pair() -> String {
    let printed = run(&["keygen"]).stdout;
    let keys = printed
        .lines()
        .find_map(|line| line.strip_prefix("SESSION_KEYS="));
    keys.unwrap().to_owned()
}

fn opens(keys: &str, text: &str) -> bool {
    let mut command = command(&["inspect", "--name", "s", "--max-age", "0", text]);
    command.env("SESSION_KEYS", keys);
    ran(command).code == 0
}
