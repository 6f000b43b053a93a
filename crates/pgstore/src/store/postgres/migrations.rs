//! The migrations: their statements, and what each one makes.

use super::table_name::TableName;

/// One numbered migration.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    number: u32,
    name: &'static str,
    steps: &'static [MigrationStep],
}

/// One statement of a migration, and what it makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct MigrationStep {
    /// One statement without a semicolon, for the table `http_sessions`.
    sql: &'static str,
    makes: Made,
}

/// What a statement makes. The catalogue tells whether it is there.
#[derive(Clone, Copy, Debug)]
enum Made {
    /// Columns of a table, and the table if there is none.
    Columns(Relation, &'static [NewColumn]),
    Index(NewIndex),
}

/// The tables that the migrations make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Sessions,
    EarlierIds,
}

impl Relation {
    /// The name in the files.
    fn written_as(self) -> &'static str {
        match self {
            Self::Sessions => "http_sessions",
            Self::EarlierIds => "http_sessions_ids",
        }
    }

    /// The name as SQL, quoted.
    pub(super) fn quoted(self, table: &TableName) -> String {
        match self {
            Self::Sessions => table.quoted(),
            Self::EarlierIds => table.quoted_ids(),
        }
    }
}

/// A column that a migration makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewColumn {
    pub(super) name: &'static str,
    /// Its type, or `None` if any type will do.
    pub(super) of_type: Option<&'static str>,
}

/// An index that a migration makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewIndex {
    /// The table that it is on.
    pub(super) relation: Relation,
    /// Its name for the table `http_sessions`.
    pub(super) name: &'static str,
    /// Its first column. An index with the same first column counts, whatever its name.
    pub(super) column: &'static str,
    /// Whether it leaves out rows in which the column is NULL.
    pub(super) is_partial: bool,
    /// Whether a new table needs no such index, because its primary key is one.
    pub(super) is_implied: bool,
    /// The condition of an index that has only the rows that meet it. It counts only if it is
    /// partial: the primary key has the same first column.
    pub(super) condition: Option<&'static str>,
    /// The statement that makes it.
    sql: &'static str,
}

const BYTES: Option<&str> = Some("bytea");
const TIME: Option<&str> = Some("timestamp with time zone");
const NUMBER: Option<&str> = Some("bigint");
const TEXT: Option<&str> = Some("text");
const BOOLEAN: Option<&str> = Some("boolean");

/// The table of Go's pgstore.
pub(super) const HTTP_SESSIONS: Migration = Migration {
    number: 1,
    name: "http_sessions",
    steps: &[
        MigrationStep::columns(
            include_str!("../../../migrations/0001_http_sessions/1_table.sql"),
            Relation::Sessions,
            &[
                NewColumn::new("id", None),
                NewColumn::new("key", BYTES),
                NewColumn::new("data", BYTES),
                NewColumn::new("created_on", TIME),
                NewColumn::new("modified_on", TIME),
                NewColumn::new("expires_on", TIME),
            ],
        ),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_expiry_idx",
            column: "expires_on",
            is_partial: false,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0001_http_sessions/2_expiry_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_key_idx",
            column: "key",
            is_partial: false,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0001_http_sessions/3_key_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_id_idx",
            column: "id",
            is_partial: false,
            is_implied: true,
            condition: None,
            sql: include_str!("sql/id_index.sql"),
        }),
    ],
};

/// The columns that Go's pgstore does not know, and the IDs that sessions had before.
pub(super) const SESSION_METADATA: Migration = Migration {
    number: 2,
    name: "session_metadata",
    steps: &[
        MigrationStep::columns(
            include_str!("../../../migrations/0002_session_metadata/1_columns.sql"),
            Relation::Sessions,
            &[
                NewColumn::new("save_token", NUMBER),
                NewColumn::new("saved_on", TIME),
                NewColumn::new("max_age", NUMBER),
                NewColumn::new("owner", TEXT),
                NewColumn::new("label", TEXT),
                NewColumn::new("handle", TEXT),
                NewColumn::new("grace_group", NUMBER),
                NewColumn::new("id_unconfirmed", BOOLEAN),
                NewColumn::new("saved_expires_on", TIME),
            ],
        ),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_owner_idx",
            column: "owner",
            is_partial: true,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0002_session_metadata/2_owner_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_handle_idx",
            column: "handle",
            is_partial: true,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0002_session_metadata/3_handle_index.sql"),
        }),
        MigrationStep::columns(
            include_str!("../../../migrations/0002_session_metadata/4_ids_table.sql"),
            Relation::EarlierIds,
            &[
                NewColumn::new("key", BYTES),
                NewColumn::new("session_id", NUMBER),
                NewColumn::new("until", TIME),
                NewColumn::new("grace_until", TIME),
                NewColumn::new("grace_group", NUMBER),
            ],
        ),
        MigrationStep::index(NewIndex {
            relation: Relation::EarlierIds,
            name: "http_sessions_ids_session_idx",
            column: "session_id",
            is_partial: false,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0002_session_metadata/5_ids_session_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::EarlierIds,
            name: "http_sessions_ids_until_idx",
            column: "until",
            is_partial: false,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0002_session_metadata/6_ids_until_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_peer_written_idx",
            column: "id",
            is_partial: true,
            is_implied: false,
            condition: Some("saved_expires_on IS DISTINCT FROM expires_on"),
            sql: include_str!("../../../migrations/0002_session_metadata/7_peer_written_index.sql"),
        }),
    ],
};

/// The migrations, oldest first. New ones are only appended.
///
/// Use them if you run DDL yourself:
///
/// ```
/// for migration in pgstore::store::migrations() {
///     println!("-- {} {}\n{}", migration.number(), migration.name(), migration.sql());
/// }
/// ```
#[must_use]
pub fn migrations() -> &'static [Migration] {
    const ALL: &[Migration] = &[HTTP_SESSIONS, SESSION_METADATA];
    ALL
}

impl Migration {
    /// Its number. Numbers begin at 1 and have no gaps.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its SQL, for the table `http_sessions`.
    #[must_use]
    pub fn sql(&self) -> String {
        let steps = self.steps.iter().filter(|step| !step.is_implied());
        let texts = steps.map(|step| format!("{};\n", step.sql.trim_end()));
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Its SQL, for another table.
    #[must_use]
    pub fn sql_for(&self, table: &TableName) -> String {
        table.put_into(&self.sql())
    }

    /// The columns that it makes, each with its table.
    pub(super) fn columns(&self) -> impl Iterator<Item = (Relation, &'static NewColumn)> {
        self.steps.iter().flat_map(|step| {
            let (relation, columns) = match step.makes {
                Made::Columns(relation, columns) => (relation, columns),
                Made::Index(index) => (index.relation, &[][..]),
            };
            columns.iter().map(move |column| (relation, column))
        })
    }

    /// The indexes that it makes.
    pub(super) fn indexes(&self) -> impl Iterator<Item = NewIndex> {
        self.steps.iter().filter_map(|step| match step.makes {
            Made::Columns(..) => None,
            Made::Index(index) => Some(index),
        })
    }

    /// Its statements, except those that make an index.
    pub(super) fn table_statements(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().filter_map(|step| match step.makes {
            Made::Columns(..) => Some(without_heading(step.sql)),
            Made::Index(_) => None,
        })
    }
}

impl MigrationStep {
    fn is_implied(&self) -> bool {
        matches!(self.makes, Made::Index(index) if index.is_implied)
    }

    const fn columns(sql: &'static str, relation: Relation, columns: &'static [NewColumn]) -> Self {
        let makes = Made::Columns(relation, columns);
        Self { sql, makes }
    }

    const fn index(index: NewIndex) -> Self {
        let (sql, makes) = (index.sql, Made::Index(index));
        Self { sql, makes }
    }
}

impl NewColumn {
    const fn new(name: &'static str, of_type: Option<&'static str>) -> Self {
        Self { name, of_type }
    }
}

impl NewIndex {
    /// The statement that makes it without blocking writers. It cannot run in a transaction.
    pub(super) fn concurrently(&self) -> String {
        without_heading(self.sql).replacen("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1)
    }

    /// Its name without the table's.
    pub(super) fn suffix(&self) -> &'static str {
        let of_table = self.name.strip_prefix(self.relation.written_as());
        of_table.unwrap_or(self.name).trim_start_matches('_')
    }

    /// The statement that makes the index of a partitioned table, without those of its partitions.
    pub(super) fn on_the_whole(&self) -> String {
        without_heading(self.sql).replacen(" ON ", " ON ONLY ", 1)
    }

    /// The statement that makes the part of a partition with rows, without blocking writers. The
    /// names are SQL.
    pub(super) fn on_a_partition(&self, part: &str, partition: &str) -> String {
        self.for_a_partition(self.concurrently(), part, partition)
    }

    /// The same for a partition that has partitions itself.
    pub(super) fn on_a_partitioned_partition(&self, part: &str, partition: &str) -> String {
        self.for_a_partition(self.on_the_whole(), part, partition)
    }

    fn for_a_partition(&self, statement: String, part: &str, partition: &str) -> String {
        let of_table = format!("{} (", self.relation.written_as());
        let statement = statement.replacen(self.name, part, 1);
        statement.replacen(&of_table, &format!("{partition} ("), 1)
    }
}

/// The statement without the comment before it, as operators see it in `pg_stat_activity`.
fn without_heading(sql: &str) -> &str {
    let mut rest = sql.trim_end();
    while let Some((_, after)) = rest.split_once('\n').filter(|_| rest.starts_with("--")) {
        rest = after;
    }
    rest
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
    fn the_statement_of_an_index_says_what_its_data_say() {
        for index in migrations().iter().flat_map(Migration::indexes) {
            let NewIndex { name, column, .. } = index;
            let table = index.relation.written_as();
            let mut expected =
                format!("CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({column})");
            if let Some(condition) = index.condition {
                expected += &format!(" WHERE {condition}");
            } else if index.is_partial {
                expected += &format!(" WHERE {column} IS NOT NULL");
            }
            assert_eq!(index.concurrently(), expected);
            let part = index.on_a_partition("a.part", "a.partition");
            let expected = expected.replace(name, "a.part");
            let expected = expected.replace(&format!(" {table} "), " a.partition ");
            assert_eq!(part, expected);
        }
    }

    #[test]
    fn statements_that_run_one_by_one_have_no_heading() {
        for text in migrations().iter().flat_map(Migration::table_statements) {
            assert!(!text.starts_with("--"), "{text}");
        }
    }

    #[test]
    fn the_statement_of_a_column_names_it() {
        for migration in migrations() {
            let text: String = migration.table_statements().collect();
            for (_, column) in migration.columns() {
                assert!(text.contains(&format!(" {} ", column.name)), "{column:?}");
            }
        }
    }

    #[test]
    fn no_statement_of_a_migration_fails_when_its_work_is_done() {
        for step in migrations().iter().flat_map(|migration| migration.steps) {
            assert!(step.sql.contains("IF NOT EXISTS"), "{}", step.sql);
            assert!(!step.sql.contains(';'), "one statement only: {}", step.sql);
        }
    }
}
