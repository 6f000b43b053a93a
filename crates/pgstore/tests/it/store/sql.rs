//! The statements' files: valid as they stand, and planned over the indexes.

use std::path::Path;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::support::database::Database;
use crate::support::secrets::Told;
use crate::support::{apply, trial, trial_on_both_servers};

fn statements() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/postgres/sql");
    let files = std::fs::read_dir(folder).unwrap();
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.map(read).collect()
}

fn statement(wanted: &str) -> String {
    let mut all = statements().into_iter();
    all.find(|(name, _)| name == wanted)
        .expect("there is such a file")
        .1
}

#[apply(trial_on_both_servers)]
async fn every_statement_is_valid_as_it_stands() {
    let database = Database::fresh().await;
    database.store().await;
    let client = database.client().await;
    let statements = statements();
    assert_eq!(statements.len(), 64);
    for (name, sql) in statements {
        let outcome = client.prepare(&sql).await.map(|_| ()).told();
        match outcome {
            Ok(()) => assert!(!OF_CITUS.contains(&&*name) || has_citus(&client).await),
            Err(error) => {
                let names_nothing = [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_FUNCTION];
                let is_missing = error.code().is_some_and(|it| names_nothing.contains(it));
                assert!(is_missing, "{name}.sql: {error:?}");
                assert!(OF_CITUS.contains(&&*name), "{name}.sql: {error:?}");
                assert!(!has_citus(&client).await, "{name}.sql: {error:?}");
            }
        }
    }
}

/// The statements that only a server with Citus knows.
const OF_CITUS: [&str; 6] = [
    "distribute",
    "distribute_ids",
    "distributed_by",
    "distribution",
    "remove_local_ids",
    "remove_local_rows",
];

async fn has_citus(client: &Client) -> bool {
    let answer = client.query_one(&statement("has_citus"), &[]).await;
    answer.unwrap().get(0)
}

/// A database that is not in UTF-8 may refuse a character even in a comment.
#[apply(trial)]
fn every_statement_is_ascii() {
    let migrations = pgstore::store::migrations().iter();
    let migrations = migrations.map(|one| (one.name().to_owned(), one.sql()));
    for (name, sql) in statements().into_iter().chain(migrations) {
        assert!(sql.is_ascii(), "{name}.sql");
    }
}

#[apply(trial_on_both_servers)]
async fn no_statement_about_sessions_reads_the_clock_of_the_database() {
    for (name, sql) in statements() {
        if name == "server_time" {
            continue; // That is what it is for.
        }
        let sql = sql.to_lowercase();
        for clock in ["now()", "current_timestamp", "clock_timestamp", "localtime"] {
            assert!(!sql.contains(clock), "{name}.sql reads {clock}");
        }
    }
}

#[apply(trial_on_both_servers)]
async fn what_requests_wait_for_goes_by_the_indexes() {
    let database = Database::fresh().await;
    database.store().await;
    let client = database.client().await;
    let fill = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on,
                                           owner, handle)
        SELECT convert_to(n::text, 'UTF8'), 'x', to_timestamp(n), to_timestamp(n), to_timestamp(n + 9),
               n / 5, n
          FROM generate_series(1, 20000) AS n;
        INSERT INTO http_sessions_ids (key, session_id, until)
        SELECT convert_to((-id)::text, 'UTF8'), id, to_timestamp(id) FROM http_sessions;
        ANALYZE http_sessions; ANALYZE http_sessions_ids";
    client.batch_execute(fill).await.unwrap();

    for (name, types, values, index) in [
        ("load", "(bytea)", "('500')", "key_idx"),
        ("load_all", "(bytea[])", "('{500}')", "key_idx"),
        ("earlier_ids", "(bytea[])", "('{-500}')", "ids_pkey"),
        (
            "confirm",
            "(bytea, timestamptz, timestamptz)",
            "('500', to_timestamp(0), to_timestamp(0))",
            "ids_session_idx",
        ),
        (
            "find",
            "(text, timestamptz)",
            "('500', to_timestamp(0))",
            "handle_idx",
        ),
        (
            "owned",
            "(text, timestamptz, bigint)",
            "('500', to_timestamp(0), 100000)",
            "owner_idx",
        ),
        (
            "revoke",
            "(text, bool, text, bytea, text, bigint)",
            "('7', true, NULL, '500', NULL, 0)",
            "owner_idx",
        ),
        ("delete_all", "(bytea[])", "('{500}')", "key_idx"),
        (
            "update_all",
            "(bytea[], timestamptz[], bytea[], timestamptz[], timestamptz[], timestamptz[], bigint[],
              timestamptz[], bigint[], text[], text[], text[])",
            "('{500}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            "key_idx",
        ),
        (
            "delete_version",
            "(bytea, timestamptz)",
            "('500', to_timestamp(0))",
            "key_idx",
        ),
        (
            "overwrite",
            "(bytea, bytea, timestamptz, timestamptz, timestamptz, bigint, timestamptz, bigint, text, \
             text, text)",
            "('500', 'y', now(), now(), now(), 1, now(), 1, NULL, NULL, NULL)",
            "key_idx",
        ),
        (
            "overwrite_all",
            "(bytea[], bytea[], timestamptz[], timestamptz[], timestamptz[], bigint[], timestamptz[], \
             bigint[], text[], text[], text[])",
            "('{500}', '{y}', ARRAY[now()], ARRAY[now()], ARRAY[now()], '{1}', ARRAY[now()], '{1}', \
             '{NULL}', '{NULL}', '{NULL}')",
            "key_idx",
        ),
    ] {
        let plan = explain(&client, &statement(name), types, values).await;
        assert!(plan.contains(&format!("http_sessions_{index}")), "{plan}");
        assert!(!plan.contains("Seq Scan on http_sessions"), "{plan}");
    }
    let types = "(timestamptz, timestamptz, timestamptz, bigint, bigint)";
    let values = "(to_timestamp(9000), to_timestamp(0), to_timestamp(5), 0, 100)";
    let sweep = explain(&client, &statement("sweep"), types, values).await;
    assert!(sweep.contains("http_sessions_expiry_idx"), "{sweep}");
    assert!(sweep.contains("http_sessions_pkey"), "{sweep}");
    assert!(!sweep.contains("Seq Scan on http_sessions"), "{sweep}");
    let (types, values) = ("(timestamptz, bigint)", "(to_timestamp(9), 100)");
    let sweep = explain(&client, &statement("sweep_ids"), types, values).await;
    assert!(sweep.contains("http_sessions_ids_until_idx"), "{sweep}");
    assert!(!sweep.contains("Seq Scan on http_sessions"), "{sweep}");
}

/// The generic plan, which is what a prepared statement comes to have.
async fn explain(client: &Client, sql: &str, types: &str, values: &str) -> String {
    let script = format!(
        "SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE it {types} AS {sql}"
    );
    client.batch_execute(&script).await.unwrap();
    let explain = format!("EXPLAIN EXECUTE it {values}");
    let lines = client.simple_query(&explain).await.unwrap();
    let text = |line: &_| match line {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    lines.iter().filter_map(text).collect::<Vec<_>>().join("\n")
}
