//! The migrations' text, and what the catalogue has when it has run.

use super::table::TableName;

/// One numbered migration.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
    columns: &'static [Column],
}

/// A column that a migration brings, with its type where that matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) of_type: Option<&'static str>,
}

/// An index that a migration brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// As in the migration's text.
    pub(super) name: String,
    /// The column that it leads with, by which it counts whatever its name.
    pub(super) column: String,
    /// Whether it covers some of the rows only.
    pub(super) is_partial: bool,
}

/// The migrations, oldest first. They are only ever added to.
///
/// For operators who run DDL themselves:
///
/// ```
/// for migration in pgstore::store::migrations() {
///     println!("-- {} {}\n{}", migration.number(), migration.name(), migration.sql());
/// }
/// ```
#[must_use]
pub fn migrations() -> &'static [Migration] {
    const BYTES: Option<&str> = Some("bytea");
    const TIME: Option<&str> = Some("timestamp with time zone");
    const NUMBER: Option<&str> = Some("bigint");
    const TEXT: Option<&str> = Some("text");
    const ALL: &[Migration] = &[
        Migration {
            number: 1,
            name: "http_sessions",
            sql: include_str!("../../../migrations/0001_http_sessions.sql"),
            columns: &[
                Column::new("id", None),
                Column::new("key", BYTES),
                Column::new("data", BYTES),
                Column::new("created_on", TIME),
                Column::new("modified_on", TIME),
                Column::new("expires_on", TIME),
            ],
        },
        Migration {
            number: 2,
            name: "session_metadata",
            sql: include_str!("../../../migrations/0002_session_metadata.sql"),
            columns: &[
                Column::new("save_token", NUMBER),
                Column::new("saved_on", TIME),
                Column::new("max_age", NUMBER),
                Column::new("owner", TEXT),
                Column::new("label", TEXT),
                Column::new("handle", TEXT),
                Column::new("previous_key", BYTES),
                Column::new("previous_until", TIME),
                Column::new("previous_grace_until", TIME),
            ],
        },
    ];
    ALL
}

impl Migration {
    /// Its number; they begin at 1 and have no gaps.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its SQL, for the table `http_sessions`.
    #[must_use]
    pub fn sql(&self) -> &'static str {
        self.sql
    }

    /// Its SQL for another table.
    #[must_use]
    pub fn sql_for(&self, table: &TableName) -> String {
        table.put_into(self.sql)
    }

    pub(super) fn columns(&self) -> &'static [Column] {
        self.columns
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = Index> {
        self.statements().filter_map(|text| Index::read(&text))
    }

    /// Everything but the indexes, statement by statement.
    pub(super) fn table_statements(&self) -> impl Iterator<Item = String> {
        self.statements().filter(|text| Index::read(text).is_none())
    }

    /// What makes an index without holding up writers. It runs outside of transactions only.
    pub(super) fn concurrently(&self, index: &Index) -> Option<String> {
        let mut all = self.statements();
        let text = all.find(|text| Index::read(text).as_ref() == Some(index))?;
        Some(text.replacen("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1))
    }

    fn statements(&self) -> impl Iterator<Item = String> {
        let is_comment = |line: &&str| line.trim_start().starts_with("--");
        let source = self.sql.lines().filter(|line| !is_comment(line));
        let text = source.collect::<Vec<_>>().join("\n");
        let statements: Vec<_> = text.split(';').map(|one| one.trim().to_owned()).collect();
        statements.into_iter().filter(|one| !one.is_empty())
    }
}

impl Column {
    const fn new(name: &'static str, of_type: Option<&'static str>) -> Self {
        Self { name, of_type }
    }
}

impl Index {
    fn read(statement: &str) -> Option<Self> {
        let rest = statement.strip_prefix("CREATE INDEX IF NOT EXISTS ")?;
        let (name, rest) = rest.split_once(' ')?;
        let (_, columns) = rest.split_once('(')?;
        let (first, _) = columns.split_once([',', ')', ' '])?;
        Some(Self {
            name: name.to_owned(),
            column: first.to_owned(),
            is_partial: rest.contains("WHERE"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_at_one_and_have_no_gaps() {
        let numbers = migrations().iter().map(Migration::number);
        assert!(numbers.eq(1..=u32::try_from(migrations().len()).unwrap()));
    }

    #[test]
    fn every_index_of_a_migration_is_known_by_its_first_column() {
        let indexes: Vec<_> = migrations()[0].indexes().collect();
        let index = |name: &str, column: &str| Index {
            name: name.to_owned(),
            column: column.to_owned(),
            is_partial: false,
        };
        assert_eq!(
            indexes,
            [
                index("http_sessions_expiry_idx", "expires_on"),
                index("http_sessions_key_idx", "key")
            ]
        );
        assert_eq!(
            migrations()[0].concurrently(&indexes[1]).unwrap(),
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS http_sessions_key_idx ON http_sessions (key)"
        );
    }

    #[test]
    fn no_statement_of_a_migration_fails_when_its_work_is_done() {
        for migration in migrations() {
            for text in migration.statements() {
                assert!(
                    text.contains("IF NOT EXISTS") || text.contains(" SET ("),
                    "{text}"
                );
            }
        }
    }
}
