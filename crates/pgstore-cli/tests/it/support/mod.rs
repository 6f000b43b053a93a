//! Running the command, and sealing what it is to open.

pub(crate) mod bouncer;
pub(crate) mod logins;
pub(crate) mod registry;
pub(crate) mod schema;
pub(crate) mod terminal;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use data_encoding::HEXLOWER;
use pgstore::Keys;
use pgstore::wire::SecureCookie;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use macro_rules_attribute::apply;
pub(crate) use registry::trial;

/// The key of most tests, in hexadecimal.
pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f";

/// The command, with nothing of ours in its environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgstore"));
    command.args(arguments).stdin(Stdio::null());
    let of_libpq = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG"));
    of_libpq.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command
        .env_remove("SESSION_KEYS")
        .env_remove("DATABASE_URL");
    command
}

/// What the command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The object printed, and nothing else.
    pub(crate) fn object(&self) -> Value {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{self:?}");
        assert_eq!(self.stdout.matches('\n').count(), 1, "{self:?}");
        assert!(self.stdout.ends_with('\n'));
        parse(&self.stdout)
    }

    /// What was opened.
    pub(crate) fn value(&self) -> Value {
        self.object()["value"].take()
    }

    /// The one line of an error; nothing is printed beside it.
    pub(crate) fn error(&self, code: i32) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        let line = self.stderr.strip_suffix('\n').unwrap();
        assert!(
            line.starts_with("pgstore: ") && !line.contains('\n'),
            "{self:?}"
        );
        line
    }
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    ran(command(arguments))
}

pub(crate) fn ran(mut command: Command) -> Ran {
    done(command.output().unwrap())
}

pub(crate) fn run_with_stdin(arguments: &[&str], stdin: &[u8]) -> Ran {
    let mut command = command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    done(child.wait_with_output().unwrap())
}

fn done(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Opens `text` with [`KEY`] under the name `s`, at any age.
pub(crate) fn inspect(text: &str) -> Ran {
    run(&[
        "inspect",
        "--name",
        "s",
        "--hash-key",
        KEY,
        "--max-age",
        "0",
        text,
    ])
}

/// Seals with [`KEY`] under the name `s`.
pub(crate) fn sealed(gob: &[u8]) -> String {
    sealed_with(KEY, gob)
}

pub(crate) fn sealed_with(keys: &str, gob: &[u8]) -> String {
    let codec = SecureCookie::new(Keys::from_hex(keys).unwrap()).max_length(0);
    codec.seal("s", gob, 1_700_000_000, [7; 16]).unwrap()
}

/// The vectors of one kind.
pub(crate) fn vectors(kind: &str) -> Vec<Value> {
    let files = [
        include_str!("../../../../pgstore/tests/vectors/go-vectors.json"),
        include_str!("../../../../pgstore/tests/vectors/more-vectors.json"),
    ];
    let vectors = files.iter().flat_map(|file| match parse(file) {
        Value::Array(vectors) => vectors,
        other => panic!("not a list: {other}"),
    });
    let vectors: Vec<_> = vectors.filter(|vector| vector["kind"] == kind).collect();
    assert!(!vectors.is_empty(), "there are vectors of kind {kind}");
    vectors
}

/// Some values are nested deeper than serde_json allows by itself.
fn parse(text: &str) -> Value {
    let mut json = serde_json::Deserializer::from_str(text);
    json.disable_recursion_limit();
    Value::deserialize(&mut json).unwrap()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(text(value).as_bytes()).unwrap()
}
