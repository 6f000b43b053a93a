//! The order of the checks. One that found something may leave the later ones without a ground.

use pgstore::{MigrateErrorKind, PgStore, Store as _};
use tokio_postgres::types::Type;

use super::checks::{
    CheckName, OF_A_SAMPLE, OF_ITS_ROWS, OF_THE_SERVER, OF_THE_TABLE, SqlCheck, TABLE,
};
use super::connection;
use super::finding::Report;
use crate::database::{DEADLINE, Database};
use crate::failure::Failure;
use crate::table_client::{Parameters, TableClient};

pub(super) async fn all(database: &Database, report: &mut Report) -> Result<(), Failure> {
    report.begins(CheckName::Connection);
    let client = match database.client().await {
        Ok(client) => client,
        Err(failure @ Failure::Connect(_)) => {
            let mend = "psql must connect with the same DATABASE_URL or PG* variables";
            report.add(CheckName::Connection, &failure.one_line(), mend);
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    for check in OF_THE_SERVER {
        ask(&client, *check, &[], report).await?;
    }
    connection::examine(&client, report).await?;
    ask(&client, TABLE, &[], report).await?;
    if report.has_found(CheckName::Table) {
        return Ok(());
    }
    let store = database.store(DEADLINE).await?;
    let examined = table(database, &client, &store, report).await;
    store.close().await;
    examined
}

async fn table(
    database: &Database,
    client: &TableClient,
    store: &PgStore,
    report: &mut Report,
) -> Result<(), Failure> {
    migrations(database, store, report).await?;
    if report.has_found(CheckName::Shape) {
        return Ok(());
    }
    for check in OF_THE_TABLE {
        ask(client, *check, &[], report).await?;
    }
    if report.has_found(CheckName::Rights) || report.has_found(CheckName::Migrations) {
        return Ok(());
    }
    for check in OF_ITS_ROWS {
        ask(client, *check, &[], report).await?;
    }
    let sql = include_str!("../sql/doctor/pages.sql");
    let pages: i64 = client.row(sql, &[]).await?.try_get(0)?;
    let percent = crate::stats::share(pages);
    ask(client, OF_A_SAMPLE, &[(&percent, Type::FLOAT4)], report).await?;
    probe(store, report).await;
    Ok(())
}

/// Adds a finding for each row of the statement's answer.
async fn ask(
    client: &TableClient,
    (check, sql): SqlCheck,
    parameters: Parameters<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    if !report.begins(check) {
        return Ok(());
    }
    let rows = match client.rows(sql, parameters).await {
        Ok(rows) => rows,
        Err(error) => {
            let problem = format!(
                "it could not be checked: {}",
                Failure::from(error).one_line()
            );
            report.add(check, &problem, "the server's log may say more");
            return Ok(());
        }
    };
    for row in rows {
        let (problem, mend): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        report.add(check, problem, mend);
    }
    Ok(())
}

async fn migrations(
    database: &Database,
    store: &PgStore,
    report: &mut Report,
) -> Result<(), Failure> {
    report.begins(CheckName::Shape);
    report.begins(CheckName::Migrations);
    let table = &database.table;
    match store.missing_migrations().await {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => {
            let missing: Vec<_> = missing.iter().map(u32::to_string).collect();
            let problem = format!(
                "{table} lacks columns or indexes: of migration {}",
                missing.join(" and ")
            );
            let mend = format!("pgstore migrate --table {table}");
            report.add(CheckName::Migrations, &problem, &mend);
        }
        Err(error) if error.kind() == MigrateErrorKind::UnfitTable => {
            let text = error.to_string();
            let (problem, mend) = match text.split_once("; to mend it: ") {
                Some((problem, mend)) => (problem, mend),
                None => (
                    &*text,
                    "choose another name with --table, and run pgstore migrate",
                ),
            };
            report.add(CheckName::Shape, problem, mend);
        }
        Err(error) => return Err(Failure::Migrate(Box::new(error), table.clone())),
    }
    Ok(())
}

/// Tries what no other check has explained.
async fn probe(store: &PgStore, report: &mut Report) {
    let is_explained = [
        CheckName::Standby,
        CheckName::ReadOnly,
        CheckName::RowSecurity,
    ];
    if is_explained.iter().any(|check| report.has_found(*check)) || !report.begins(CheckName::Probe)
    {
        return;
    }
    if let Err(error) = store.probe().await {
        let problem = Failure::Store(error).one_line();
        let mend = "look at the table's triggers, rules, constraints and sequence (\\d in psql)";
        report.add(CheckName::Probe, &problem, mend);
    }
}
