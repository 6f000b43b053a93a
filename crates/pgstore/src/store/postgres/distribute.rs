//! Distributes the tables over the workers of a Citus cluster.
//!
//! All of it is one transaction, and what is unfit is said before the first change.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, GenericClient, IsolationLevel};

use super::distribution::has_citus;
use super::fitness::shape;
use super::migrate_error::MigrateError;
use super::migrate_step::{Progress, lock};
use super::migration_step::{Relation, without_heading};
use super::table_name::TableName;

/// How the tables are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// Both are distributed by key.
    ByKey,
    /// At least one of them is not.
    Elsewhere,
}

/// What the catalogue says of one table's distribution.
#[derive(Debug, PartialEq, Eq)]
enum DistributedBy {
    /// An ordinary table, or none.
    Ordinary,
    /// Distributed by this column.
    Column(String),
    /// Known to Citus, and not distributed.
    Known,
}

/// Something that a table has, such as a foreign key: its kind and its name.
type Constraint = (String, String);

const PRIMARY_KEY: &str = "primary key";
const PRIMARY_KEY_WITH_KEY: &str = "primary key with key";

/// Says how the tables are placed.
pub(super) async fn placed(
    client: &impl GenericClient,
    table: &TableName,
) -> Result<Placed, MigrateError> {
    if !has_citus(client).await? {
        return Ok(Placed::Elsewhere);
    }
    for relation in [Relation::Sessions, Relation::EarlierIds] {
        if distributed_by(client, relation, table).await? != DistributedBy::Column("key".to_owned())
        {
            return Ok(Placed::Elsewhere);
        }
    }
    Ok(Placed::ByKey)
}

/// Says how the tables are placed, or what keeps them from being distributed by key.
pub(super) async fn look_at_placement(
    client: &impl GenericClient,
    table: &TableName,
) -> Result<Placed, MigrateError> {
    if !has_citus(client).await? {
        return Err(MigrateError::unfit(
            "the database does not have Citus, so its tables cannot be distributed; to mend it, have a \
             superuser run CREATE EXTENSION citus on each server of the cluster, or migrate without \
             distributing"
                .to_owned(),
        ));
    }
    let mut all = Vec::new();
    let mut findings = Vec::new();
    for relation in [Relation::Sessions, Relation::EarlierIds] {
        let found = distributed_by(client, relation, table).await?;
        match &found {
            DistributedBy::Ordinary => findings.extend(obstacles(client, relation, table).await?),
            DistributedBy::Column(column) if column == "key" => {}
            DistributedBy::Column(column) => findings.push(format!(
                "{} is distributed by {column}; to mend it: SELECT undistribute_table('{}')",
                name(relation, table),
                relation.quoted(table),
            )),
            DistributedBy::Known => findings.push(format!(
                "{} is on every server or on one, and not distributed; to mend it: SELECT \
                 undistribute_table('{}')",
                name(relation, table),
                relation.quoted(table),
            )),
        }
        all.push(found);
    }
    match findings.is_empty() {
        true if all.contains(&DistributedBy::Ordinary) => Ok(Placed::Elsewhere),
        true => Ok(Placed::ByKey),
        false => Err(MigrateError::unfit(findings.join("; "))),
    }
}

/// Distributes the tables as far as they are not, with their rows.
pub(super) async fn distribute(
    client: &mut Client,
    table: &TableName,
) -> Result<Progress, MigrateError> {
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .start()
        .await?;
    let limit = include_str!("sql/migration_lock_waits.sql");
    transaction.batch_execute(limit).await?;
    let sql = include_str!("sql/lock_in_transaction.sql");
    if !lock(&transaction, sql, table).await? {
        return Ok(Progress::OthersWork);
    }
    if look_at_placement(&transaction, table).await? == Placed::ByKey {
        return Ok(Progress::OthersWork); // Another migrator was first.
    }
    if distributed_by(&transaction, Relation::Sessions, table).await? == DistributedBy::Ordinary {
        let constraints = constraints(&transaction, Relation::Sessions, table).await?;
        for text in sessions_statements(&constraints, table) {
            transaction.batch_execute(&text).await?;
        }
    }
    if distributed_by(&transaction, Relation::EarlierIds, table).await? == DistributedBy::Ordinary {
        for text in IDS_STATEMENTS {
            transaction.batch_execute(&table.put_into(text)).await?;
        }
    }
    transaction.commit().await?;
    Ok(Progress::Made)
}

/// What [`distribute`] does with a table whose primary key has the usual name, as SQL to run by hand.
pub(super) fn sql(table: &TableName) -> String {
    let name = table.put_into("http_sessions_pkey");
    let usual = [(PRIMARY_KEY.to_owned(), name)];
    let sessions = sessions_statements(&usual, table).into_iter();
    let ids = IDS_STATEMENTS.map(|text| table.put_into(without_heading(text)));
    let all = sessions.chain(ids);
    let texts: Vec<_> = all.map(|text| format!("{text};\n")).collect();
    texts.join("\n")
}

const IDS_STATEMENTS: [&str; 2] = [
    include_str!("sql/distribute_ids.sql"),
    include_str!("sql/remove_local_ids.sql"),
];

fn sessions_statements(constraints: &[Constraint], table: &TableName) -> Vec<String> {
    let named = |wanted: &str| constraints.iter().find(|(kind, _)| kind == wanted);
    let text = |sql: &str| table.put_into(without_heading(sql));
    let mut texts = Vec::new();
    if let Some((_, name)) = named(PRIMARY_KEY) {
        let drop = text(include_str!("sql/drop_primary_key.sql"));
        texts.push(drop.replace("primary_key", name));
    }
    if named(PRIMARY_KEY_WITH_KEY).is_none() {
        texts.push(text(include_str!("sql/add_primary_key.sql")));
    }
    texts.push(text(include_str!("sql/distribute.sql")));
    texts.push(text(include_str!("sql/remove_local_rows.sql")));
    texts
}

/// What an ordinary table has that a distributed one cannot have.
async fn obstacles(
    client: &impl GenericClient,
    relation: Relation,
    table: &TableName,
) -> Result<Vec<String>, MigrateError> {
    let mut findings = Vec::new();
    let of = name(relation, table);
    for (kind, name) in constraints(client, relation, table).await? {
        if kind != PRIMARY_KEY && kind != PRIMARY_KEY_WITH_KEY {
            findings.push(format!(
                "{of} has the {kind} {name}, which a table distributed by key cannot have; to mend it, \
                 drop it"
            ));
        }
    }
    if relation == Relation::Sessions
        && let Some(shape) = shape(client, table).await?
    {
        if shape.is_partitioned() {
            findings.push(format!(
                "{of} is partitioned, and distributing takes the place of partitions; to mend it, move \
                 its rows into an ordinary table of that name"
            ));
        }
        if shape.has_column("key") && has_null_key(client, table).await? {
            findings.push(format!(
                "rows of {of} have no key, so no session leads to them; to mend it: DELETE FROM {of} \
                 WHERE key IS NULL"
            ));
        }
    }
    Ok(findings)
}

async fn has_null_key(
    client: &impl GenericClient,
    table: &TableName,
) -> Result<bool, MigrateError> {
    let sql = table.put_into(include_str!("sql/has_null_key.sql"));
    let rows = client.query_typed(&sql, &[]).await?;
    let row = rows.first().ok_or_else(MigrateError::no_answer)?;
    Ok(row.try_get(0)?)
}

async fn distributed_by(
    client: &impl GenericClient,
    relation: Relation,
    table: &TableName,
) -> Result<DistributedBy, MigrateError> {
    let quoted = relation.quoted(table);
    let parameters = [(&quoted as &(dyn ToSql + Sync), Type::TEXT)];
    let sql = include_str!("sql/distributed_by.sql");
    let rows = client.query_typed(sql, &parameters).await?;
    let Some(row) = rows.first() else {
        return Ok(DistributedBy::Ordinary);
    };
    let column: Option<String> = row.try_get(0)?;
    Ok(column.map_or(DistributedBy::Known, DistributedBy::Column))
}

async fn constraints(
    client: &impl GenericClient,
    relation: Relation,
    table: &TableName,
) -> Result<Vec<Constraint>, MigrateError> {
    let quoted = relation.quoted(table);
    let parameters = [(&quoted as &(dyn ToSql + Sync), Type::TEXT)];
    let sql = include_str!("sql/constraints.sql");
    let rows = client.query_typed(sql, &parameters).await?;
    let read = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(read).collect()
}

/// The table's name for messages.
fn name(relation: Relation, table: &TableName) -> String {
    match relation {
        Relation::Sessions => table.to_string(),
        Relation::EarlierIds => format!("{table}_ids"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_key_gets_the_column_by_which_rows_are_distributed() {
        let texts = |kind: &str| {
            let constraints = [(kind.to_owned(), "\"an odd name\"".to_owned())];
            sessions_statements(&constraints, &TableName::default()).join(";")
        };
        let replaced = texts(PRIMARY_KEY);
        assert!(replaced.contains("DROP CONSTRAINT \"an odd name\""));
        assert!(replaced.contains("ADD PRIMARY KEY (key, id)"));
        assert!(!texts(PRIMARY_KEY_WITH_KEY).contains("PRIMARY KEY"));
        let added = texts("none");
        assert!(added.contains("ADD PRIMARY KEY (key, id)") && !added.contains("DROP"));
    }

    #[test]
    fn the_sql_to_run_by_hand_names_the_table() {
        let sql = sql(&TableName::parse("web.visits").unwrap());
        assert!(!sql.contains("http_sessions"), "{sql}");
        assert!(sql.contains("DROP CONSTRAINT \"visits_pkey\""), "{sql}");
        assert!(
            sql.contains("create_distributed_table('\"web\".\"visits\"', 'key')"),
            "{sql}"
        );
    }
}
