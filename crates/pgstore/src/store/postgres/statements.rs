//! The statements, each a file of its own in `sql/`, about the table the store was given.

use tokio_postgres::types::Type;

use super::migrations::{Migration, migrations};
use super::table::TableName;

/// Which statement. Each is prepared once per connection, at its first use there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Load,
    Tidy,
    Insert,
    Update,
    Rename,
    Replace,
    Delete,
    Sweep,
}

impl Kind {
    pub(super) const COUNT: usize = 8;
    const ALL: [Self; Self::COUNT] = [
        Self::Load,
        Self::Tidy,
        Self::Insert,
        Self::Update,
        Self::Rename,
        Self::Replace,
        Self::Delete,
        Self::Sweep,
    ];

    /// The migration that brought the last of the columns it names.
    pub(super) fn migration(self) -> &'static Migration {
        const FIRST: usize = 0;
        match self {
            Self::Load
            | Self::Tidy
            | Self::Insert
            | Self::Update
            | Self::Rename
            | Self::Replace
            | Self::Delete
            | Self::Sweep => &migrations()[FIRST],
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::Load => include_str!("sql/load.sql"),
            Self::Tidy => include_str!("sql/tidy.sql"),
            Self::Insert => include_str!("sql/insert.sql"),
            Self::Update => include_str!("sql/update.sql"),
            Self::Rename => include_str!("sql/rename.sql"),
            Self::Replace => include_str!("sql/replace.sql"),
            Self::Delete => include_str!("sql/delete.sql"),
            Self::Sweep => include_str!("sql/sweep.sql"),
        }
    }

    /// The types of its parameters, in order.
    pub(super) fn parameters(self) -> &'static [Type] {
        const KEY: Type = Type::BYTEA;
        const DATA: Type = Type::BYTEA;
        const TIME: Type = Type::TIMESTAMPTZ;
        const NUMBER: Type = Type::INT8;
        match self {
            Self::Load | Self::Tidy | Self::Delete => &[KEY],
            Self::Insert => &[KEY, DATA, TIME, TIME, TIME],
            Self::Update => &[KEY, TIME, DATA, TIME, TIME],
            Self::Rename => &[KEY, TIME, KEY, DATA, TIME, TIME, TIME],
            Self::Replace => &[KEY, KEY, DATA, TIME, TIME, TIME],
            Self::Sweep => &[TIME, TIME, TIME, NUMBER, NUMBER],
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
