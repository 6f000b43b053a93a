//! migrate and sweep, on a real PostgreSQL.

use pgstore::store::migrations;
use pgstore::{PgStore, TableName};

use crate::support::schema::{Schema, server_url};
use crate::support::terminal::on_a_terminal;
use crate::support::{apply, command, ran, run, trial};

#[apply(trial)]
fn migrate_prints_the_sql_of_the_library_and_needs_no_database() {
    for table in ["http_sessions", "web.sessions"] {
        let printed = run(&["migrate", "--print", "--table", table]);
        let name = TableName::parse(table).unwrap();
        let sql: Vec<_> = migrations().iter().map(|one| one.sql_for(&name)).collect();
        assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
        assert!(printed.stdout.ends_with(&sql.join("\n")), "{printed:?}");
    }
    let printed = run(&["migrate", "--print"]);
    assert!(
        printed
            .stdout
            .contains("CREATE TABLE IF NOT EXISTS \"http_sessions\"")
    );
}

#[apply(trial)]
fn migrate_prints_how_the_table_is_distributed() {
    let table = TableName::parse("web.sessions").unwrap();
    let sql = PgStore::distribution_sql(&table);
    let printed = run(&[
        "migrate",
        "--print",
        "--distributed",
        "--table",
        "web.sessions",
    ]);
    assert!(printed.stdout.ends_with(&sql), "{printed:?}");
}

#[apply(trial)]
fn migrate_distributes_nothing_without_citus_and_says_so() {
    let schema = Schema::new("distributed");
    let refused = schema.run(&["migrate", "--distributed"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("CREATE EXTENSION citus"),
        "{refused:?}"
    );
    assert_eq!(schema.run(&["migrate", "--check"]).code, 1);
    schema.run(&["migrate"]);
    assert_eq!(schema.run(&["migrate", "--check", "--distributed"]).code, 1);
}

#[apply(trial)]
fn what_migrate_prints_runs() {
    let schema = Schema::new("printed");
    let printed = run(&["migrate", "--print", "--table", &schema.table()]).stdout;
    schema.execute(&printed);
    assert_eq!(
        schema.run(&["migrate"]).stdout,
        format!("{} is up to date\n", schema.table())
    );
}

#[apply(trial)]
fn migrate_creates_the_table_once() {
    let schema = Schema::new("migrate");
    let first = schema.run(&["migrate"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first
            .stdout
            .starts_with(&format!("{}: ran migration 1", schema.table()))
    );
    assert_eq!(
        schema.run(&["migrate"]).stdout,
        format!("{} is up to date\n", schema.table())
    );
    let url = run(&[
        "migrate",
        "--table",
        &schema.table(),
        "--database-url",
        server_url(),
    ]);
    assert_eq!(url.stdout, format!("{} is up to date\n", schema.table()));
}

#[apply(trial)]
fn migrate_checks_by_its_exit_code_alone() {
    let schema = Schema::new("check");
    let missing = schema.run(&["migrate", "--check"]);
    assert_eq!(
        (missing.code, &*missing.stdout, &*missing.stderr),
        (1, "", "")
    );
    schema.run(&["migrate"]);
    let complete = schema.run(&["migrate", "--check"]);
    assert_eq!(
        (complete.code, &*complete.stdout, &*complete.stderr),
        (0, "", "")
    );
    assert_eq!(schema.run(&["migrate", "--check", "--print"]).code, 2);
}

#[apply(trial)]
fn a_long_migration_writes_lines_where_no_terminal_is() {
    let schema = Schema::new("progress");
    schema.run(&["migrate"]);
    let table = schema.table();
    schema.execute(&format!("DROP INDEX {}.sessions_key_idx", schema.name));
    let ran = schema.run(&["migrate"]);
    assert_eq!(ran.stdout, format!("{table}: ran migration 1\n"));
    assert_eq!(ran.stderr, "building sessions_key_idx\n");
}

#[apply(trial)]
fn revoke_ends_the_sessions_that_were_begun_before_a_time() {
    let schema = Schema::new("revoke");
    schema.run(&["migrate"]);
    let table = schema.table();
    schema.execute(&format!(
        "INSERT INTO {table} (key, data, created_on, modified_on, expires_on) \
         SELECT n::text::bytea, '', to_timestamp(n), now(), now() + interval '1 day' \
           FROM generate_series(1, 2500) AS n; \
         INSERT INTO {table} (key, data, created_on) VALUES ('x', '', NULL)"
    ));
    for (before, revoked) in [
        ("1970-01-01T00:00:01Z", "revoked 1 session\n"), // Of which nobody knows when it began.
        ("2401", "revoked 2400 sessions\n"),
        ("1970-01-01T01:41:40+01:00", "revoked 99 sessions\n"),
        ("now", "revoked 1 session\n"),
        ("now", "revoked 0 sessions\n"),
    ] {
        assert_eq!(
            schema.run(&["revoke", "--issued-before", before]).stdout,
            revoked,
            "{before}"
        );
    }
    let wrong = schema.run(&["revoke", "--issued-before", "yesterday"]);
    assert!(wrong.error(2).contains("2026-11-26T10:00:00Z"), "{wrong:?}");
    schema.run(&["revoke"]).error(2);
}

#[apply(trial)]
fn a_server_that_starts_later_is_waited_for_but_not_for_ever() {
    let mut command = command(&["migrate", "--wait", "1"]);
    command.env("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/web");
    let begun = std::time::Instant::now();
    ran(command).error(1);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(900));
}

#[apply(trial)]
fn a_role_without_rights_is_told_what_to_do_in_one_line() {
    let schema = Schema::new("rights");
    let role = format!("{}_role", schema.name);
    schema.execute(&format!("CREATE ROLE {role}"));
    let separator = if server_url().contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}options=-crole%3D{role}", server_url());
    let refused = schema.run_at(&url, &["migrate"]);
    schema.execute(&format!("DROP ROLE {role}"));
    let line = refused.error(1);
    assert_eq!(line.matches("migrate --print").count(), 1, "{line}");
    assert!(!line.contains("CREATE"), "{line}");
}

#[apply(trial)]
fn sweep_removes_what_is_past_its_time_and_counts_it() {
    let schema = Schema::new("sweep");
    let missing = schema.run(&["sweep"]);
    assert!(missing.error(1).contains("migrate"), "{missing:?}");
    schema.run(&["migrate"]);
    assert_eq!(schema.run(&["sweep"]).stdout, "removed 0 rows\n");

    // Two are past their time, one is not, one ended with its browser ten days ago.
    for (key, modified, expires) in [("a", 9, 1), ("b", 9, 2), ("c", 1, -9), ("d", 10, 10)] {
        let table = schema.table();
        schema.execute(&format!(
            "INSERT INTO {table} (key, data, created_on, modified_on, expires_on) VALUES \
             ('{key}', '', now(), now() - {modified} * interval '1 day', \
             now() - {expires} * interval '1 day')"
        ));
    }
    assert_eq!(
        schema.run(&["sweep", "--clock-skew", "864000000"]).stdout,
        "removed 0 rows\n"
    );
    assert_eq!(
        schema.run(&["sweep", "--batch", "1"]).stdout,
        "removed 2 rows\n"
    );
    assert_eq!(
        schema.run(&["sweep", "--max-age", "0"]).stdout,
        "removed 0 rows\n"
    );
    assert_eq!(
        schema.run(&["sweep", "--max-age", "864060"]).stdout,
        "removed 0 rows\n"
    );
    assert_eq!(
        schema.run(&["sweep", "--max-age", "86400"]).stdout,
        "removed 1 row\n"
    );
    assert_eq!(schema.run(&["sweep"]).stdout, "removed 0 rows\n");
}

#[apply(trial)]
fn a_sweep_tells_how_far_it_is_on_a_terminal_and_may_be_quiet_or_dry() {
    let schema = Schema::new("sweep_tells");
    schema.run(&["migrate"]);
    let table = schema.table();
    let fill = || {
        schema.execute(&format!(
            "INSERT INTO {table} (key, data, created_on, modified_on, expires_on) \
             SELECT int4send(n), '', now(), now() - interval '9 days', now() - interval '1 day' \
               FROM generate_series(1, 500) AS n"
        ));
    };
    fill();
    assert_eq!(
        schema.run(&["sweep", "--dry-run"]).stdout,
        "would remove 500 rows\n"
    );
    let json = schema.run(&["sweep", "--dry-run", "--json"]);
    assert_eq!(json.stdout, "{\"would_remove\":500}\n");
    let quiet = schema.run(&["sweep", "--quiet"]);
    assert_eq!((quiet.code, &*quiet.stdout, &*quiet.stderr), (0, "", ""));
    assert_eq!(schema.run(&["sweep", "--json"]).stdout, "{\"removed\":0}\n");
    schema.run(&["sweep", "--quiet", "--dry-run"]).error(2);

    fill();
    let on = |arguments: &[&str]| {
        let mut command = command(&[arguments, &["--table", &table]].concat());
        command.env("DATABASE_URL", server_url());
        on_a_terminal(command, "")
    };
    let (code, screen) = on(&["sweep"]);
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("removed 100 rows so far") && screen.contains("removed 500 rows"),
        "{screen}"
    );
    fill();
    assert_eq!(on(&["sweep", "--quiet"]), (0, String::new()));
}

#[apply(trial)]
fn a_database_that_is_not_there_is_one_line_without_the_password() {
    let at = |url: &str| {
        let mut command = command(&["migrate"]);
        command.env("DATABASE_URL", url);
        ran(command)
    };
    for (url, code) in [
        ("", 2),
        ("postgres://app:hunter2@127.0.0.1:no/web", 2),
        ("nonsense=hunter2", 2),
        ("postgres://app:hunter2@127.0.0.1:1/web", 1),
        ("host=127.0.0.1 port=1 user=app password=hunter2", 1),
    ] {
        assert!(!at(url).error(code).contains("hunter2"), "{url}");
    }
    assert!(run(&["sweep"]).error(2).contains("DATABASE_URL"));
}
