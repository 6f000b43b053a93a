//! Everything that can go wrong, and the exit code of each.

use std::error::Error;
use std::io;

use pgstore::{
    ConnectError, ErrorClass, KeyError, MigrateError, MigrateErrorKind, OpenError, StoreError,
    StoreErrorKind, TableName,
};
use pgstore_connect::DatabaseError;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no keys: set SESSION_KEYS, or give --keys-file or --hash-key")]
    NoKeys,
    #[error("a --block-key comes right after the --hash-key it belongs to")]
    LoneBlockKey,
    #[error(
        "a {0} is no key: it is hexadecimal, base64:…, text:…, or as in Go code: []byte(\"…\"), []byte{{…}}"
    )]
    NotAKey(&'static str),
    #[error("a --block-key is empty: leave it out where there is none")]
    EmptyBlockKey,
    #[error("SESSION_KEYS is not hexadecimal")]
    KeysNotUnicode,
    #[error("the keys file cannot be read")]
    KeysFile(#[source] io::Error),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("stdin cannot be read")]
    Input(#[source] io::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{failed} of {all} texts did not open")]
    NotAllOpen { failed: u64, all: u64 },
    #[error("the values would print as more text than is useful to read")]
    TooMuch,

    /// The exit code says it all.
    #[error("the sessions table is not complete")]
    Incomplete,
    /// The exit code says that there are findings, and the report which.
    #[error("there are findings")]
    HasFindings,
    #[error("no database: set DATABASE_URL, or PGHOST, PGUSER and PGDATABASE as for psql")]
    NoDatabase,
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("{}", not_migrated(.0, .1))]
    Migrate(Box<MigrateError>, TableName),
    #[error("{}", not_used(.0))]
    Store(#[from] StoreError),
    #[error("the sessions table is not there: run `pgstore migrate` for this table first")]
    NoTable,
    #[error("{}", not_answered(.0))]
    Query(#[source] tokio_postgres::Error),
    #[error("the server gave no answer")]
    NoAnswer,
    #[error("requests kept changing the sessions: run it again for the rest")]
    Contended,
    #[error("nothing was done")]
    Declined,

    #[error("the system gave no random bytes")]
    Randomness(#[source] getrandom::Error),
    #[error("no runtime could be started")]
    Runtime(#[source] io::Error),
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
}

impl Failure {
    /// The exit code of what fails every time until it is asked for differently.
    pub(crate) const USAGE: u8 = 2;
    const FAILED: u8 = 1;

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NoKeys
            | Self::LoneBlockKey
            | Self::NotAKey(_)
            | Self::EmptyBlockKey
            | Self::KeysNotUnicode
            | Self::KeysFile(_)
            | Self::Keys(_)
            | Self::NoDatabase => Self::USAGE,
            Self::Connect(error) if ErrorClass::from(error) == ErrorClass::Usage => Self::USAGE,
            _ => Self::FAILED,
        }
    }

    /// The error and what it comes from.
    pub(crate) fn one_line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = match self {
            // Its own text is this failure's, or is replaced by it.
            Self::Migrate(error, _) => error.source(),
            Self::Store(error) => error.source(),
            Self::Query(_) => None,
            _ => self.source(),
        };
        while let Some(error) = cause {
            line += &format!(": {error}");
            cause = error.source();
        }
        flat(&line)
    }
}

/// The library's own text continues with the SQL, on many lines; `--print` shows it.
fn not_migrated(error: &MigrateError, table: &TableName) -> String {
    match error.kind() {
        MigrateErrorKind::Forbidden => format!(
            "the database user may not create what is missing: have one that may run what \
             `pgstore migrate --print --table {table}` prints"
        ),
        _ => error.to_string(),
    }
}

/// A user at a shell runs the command, not the function.
fn not_used(error: &StoreError) -> String {
    match error.kind() {
        StoreErrorKind::NotMigrated => {
            "the sessions table is not there: run `pgstore migrate` for this table first".to_owned()
        }
        _ => error.to_string(),
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Query(error)
    }
}

/// The server's message alone: its DETAIL may quote a row. Of a lost connection, the driver's text.
fn not_answered(error: &tokio_postgres::Error) -> String {
    let Some(answer) = DatabaseError::from_driver(error) else {
        return format!("the connection to the database was lost: {error}");
    };
    match answer.sqlstate() {
        // undefined_table, undefined_column
        "42P01" | "42703" => {
            "the sessions table is not complete: run `pgstore migrate` for this table first"
                .to_owned()
        }
        "42501" => format!(
            "the database user lacks a right: {}; `pgstore doctor` says which GRANT mends it",
            answer.message()
        ),
        _ => format!("the database refused: {}", answer.message()),
    }
}

/// On one line, whatever a server or a stranger's type name contains.
pub(crate) fn flat(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}
