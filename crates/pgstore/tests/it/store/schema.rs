//! `migrations/schema.sql`: what all migrations together make, as SQL that can be run.

use std::path::PathBuf;

use crate::support::database::Database;
use crate::support::{apply, trial_on_both_servers};

/// Reads the catalogue as statements, in a fixed order.
const DUMP: &str = "
SELECT format(E'CREATE SEQUENCE %I;\n', c.relname), 1, c.relname
  FROM pg_class AS c WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'S'
UNION ALL
SELECT format(E'CREATE TABLE %I (\n%s\n)%s;\n', c.relname,
       string_agg(format('    %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                  || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
                  || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
                  E',\n' ORDER BY a.attnum),
       ' WITH (' || array_to_string(c.reloptions, ', ') || ')'), 2, c.relname
  FROM pg_class AS c
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' GROUP BY c.oid, c.relname
UNION ALL
SELECT format(E'ALTER SEQUENCE %s OWNED BY %I.%I;\n', d.objid::regclass, c.relname, a.attname),
       3, c.relname
  FROM pg_depend AS d
  JOIN pg_class AS c ON c.oid = d.refobjid
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
 WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'a' AND c.relkind = 'r'
   AND d.objid IN (SELECT oid FROM pg_class WHERE relkind = 'S')
   AND c.relnamespace = $1::regnamespace
UNION ALL
SELECT format(E'ALTER TABLE %s ADD CONSTRAINT %I %s;\n', conrelid::regclass, conname,
              pg_get_constraintdef(oid)), 4, conname
  FROM pg_constraint WHERE connamespace = $1::regnamespace AND contype <> 'n'
UNION ALL
SELECT pg_get_indexdef(i.indexrelid) || E';\n', 5, c.relname
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE c.relnamespace = $1::regnamespace AND NOT i.indisprimary
 ORDER BY 2, 3";

const HEADING: &str = "\
-- What all migrations together make, for reading. PgStore::migrate runs the migrations, not this
-- file. The test that compares it with the catalogue writes it (PGSTORE_BLESS=1).
";

async fn dump(database: &Database) -> String {
    let sql = DUMP.replace("$1", &format!("'{}'", database.schema()));
    let rows = database.client().await.query(&sql, &[]).await.unwrap();
    let texts = rows.iter().map(|row| row.get::<_, String>(0));
    let text = [HEADING.to_owned()].into_iter().chain(texts);
    let text = text.collect::<Vec<_>>().join("\n");
    text.replace(&format!("{}.", database.schema()), "")
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations/schema.sql")
}

#[apply(trial_on_both_servers)]
async fn the_migrations_make_what_stands_in_schema_sql() {
    let database = Database::fresh().await;
    database.store().await;
    let made = dump(&database).await;
    if std::env::var_os("PGSTORE_BLESS").is_some() {
        std::fs::write(file(), &made).unwrap();
    }
    let expected = std::fs::read_to_string(file()).expect("PGSTORE_BLESS=1 writes it");
    assert_eq!(made, expected, "PGSTORE_BLESS=1 writes it anew");
}

#[apply(trial_on_both_servers)]
async fn schema_sql_runs_and_makes_the_same() {
    let database = Database::fresh().await;
    let golden = std::fs::read_to_string(file()).unwrap();
    let client = database.client().await;
    client.batch_execute(&golden).await.unwrap();
    assert_eq!(dump(&database).await, golden);
    let store = pgstore::PgStore::connect(&database.url()).await;
    assert!(store.unwrap().migrate().await.unwrap().applied.is_empty());
}
