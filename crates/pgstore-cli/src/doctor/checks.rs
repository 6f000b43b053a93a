//! The checks: each is a name, and most are a statement that answers with what is wrong and what mends
//! it, a row for each finding.

use clap::ValueEnum;
use serde::Serialize;

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CheckName {
    /// Lengths of the keys.
    Keys,
    /// The server answers and lets the user in.
    Connection,
    /// The server's version.
    Version,
    /// The server is a primary.
    Standby,
    /// Transactions can write.
    ReadOnly,
    /// Statements and connections have enough time.
    Timeouts,
    /// A crash of the server undoes nothing.
    Durability,
    /// The database's encoding holds all texts.
    Encoding,
    /// The server's log shows no IDs.
    Logging,
    /// The server vacuums.
    Autovacuum,
    /// No pooler is in between.
    Pooler,
    /// This machine's clock and the server's agree.
    Clock,
    /// There is a table.
    Table,
    /// The table can keep sessions.
    Shape,
    /// All columns and indexes are there.
    Migrations,
    /// The user has all rights.
    Rights,
    /// Row-level security hides nothing.
    RowSecurity,
    /// All indexes are valid.
    Indexes,
    /// The table's storage settings.
    Storage,
    /// Foreign keys let sessions go.
    References,
    /// Each row's expiry means what it seems to.
    Expiry,
    /// Somebody sweeps.
    Sweep,
    /// Each session has one row, and each key is an ID.
    Duplicates,
    /// A session can be kept: it is tried in a transaction that is rolled back.
    Probe,
}

/// A check that is a statement.
pub(super) type SqlCheck = (CheckName, &'static str);

macro_rules! check {
    ($name:ident, $file:literal) => {
        (
            CheckName::$name,
            include_str!(concat!("../sql/doctor/", $file)),
        )
    };
}

/// Of the server. They need no table.
pub(super) const OF_THE_SERVER: &[SqlCheck] = &[
    check!(Version, "version.sql"),
    check!(Standby, "standby.sql"),
    check!(ReadOnly, "read_only.sql"),
    check!(Timeouts, "timeouts.sql"),
    check!(Durability, "durability.sql"),
    check!(Encoding, "encoding.sql"),
    check!(Logging, "logging.sql"),
    check!(Autovacuum, "autovacuum.sql"),
];

/// Whether there is a table.
pub(super) const TABLE: SqlCheck = check!(Table, "table.sql");

/// Of the table, from the catalogue.
pub(super) const OF_THE_TABLE: &[SqlCheck] = &[
    check!(Rights, "rights.sql"),
    check!(RowSecurity, "row_security.sql"),
    check!(Indexes, "indexes.sql"),
    check!(Storage, "storage.sql"),
    check!(References, "references.sql"),
];

/// Of the rows. They need the right to read them.
pub(super) const OF_ITS_ROWS: &[SqlCheck] =
    &[check!(Expiry, "expiry.sql"), check!(Sweep, "sweep.sql")];

/// Of a sample of the rows.
pub(super) const OF_A_SAMPLE: SqlCheck = check!(Duplicates, "duplicates.sql");

impl CheckName {
    /// The name as `--ignore` takes it.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
