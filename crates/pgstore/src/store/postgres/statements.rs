//! The statements, each a file of its own in `sql/`, about the table the store was given.

use tokio_postgres::types::Type;

use super::migrations::{Migration, migrations};
use super::table::TableName;

/// Which statement. Each is prepared once per connection, at its first use there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Load,
    Successor,
    Tidy,
    Insert,
    Update,
    Rename,
    Replace,
    Delete,
    DeleteVersion,
    Find,
    Owned,
    Revoke,
    PeerWritten,
    Sweep,
    Probe,
}

impl Kind {
    pub(super) const COUNT: usize = 15;
    const ALL: [Self; Self::COUNT] = [
        Self::Load,
        Self::Successor,
        Self::Tidy,
        Self::Insert,
        Self::Update,
        Self::Rename,
        Self::Replace,
        Self::Delete,
        Self::DeleteVersion,
        Self::Find,
        Self::Owned,
        Self::Revoke,
        Self::PeerWritten,
        Self::Sweep,
        Self::Probe,
    ];

    /// The migration that brought the last of the columns it names.
    pub(super) fn migration(self) -> &'static Migration {
        const FIRST: usize = 0;
        const OURS: usize = 1;
        match self {
            Self::Tidy | Self::Delete | Self::Sweep => &migrations()[FIRST],
            Self::Load
            | Self::Successor
            | Self::Insert
            | Self::Update
            | Self::Rename
            | Self::Replace
            | Self::DeleteVersion
            | Self::Find
            | Self::Owned
            | Self::Revoke
            | Self::PeerWritten
            | Self::Probe => &migrations()[OURS],
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::Load => include_str!("sql/load.sql"),
            Self::Successor => include_str!("sql/successor.sql"),
            Self::Tidy => include_str!("sql/tidy.sql"),
            Self::Insert => include_str!("sql/insert.sql"),
            Self::Update => include_str!("sql/update.sql"),
            Self::Rename => include_str!("sql/rename.sql"),
            Self::Replace => include_str!("sql/replace.sql"),
            Self::Delete => include_str!("sql/delete.sql"),
            Self::DeleteVersion => include_str!("sql/delete_version.sql"),
            Self::Find => include_str!("sql/find.sql"),
            Self::Owned => include_str!("sql/owned.sql"),
            Self::Revoke => include_str!("sql/revoke.sql"),
            Self::PeerWritten => include_str!("sql/peer_written.sql"),
            Self::Sweep => include_str!("sql/sweep.sql"),
            Self::Probe => include_str!("sql/probe.sql"),
        }
    }

    /// The types of its parameters, in order.
    pub(super) fn parameters(self) -> &'static [Type] {
        const KEY: Type = Type::BYTEA;
        const DATA: Type = Type::BYTEA;
        const TIME: Type = Type::TIMESTAMPTZ;
        const NUMBER: Type = Type::INT8;
        const TEXT: Type = Type::TEXT;
        // A row is DATA, TIME (created_on, not for Update), TIME, TIME, NUMBER (its save token), TIME,
        // NUMBER (its maximal age), TEXT (owner, label, handle).
        match self {
            Self::Load | Self::Successor | Self::Tidy | Self::Delete => &[KEY],
            Self::Insert => &[
                KEY, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT, TEXT,
            ],
            Self::Update => &[
                KEY, TIME, DATA, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT, TEXT,
            ],
            Self::Rename => &[
                KEY, TIME, KEY, TIME, TIME, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT,
                TEXT, TEXT,
            ],
            Self::Replace => &[
                KEY, KEY, TIME, TIME, DATA, TIME, TIME, TIME, NUMBER, TIME, NUMBER, TEXT, TEXT,
                TEXT,
            ],
            Self::DeleteVersion => &[KEY, TIME],
            Self::Find | Self::Owned => &[TEXT, TIME],
            Self::Revoke => &[TEXT, Type::BOOL, TEXT, KEY, TEXT],
            Self::PeerWritten => &[NUMBER, NUMBER, NUMBER],
            Self::Sweep => &[TIME, TIME, TIME, NUMBER, NUMBER],
            Self::Probe => &[],
        }
    }
}

/// The statements' texts for one table.
#[derive(Debug)]
pub(super) struct Statements([String; Kind::COUNT]);

impl Statements {
    pub(super) fn about(table: &TableName) -> Self {
        Self(Kind::ALL.map(|kind| table.put_into(kind.sql())))
    }

    pub(super) fn text(&self, kind: Kind) -> &str {
        &self.0[kind as usize]
    }
}
