//! Reads from the catalogue what the table has, and derives what is missing.

use std::collections::BTreeSet;

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::migrate_error::MigrateError;
use super::migration_step::{NewIndex, Relation};
use super::migrations::{Migration, migrations};
use super::table_name::TableName;

/// Above the statement that makes the index of a partitioned table.
const HOLDS_UP: &str = "-- Nobody can write while this is built. \
    migrate() as such a role makes it part by part, beside writers.\n";

/// What the catalogue says about the tables.
#[derive(Debug)]
pub(super) struct FoundTable {
    /// Whether there is a sessions table.
    pub(super) exists: bool,
    /// Whether the sessions table has partitions.
    is_partitioned: bool,
    missing_columns: Vec<(Relation, String)>,
    missing_indexes: Vec<String>,
    /// The names of settings that the sessions table does not have, with any value.
    missing_settings: Vec<String>,
}

/// Reads the catalogue, without a lock on the tables.
pub(super) async fn look(
    client: &impl GenericClient,
    table: &TableName,
) -> Result<FoundTable, MigrateError> {
    let mut found = look_at(client, table, Relation::Sessions).await?;
    let ids = look_at(client, table, Relation::EarlierIds).await?;
    found.missing_columns.extend(ids.missing_columns);
    found.missing_indexes.extend(ids.missing_indexes);
    Ok(found)
}

async fn look_at(
    client: &impl GenericClient,
    table: &TableName,
    relation: Relation,
) -> Result<FoundTable, MigrateError> {
    const NAMES: Type = Type::TEXT_ARRAY;
    let columns = migrations().iter().flat_map(Migration::columns);
    let columns: Vec<_> = columns.filter(|(of, _)| *of == relation).collect();
    let column_names: Vec<_> = columns.iter().map(|(_, column)| column.name).collect();
    let types: Vec<_> = columns.iter().map(|(_, column)| column.of_type).collect();
    let indexes = migrations().iter().flat_map(Migration::indexes);
    let indexes: Vec<_> = indexes.filter(|index| index.relation == relation).collect();
    let index_names: Vec<_> = indexes.iter().map(|index| index.name).collect();
    let leading: Vec<_> = indexes.iter().map(|index| index.column).collect();
    let partial: Vec<_> = indexes.iter().map(|index| index.is_partial).collect();
    let conditional = indexes.iter().map(|index| index.condition.is_some());
    let conditional: Vec<_> = conditional.collect();
    let settings = migrations().iter().flat_map(Migration::settings);
    let settings = settings.filter(|settings| settings.relation == relation);
    let settings = settings.flat_map(|settings| settings.list);
    let setting_names: Vec<_> = settings.map(|(name, _)| *name).collect();

    let rows = client
        .query_typed(
            include_str!("sql/catalogue.sql"),
            &[
                (&relation.quoted(table), Type::TEXT),
                (&column_names, NAMES),
                (&types, NAMES),
                (&index_names, NAMES),
                (&leading, NAMES),
                (&partial, Type::BOOL_ARRAY),
                (&conditional, Type::BOOL_ARRAY),
                (&setting_names, NAMES),
            ],
        )
        .await?;
    // The statement has no WHERE at its top, so it answers with one row.
    let row = rows.first().ok_or_else(MigrateError::no_answer)?;
    let missing_columns: Vec<String> = row.try_get(1)?;
    Ok(FoundTable {
        exists: row.try_get(0)?,
        missing_columns: missing_columns
            .into_iter()
            .map(|name| (relation, name))
            .collect(),
        missing_indexes: row.try_get(2)?,
        missing_settings: row.try_get(3)?,
        is_partitioned: row.try_get(4)?,
    })
}

impl FoundTable {
    pub(super) fn is_complete(&self) -> bool {
        self.has_all_columns() && self.missing_indexes.is_empty()
    }

    pub(super) fn has_all_columns(&self) -> bool {
        self.exists && self.missing_columns.is_empty()
    }

    /// The migrations that have a missing column.
    pub(super) fn without_columns(&self) -> impl Iterator<Item = &'static Migration> {
        migrations().iter().filter(|migration| {
            let mut columns = migration.columns();
            columns.any(|(relation, column)| self.lacks_column(relation, column.name))
        })
    }

    fn lacks_column(&self, relation: Relation, name: &str) -> bool {
        let mut missing = self.missing_columns.iter();
        missing.any(|(of, column)| *of == relation && column == name)
    }

    /// The missing indexes, with the migration of each.
    pub(super) fn without_indexes(&self) -> Vec<(&'static Migration, NewIndex)> {
        let all = migrations()
            .iter()
            .flat_map(|migration| migration.indexes().map(move |index| (migration, index)));
        all.filter(|(_, index)| self.lacks(index)).collect()
    }

    pub(super) fn lacks(&self, index: &NewIndex) -> bool {
        self.missing_indexes.iter().any(|name| name == index.name)
    }

    /// The statements that make the settings which the table does not have.
    pub(super) fn set(&self) -> impl Iterator<Item = String> {
        let is_missing = |name: &str| self.missing_settings.iter().any(|missing| missing == name);
        let all = migrations().iter().flat_map(Migration::settings);
        all.filter_map(move |settings| settings.statement(is_missing))
    }

    /// The numbers of the migrations of which a part is missing.
    pub(super) fn numbers(&self) -> Vec<u32> {
        if !self.exists {
            return migrations().iter().map(Migration::number).collect();
        }
        let columns = self.without_columns().map(Migration::number);
        let indexes = self.without_indexes().into_iter();
        let indexes = indexes.map(|(migration, _)| migration.number());
        let all: BTreeSet<_> = columns.chain(indexes).collect();
        all.into_iter().collect()
    }

    /// The missing parts as SQL to run by hand. For a table that exists it cannot run in one
    /// transaction, because the indexes are built while others write.
    pub(super) fn sql(&self, table: &TableName) -> String {
        let texts: Vec<_> = if self.exists {
            let migrations = self.without_columns();
            let alter = migrations.flat_map(Migration::table_statements);
            let indexes = self.without_indexes().into_iter();
            let create = indexes.map(|(_, index)| self.by_hand(&index));
            let set = self.set().filter(|_| !self.has_all_columns());
            let all = alter.map(str::to_owned).chain(set).chain(create);
            all.map(|text| format!("{};\n", table.put_into(&text)))
                .collect()
        } else {
            let all = migrations().iter();
            all.map(|migration| migration.sql_for(table)).collect()
        };
        texts.join("\n")
    }

    /// The statement that makes an index. PostgreSQL makes that of a partitioned table at once or, as
    /// `index_build.rs` does, part by part.
    fn by_hand(&self, index: &NewIndex) -> String {
        match self.is_partitioned && index.relation == Relation::Sessions {
            true => format!("{HOLDS_UP}{}", index.at_once()),
            false => index.concurrently(),
        }
    }

    /// Refuses a table in which a column is missing or has another type. To be called after the
    /// columns were added.
    pub(super) fn refuse_if_columns_are_missing(
        &self,
        table: &TableName,
    ) -> Result<(), MigrateError> {
        if self.has_all_columns() {
            return Ok(());
        }
        let names = self
            .missing_columns
            .iter()
            .map(|(relation, name)| match relation {
                Relation::Sessions => name.clone(),
                Relation::EarlierIds => format!("{name} (of {table}_ids)"),
            });
        let columns = names.collect::<Vec<_>>().join(", ");
        Err(MigrateError::unfit(format!(
            "the table {table} lacks these columns or has them with another type: {columns}"
        )))
    }

    /// Refuses a table in which an index is missing. To be called after it was made.
    pub(super) fn refuse_without(
        &self,
        index: &NewIndex,
        table: &TableName,
    ) -> Result<(), MigrateError> {
        if self.lacks(index) {
            let column = index.column;
            return Err(MigrateError::unfit(format!(
                "the table {table} has no index on {column}, and the name for it is taken by another one"
            )));
        }
        Ok(())
    }
}
