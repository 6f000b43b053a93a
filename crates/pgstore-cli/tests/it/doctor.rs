//! `doctor`: a finding for each thing that is wrong, and mends that mend.

use std::fs;
use std::sync::OnceLock;

use pgstore_embedded::EmbeddedPostgres;
use serde_json::Value;

use crate::support::bouncer::PgBouncer;
use crate::support::registry::Missing;
use crate::support::schema::{Schema, with_client};
use crate::support::{Ran, apply, command, ran, run, trial};

/// A server on which nothing is wrong: durable, and it logs nothing.
fn healthy() -> &'static EmbeddedPostgres {
    static SERVER: OnceLock<EmbeddedPostgres> = OnceLock::new();
    SERVER.get_or_init(|| EmbeddedPostgres::builder().durable().start().unwrap())
}

fn migrated(test: &str) -> Schema {
    let schema = Schema::on(healthy().url(), test);
    assert_eq!(schema.run(&["migrate"]).code, 0);
    schema
}

/// What was found: the names of the checks, the problems and the mends.
struct Found(Vec<[String; 3]>);

impl Found {
    fn of(ran: &Ran) -> Self {
        assert_eq!(ran.stderr, "", "{ran:?}");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        let found: Vec<_> = findings
            .iter()
            .map(|one| [text(one, "check"), text(one, "problem"), text(one, "mend")])
            .collect();
        assert_eq!(ran.code, i32::from(!found.is_empty()), "{ran:?}");
        Self(found)
    }

    /// The one finding's problem and mend.
    fn only(&self, check: &str) -> (&str, &str) {
        assert_eq!(self.checks(), [check], "{:?}", self.0);
        (&self.0[0][1], &self.0[0][2])
    }

    fn checks(&self) -> Vec<&str> {
        self.0.iter().map(|finding| finding[0].as_str()).collect()
    }
}

fn doctor(schema: &Schema) -> Found {
    Found::of(&schema.run(&["doctor", "--json"]))
}

fn doctor_at(schema: &Schema, url: &str) -> Found {
    Found::of(&schema.run_at(url, &["doctor", "--json"]))
}

/// Runs the mend of the only finding as a superuser, and then nothing is found.
fn is_mended_by_its_mend(schema: &Schema, url: &str, check: &str) {
    let found = doctor_at(schema, url);
    let (_, mend) = found.only(check);
    schema.execute(mend);
    assert_eq!(doctor_at(schema, url).checks(), [""; 0], "after {mend}");
}

/// A role of the test's own, and a URL with which it connects.
fn role(schema: &Schema) -> (String, String) {
    let role = format!("{}_role", schema.name);
    schema.execute(&format!("CREATE ROLE {role} LOGIN"));
    let url = healthy().url().replace("postgres@", &format!("{role}@"));
    (role, url)
}

fn let_in(schema: &Schema, role: &str) {
    let name = &schema.name;
    schema.execute(&format!(
        "GRANT USAGE ON SCHEMA {name} TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO {role}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {name} TO {role}"
    ));
}

#[apply(trial)]
fn doctor_finds_nothing_where_nothing_is_wrong() {
    let schema = migrated("doctor_healthy");
    assert_eq!(doctor(&schema).checks(), [""; 0]);
    let (role, url) = role(&schema);
    let_in(&schema, &role);
    assert_eq!(doctor_at(&schema, &url).checks(), [""; 0]);
    let page = schema.run(&["doctor"]);
    let expected = format!("{}: 0 findings in 23 checks\n", schema.table());
    assert_eq!((page.code, page.stdout), (0, expected));
    assert_eq!(schema.count("true"), 0, "the probe leaves nothing");
}

#[apply(trial)]
fn a_table_a_schema_and_columns_that_are_missing_are_a_finding_each() {
    let schema = Schema::on(healthy().url(), "doctor_missing");
    let table = schema.table();
    let found = doctor(&schema);
    let (problem, mend) = found.only("table");
    assert!(
        problem.contains(&format!("there is no table {table}")),
        "{problem}"
    );
    assert_eq!(mend, format!("pgstore migrate --table {table}"));

    let nowhere = Found::of(&at(healthy().url(), &["--table", "nowhere.sessions"]));
    let (_, mend) = nowhere.only("table");
    schema.execute(&mend.replace("nowhere", &format!("{}_other", schema.name)));
    schema.execute(&format!("DROP SCHEMA {}_other", schema.name));

    schema.execute(&format!(
        "CREATE TABLE {table} (id bigserial PRIMARY KEY, key bytea, data bytea, created_on timestamptz \
         DEFAULT now(), modified_on timestamptz, expires_on timestamptz)"
    ));
    let found = doctor(&schema);
    assert_eq!(
        found.checks(),
        ["migrations", "storage", "storage"],
        "Go's table"
    );
    assert_eq!(found.0[0][2], format!("pgstore migrate --table {table}"));
    assert_eq!(schema.run(&["migrate"]).code, 0);
    assert_eq!(doctor(&schema).checks(), [""; 0]);
}

fn at(url: &str, arguments: &[&str]) -> Ran {
    let mut command = command(&[&["doctor", "--json"], arguments].concat());
    command.env("DATABASE_URL", url);
    ran(command)
}

#[apply(trial)]
fn a_table_of_another_kind_is_one_finding() {
    let schema = Schema::on(healthy().url(), "doctor_unfit");
    let table = schema.table();
    schema.execute(&format!(
        "CREATE TABLE {table} (id uuid PRIMARY KEY, name text NOT NULL)"
    ));
    let found = doctor(&schema);
    let (problem, _) = found.only("shape");
    assert!(problem.contains("cannot be used for sessions"), "{problem}");

    schema.execute(&format!(
        "DROP TABLE {table}; CREATE VIEW {table} AS SELECT 1 AS id"
    ));
    let found = doctor(&schema);
    assert!(found.only("table").0.ends_with("is a view, not a table"));

    schema.execute(&format!(
        "DROP VIEW {table}; CREATE TABLE {table} (id bigserial PRIMARY KEY, key text, data bytea, \
         created_on timestamptz, modified_on timestamptz, expires_on timestamptz)"
    ));
    let found = doctor(&schema);
    schema.execute(found.only("shape").1);
    assert_eq!(doctor(&schema).checks()[0], "migrations");
}

#[apply(trial)]
fn a_standby_is_one_finding() {
    let mut server = EmbeddedPostgres::builder().durable().start().unwrap();
    let schema = Schema::on(server.url(), "doctor_standby");
    assert_eq!(schema.run(&["migrate"]).code, 0);
    server.shut_down().unwrap();
    fs::write(server.folder().join("data/standby.signal"), "").unwrap();
    server.restart().unwrap();
    let found = doctor(&schema);
    let (_, mend) = found.only("standby");
    assert!(mend.contains("target_session_attrs=read-write"));
}

#[apply(trial)]
fn each_right_that_is_missing_is_named_with_its_grant() {
    let schema = migrated("doctor_rights");
    let (role, url) = role(&schema);
    is_mended_in_part(&schema, &url, "table");
    let found = doctor_at(&schema, &url);
    assert_eq!(
        found.checks(),
        ["rights"; 3],
        "table, earlier IDs, sequence"
    );
    for [_, problem, mend] in &found.0 {
        assert!(problem.contains(&role), "{problem}");
        schema.execute(mend);
    }
    assert_eq!(doctor_at(&schema, &url).checks(), [""; 0]);
    schema.execute(&format!("REVOKE DELETE ON {} FROM {role}", schema.table()));
    is_mended_by_its_mend(&schema, &url, "rights");
}

/// Runs the mend; others may be found after it.
fn is_mended_in_part(schema: &Schema, url: &str, check: &str) {
    let found = doctor_at(schema, url);
    schema.execute(found.only(check).1);
    assert!(!doctor_at(schema, url).checks().contains(&check));
}

#[apply(trial)]
fn row_level_security_is_found_and_mended() {
    let schema = migrated("doctor_security");
    let (role, url) = role(&schema);
    let_in(&schema, &role);
    let table = schema.table();
    schema.execute(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
    let found = doctor_at(&schema, &url);
    let (_, mend) = found.only("row-security");
    let (policy, disabling) = mend.split_once("; or ").unwrap();
    schema.execute(policy);
    assert_eq!(doctor_at(&schema, &url).checks(), [""; 0]);
    schema.execute(&format!("DROP POLICY pgstore ON {table}"));
    assert_eq!(doctor_at(&schema, &url).checks(), ["row-security"]);
    schema.execute(disabling);
    assert_eq!(doctor_at(&schema, &url).checks(), [""; 0]);
}

#[apply(trial)]
fn settings_of_the_role_are_found_and_mended() {
    let schema = migrated("doctor_settings");
    let (role, url) = role(&schema);
    let_in(&schema, &role);
    for (setting, check) in [
        ("default_transaction_read_only = on", "read-only"),
        ("statement_timeout = '300ms'", "timeouts"),
        ("idle_session_timeout = '5s'", "timeouts"),
        ("synchronous_commit = off", "durability"),
    ] {
        schema.execute(&format!("ALTER ROLE {role} SET {setting}"));
        is_mended_by_its_mend(&schema, &url, check);
    }
    schema.execute(&format!(
        "ALTER ROLE {role} SET log_min_duration_statement = 0"
    ));
    let found = doctor_at(&schema, &url);
    let (_, mend) = found.only("logging");
    schema.execute(mend.strip_prefix("as a superuser: ").unwrap());
    assert_eq!(doctor_at(&schema, &url).checks(), [""; 0]);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[apply(trial)]
fn a_server_that_forgets_and_never_vacuums_is_found() {
    // The server of the other tests keeps nothing through a crash.
    let off = [("autovacuum", "off")];
    let server = EmbeddedPostgres::with_settings(&off).unwrap();
    let schema = Schema::on(server.url(), "doctor_server");
    assert_eq!(schema.run(&["migrate"]).code, 0);
    let found = doctor(&schema);
    assert_eq!(
        found.checks(),
        ["durability", "durability", "durability", "autovacuum"]
    );
}

#[apply(trial)]
fn another_encoding_than_utf8_is_a_finding() {
    let schema = migrated("doctor_encoding");
    let name = format!("{}_latin", schema.name);
    schema.execute(&format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0"
    ));
    let url = healthy().url().replace("/postgres?", &format!("/{name}?"));
    let latin = Schema::on(&url, "doctor_latin");
    assert_eq!(latin.run(&["migrate"]).code, 0);
    let found = doctor(&latin);
    assert!(found.only("encoding").0.contains("LATIN1"));
}

#[apply(trial)]
fn the_tables_storage_and_indexes_are_found_and_mended() {
    let schema = migrated("doctor_storage");
    let (table, url) = (schema.table(), healthy().url());
    for change in [
        "SET (fillfactor = 100)",
        "SET (autovacuum_enabled = false)",
        "SET (autovacuum_vacuum_scale_factor = 0.5)",
        "SET UNLOGGED",
    ] {
        schema.execute(&format!("ALTER TABLE {table} {change}"));
        is_mended_by_its_mend(&schema, url, "storage");
    }
    schema.execute(&format!("INSERT INTO {table} (key, data, created_on, modified_on, expires_on) \
         SELECT repeat('A', 52)::bytea, '', now(), now() - n * interval '1 second', now() + interval '1 day' \
           FROM generate_series(1, 2) AS n"));
    let unique = format!("CREATE UNIQUE INDEX CONCURRENTLY broken ON {table} (key)");
    let failed = with_client(url, async |client| {
        client.execute(&unique, &[]).await.is_err()
    });
    assert!(failed, "the key is there twice");
    let found = doctor(&schema);
    assert_eq!(found.checks(), ["indexes", "duplicates"]);
    let [dropping, removing] = [0, 1].map(|finding| found.0[finding][2].clone());
    let (_, dropping) = dropping.split_once(": ").unwrap();
    schema.execute(dropping.strip_suffix(", and then pgstore migrate").unwrap());
    let (_, removing) = removing.split_once("now: ").unwrap();
    schema.execute(removing);
    assert_eq!(doctor(&schema).checks(), [""; 0]);
    let newest = "modified_on > now() - interval '10 minutes'";
    assert_eq!((schema.count("true"), schema.count(newest)), (1, 1));
}

#[apply(trial)]
fn foreign_keys_that_hold_sessions_are_found_and_mended() {
    let schema = migrated("doctor_references");
    let (name, table) = (&schema.name, schema.table());
    schema.execute(&format!(
        "CREATE TABLE {name}.carts (id bigint, session bigint REFERENCES {table} (id) ON DELETE RESTRICT)"
    ));
    let found = doctor(&schema);
    assert_eq!(found.checks(), ["references"; 2]);
    for [_, _, mend] in &found.0 {
        schema.execute(mend);
    }
    assert_eq!(doctor(&schema).checks(), [""; 0]);
    schema.execute(&format!(
        "INSERT INTO {table} (key, data, created_on, modified_on, expires_on) \
         VALUES ('x', '', now(), now(), now()); \
         INSERT INTO {name}.carts SELECT 1, id FROM {table}; DELETE FROM {table}"
    ));
}

#[apply(trial)]
fn rows_that_no_sweep_removes_are_found_and_mended() {
    let schema = migrated("doctor_rows");
    let (table, url) = (schema.table(), healthy().url());
    let insert = |key: &str, modified: &str, expires: &str| {
        schema.execute(&format!(
            "INSERT INTO {table} (key, data, created_on, modified_on, expires_on) \
             VALUES (repeat('{key}', 52)::bytea, '', now(), {modified}, {expires})"
        ));
    };
    insert("A", "now()", "now() + interval '1 day'"); // Lives.
    insert("B", "now()", "now()"); // As Go writes a session that ends with the browser.
    assert_eq!(doctor(&schema).checks(), [""; 0]);

    insert("C", "now()", "'epoch'");
    let found = doctor(&schema);
    let (problem, mend) = found.only("expiry");
    assert!(problem.starts_with("1 rows"), "{problem}");
    let mend = mend.strip_prefix("to end these sessions: ").unwrap();
    schema.execute(mend);
    assert_eq!(schema.count("true"), 2);
    insert("D", "NULL", "NULL");
    is_mended_by_its_mend(&schema, url, "expiry");

    insert("E", "now() - interval '2 days'", "now() - interval '1 day'");
    assert!(doctor(&schema).only("sweep").1.contains("pgstore sweep"));
    assert_eq!(schema.run(&["sweep"]).stdout, "removed 1 row\n");
    assert_eq!(doctor(&schema).checks(), [""; 0]);

    schema.execute(&format!(
        "INSERT INTO {table} (key, data, created_on, modified_on, expires_on) \
         VALUES ('short', '', now(), now(), now() + interval '1 day')"
    ));
    assert!(
        doctor(&schema)
            .only("duplicates")
            .0
            .contains("no session ID")
    );
}

#[apply(trial)]
fn what_no_check_explains_is_found_by_trying() {
    let schema = migrated("doctor_probe");
    let (name, table) = (&schema.name, schema.table());
    schema.execute(&format!(
        "CREATE FUNCTION {name}.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
         CREATE TRIGGER no BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}.no()"
    ));
    assert!(doctor(&schema).only("probe").0.contains("trigger"));
}

#[apply(trial)]
fn a_pooler_is_one_finding_and_can_be_ignored() -> Result<(), Missing> {
    let bouncer = PgBouncer::start(healthy().port())?;
    let schema = migrated("doctor_pooler");
    let found = doctor_at(&schema, &bouncer.url());
    assert!(found.only("pooler").1.contains("StatementNames::Auto"));
    let ignored = schema.run_at(&bouncer.url(), &["doctor", "--json", "--ignore", "pooler"]);
    assert_eq!(Found::of(&ignored).checks(), [""; 0]);
    // The other commands work through it.
    for arguments in [
        &["stats"][..],
        &["sessions", "--owner", "anna"],
        &["revoke", "--owner", "anna"],
    ] {
        assert_eq!(
            schema.run_at(&bouncer.url(), arguments).code,
            0,
            "{arguments:?}"
        );
    }
    Ok(())
}

#[apply(trial)]
fn a_server_that_does_not_answer_is_one_finding() {
    let found = Found::of(&at("postgres://app:hunter2@127.0.0.1:1/web", &[]));
    let (problem, _) = found.only("connection");
    assert!(
        problem.contains("127.0.0.1:1") && !problem.contains("hunter2"),
        "{problem}"
    );
}

#[apply(trial)]
fn keys_that_are_too_short_are_findings_without_the_keys() {
    let schema = migrated("doctor_keys");
    let long = "ab".repeat(32);
    let with = |keys: &str| {
        let mut command = command(&["doctor", "--json", "--table", &schema.table()]);
        command
            .env("DATABASE_URL", healthy().url())
            .env("SESSION_KEYS", keys);
        let ran = ran(command);
        assert!(
            !ran.stdout.contains("c0ffee") && !ran.stdout.contains("abab"),
            "{ran:?}"
        );
        Found::of(&ran)
    };
    assert_eq!(with(&long).checks(), [""; 0]);
    assert!(
        with(&format!("{long},,c0ffee"))
            .only("keys")
            .0
            .contains("pair 2 has 3 bytes")
    );
    assert!(
        with(&format!("{long},c0ffee"))
            .only("keys")
            .0
            .contains("16, 24 or 32")
    );
}

#[apply(trial)]
fn findings_are_a_page_for_people() {
    let schema = Schema::on(healthy().url(), "doctor_page");
    let page = schema.run(&["doctor"]);
    let table = schema.table();
    let expected = format!(
        "table: there is no table {table}\n    pgstore migrate --table {table}\n\n{table}: 1 finding in 12 checks\n"
    );
    assert_eq!((page.code, page.stdout.as_str()), (1, expected.as_str()));
    assert_eq!(run(&["doctor", "--ignore", "poler"]).code, 2);
}
