//! The migrations: their statements, and what each one makes.

use super::migration_step::{
    Made, MigrationStep, NewColumn, NewIndex, NewSettings, Relation, without_heading,
};
use super::table_name::TableName;

/// One numbered migration.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    number: u32,
    name: &'static str,
    steps: &'static [MigrationStep],
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
            then: None,
            is_partial: false,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0001_http_sessions/2_expiry_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_key_idx",
            column: "key",
            then: None,
            is_partial: false,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0001_http_sessions/3_key_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_id_idx",
            column: "id",
            then: None,
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
            then: Some("id"),
            is_partial: true,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0002_session_metadata/2_owner_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_handle_idx",
            column: "handle",
            then: None,
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
            then: None,
            is_partial: false,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0002_session_metadata/5_ids_session_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::EarlierIds,
            name: "http_sessions_ids_until_idx",
            column: "until",
            then: None,
            is_partial: false,
            is_implied: false,
            condition: None,
            sql: include_str!("../../../migrations/0002_session_metadata/6_ids_until_index.sql"),
        }),
        MigrationStep::index(NewIndex {
            relation: Relation::Sessions,
            name: "http_sessions_peer_written_idx",
            column: "id",
            then: None,
            is_partial: true,
            is_implied: false,
            condition: Some("saved_expires_on IS DISTINCT FROM expires_on"),
            sql: include_str!("../../../migrations/0002_session_metadata/7_peer_written_index.sql"),
        }),
        MigrationStep::settings(
            include_str!("../../../migrations/0002_session_metadata/8_settings.sql"),
            Relation::Sessions,
            &[
                ("fillfactor", "80"),
                ("autovacuum_vacuum_scale_factor", "0.02"),
                ("autovacuum_vacuum_insert_scale_factor", "0.05"),
            ],
        ),
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
                Made::Index(NewIndex { relation, .. })
                | Made::Settings(NewSettings { relation, .. }) => (relation, &[][..]),
            };
            columns.iter().map(move |column| (relation, column))
        })
    }

    /// The indexes that it makes.
    pub(super) fn indexes(&self) -> impl Iterator<Item = NewIndex> {
        self.steps.iter().filter_map(|step| match step.makes {
            Made::Index(index) => Some(index),
            Made::Columns(..) | Made::Settings(_) => None,
        })
    }

    /// The settings that it makes.
    pub(super) fn settings(&self) -> impl Iterator<Item = NewSettings> {
        self.steps.iter().filter_map(|step| match step.makes {
            Made::Settings(settings) => Some(settings),
            Made::Columns(..) | Made::Index(_) => None,
        })
    }

    /// Its statements for a new table, except those that make settings.
    pub(super) fn new_table_statements(&self) -> impl Iterator<Item = &'static str> {
        let steps = self.steps.iter().filter(|step| !step.is_implied());
        steps.filter_map(|step| match step.makes {
            Made::Columns(..) | Made::Index(_) => Some(without_heading(step.sql)),
            Made::Settings(_) => None,
        })
    }

    /// Its statements that make columns.
    pub(super) fn table_statements(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().filter_map(|step| match step.makes {
            Made::Columns(..) => Some(without_heading(step.sql)),
            Made::Index(_) | Made::Settings(_) => None,
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
    fn the_statement_of_an_index_says_what_its_data_say() {
        for index in migrations().iter().flat_map(Migration::indexes) {
            let NewIndex { name, column, .. } = index;
            let then = index
                .then
                .map(|then| format!(", {then}"))
                .unwrap_or_default();
            let table = index.relation.written_as();
            let mut expected = format!(
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({column}{then})"
            );
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
    fn the_statement_of_settings_says_what_their_data_say() {
        for settings in migrations().iter().flat_map(Migration::settings) {
            assert_eq!(settings.relation, Relation::Sessions, "it names that table");
            let text = SESSION_METADATA
                .steps
                .last()
                .map(|step| without_heading(step.sql));
            assert_eq!(settings.statement(|_| true).as_deref(), text);
            let one = settings.statement(|name| name == "fillfactor");
            assert_eq!(
                one.as_deref(),
                Some("ALTER TABLE http_sessions SET (fillfactor = 80)")
            );
            assert_eq!(settings.statement(|_| false), None);
        }
    }

    #[test]
    fn no_statement_of_a_migration_fails_when_its_work_is_done() {
        for step in migrations().iter().flat_map(|migration| migration.steps) {
            let may_be_repeated = matches!(step.makes, Made::Settings(_));
            let looks = step.sql.contains("IF NOT EXISTS");
            assert!(looks || may_be_repeated, "{}", step.sql);
            assert!(!step.sql.contains(';'), "one statement only: {}", step.sql);
        }
    }
}
