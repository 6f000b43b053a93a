//! What is there of the table, read from the catalogue, and what that leaves to do.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::migrate_error::MigrateError;
use super::migrations::{Index, Migration, migrations};
use super::table::TableName;

/// What the catalogue has of the table.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) has_table: bool,
    missing_columns: Vec<String>,
    missing_indexes: Vec<String>,
}

/// Looks at the table as it is for whoever asks, without locking anything.
pub(super) async fn look(
    client: &impl GenericClient,
    table: &TableName,
) -> Result<Found, MigrateError> {
    const NAMES: Type = Type::TEXT_ARRAY;
    let columns: Vec<_> = migrations().iter().flat_map(Migration::columns).collect();
    let column_names: Vec<_> = columns.iter().map(|column| column.name).collect();
    let types: Vec<_> = columns.iter().map(|column| column.of_type).collect();
    let indexes: Vec<_> = migrations().iter().flat_map(Migration::indexes).collect();
    let index_names: Vec<_> = indexes.iter().map(|index| &index.name).collect();
    let leading: Vec<_> = indexes.iter().map(|index| &index.column).collect();
    let partial: Vec<_> = indexes.iter().map(|index| index.is_partial).collect();

    let rows = client
        .query_typed(
            include_str!("sql/catalogue.sql"),
            &[
                (&table.quoted(), Type::TEXT),
                (&column_names, NAMES),
                (&types, NAMES),
                (&index_names, NAMES),
                (&leading, NAMES),
                (&partial, Type::BOOL_ARRAY),
            ],
        )
        .await?;
    // The statement has no WHERE at its top: it answers with one row.
    let row = rows.first().ok_or_else(MigrateError::no_answer)?;
    Ok(Found {
        has_table: row.try_get(0)?,
        missing_columns: row.try_get(1)?,
        missing_indexes: row.try_get(2)?,
    })
}

impl Found {
    pub(super) fn is_complete(&self) -> bool {
        self.has_all_columns() && self.missing_indexes.is_empty()
    }

    pub(super) fn has_all_columns(&self) -> bool {
        self.has_table && self.missing_columns.is_empty()
    }

    /// The migrations whose columns are not there.
    pub(super) fn without_columns(&self) -> impl Iterator<Item = &'static Migration> {
        migrations().iter().filter(|migration| {
            let is_missing = |name: &str| self.missing_columns.iter().any(|one| one == name);
            let mut columns = migration.columns().iter();
            !self.has_table || columns.any(|column| is_missing(column.name))
        })
    }

    /// The indexes that are not there, with the migration of each.
    pub(super) fn without_indexes(&self) -> Vec<(&'static Migration, Index)> {
        let all = migrations()
            .iter()
            .flat_map(|migration| migration.indexes().map(move |index| (migration, index)));
        all.filter(|(_, index)| self.lacks(index)).collect()
    }

    pub(super) fn lacks(&self, index: &Index) -> bool {
        self.missing_indexes.contains(&index.name)
    }

    /// What is left to do, as SQL to run by hand: not in one transaction when there are sessions
    /// already, since indexes are then made beside the writers.
    pub(super) fn sql(&self, table: &TableName) -> String {
        let texts: Vec<_> = if self.has_table {
            let alter = self
                .without_columns()
                .flat_map(|one| one.table_statements());
            let indexes = self.without_indexes().into_iter();
            let create = indexes.filter_map(|(migration, index)| migration.concurrently(&index));
            let all = alter.chain(create);
            all.map(|text| format!("{};\n", table.put_into(&text)))
                .collect()
        } else {
            let all = migrations().iter();
            all.map(|migration| migration.sql_for(table)).collect()
        };
        texts.join("\n")
    }

    /// A table without the columns of the first migration is not ours to alter.
    pub(super) fn refuse_if_unfit(&self, table: &TableName) -> Result<(), MigrateError> {
        let is_unfit = self.without_columns().any(|one| one.number() == 1);
        match self.has_table && is_unfit {
            true => self.refuse_if_columns_are_missing(table),
            false => Ok(()),
        }
    }

    /// After the columns were added: one may be there with another type.
    pub(super) fn refuse_if_columns_are_missing(
        &self,
        table: &TableName,
    ) -> Result<(), MigrateError> {
        if self.has_all_columns() {
            return Ok(());
        }
        let columns = self.missing_columns.join(", ");
        Err(MigrateError::unfit(format!(
            "{table} has no column, or one of another type, called {columns}"
        )))
    }

    /// After an index was made.
    pub(super) fn refuse_without(
        &self,
        index: &Index,
        table: &TableName,
    ) -> Result<(), MigrateError> {
        if self.lacks(index) {
            let column = &index.column;
            return Err(MigrateError::unfit(format!(
                "{table} has no index on {column}, and the index's name is taken"
            )));
        }
        Ok(())
    }
}
