//! `stats`: what it counts, on tables small and large.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::support::schema::{Schema, server_url};
use crate::support::{apply, command, trial};

/// Rows of each kind. Times are in seconds from now.
fn fill(schema: &Schema) {
    schema.run(&["migrate"]);
    let table = schema.table();
    let row = |key: &str, modified: i64, expires: &str, owner: &str, is_own: bool| {
        let saved = if is_own { "modified_on" } else { "NULL" };
        schema.execute(&format!(
            "INSERT INTO {table} (key, data, created_on, modified_on, expires_on, owner, saved_on) \
             SELECT '{key}', 'x', now(), modified_on, expires_on, {owner}, {saved} \
               FROM (SELECT now() + {modified} * interval '1 second' AS modified_on, \
                            ({expires})::timestamptz AS expires_on) AS times"
        ));
    };
    let later = "now() + interval '1 day'";
    row("a", -10, later, "'anna'", true);
    row("b", -600, later, "NULL", true);
    row("c", -7200, later, "NULL", false); // Go's.
    row("d", -200_000, later, "NULL", true);
    row("e", -3600, "now() - interval '1 hour'", "NULL", true); // Until the browser closes.
    row("f", -864_000, "now() - interval '2 days'", "'anna'", true); // Expired.
    row("g", -864_000, "now() - interval '5 seconds'", "NULL", true); // Not due yet.
    row("h", -3_000_000, "'epoch'", "NULL", false); // The browser was closed long ago.
    row("i", -60, "NULL", "NULL", true);
    row("a", -20, later, "'anna'", true); // An older row of a's key.
    schema.execute(&format!(
        "INSERT INTO {table}_ids (key, session_id, until) VALUES ('z', 1, now())"
    ));
}

#[apply(trial)]
fn stats_counts_each_kind_of_row() {
    let schema = Schema::new("stats");
    fill(&schema);
    let stats = schema.run(&["stats", "--json"]).object();
    assert_eq!(stats["sampled_percent"], 100.0);
    let sessions = &stats["sessions"];
    for (name, count) in [
        ("rows", 10),
        ("live", 6),
        ("live_until_browser_closes", 1),
        ("live_with_owner", 2),
        ("expired", 3),
        ("due", 2),
        ("without_times", 1),
        ("peer_written", 2),
        ("sharing_keys", 2),
        ("expires_on_epoch", 1),
        ("expires_on_null", 1),
        ("earlier_ids", 1),
    ] {
        assert_eq!(sessions[name], count, "{name}: {stats}");
    }
    let oldest = sessions["oldest_due_seconds"].as_u64().unwrap();
    assert!((172_800..172_900).contains(&oldest), "{oldest}");
    let used: Vec<_> = stats["last_used"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bucket| bucket["sessions"].as_u64().unwrap())
        .collect();
    assert_eq!(used, [2, 1, 2, 1, 0, 0]);
    let space = &stats["space"];
    let indexes = space["indexes"].as_array().unwrap();
    let bytes: u64 = indexes
        .iter()
        .map(|index| index["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(space["indexes_bytes"], bytes);
    assert!(
        indexes
            .iter()
            .any(|index| index["name"] == "sessions_key_idx")
    );

    // A sweep removes those that are due.
    assert_eq!(schema.run(&["sweep"]).stdout, "removed 2 rows\n");
    let stats = schema.run(&["stats", "--json"]).object();
    assert_eq!(stats["sessions"]["due"], 0);
    assert_eq!(stats["sessions"]["oldest_due_seconds"], Value::Null);
}

#[apply(trial)]
fn stats_are_a_page_for_people() {
    let schema = Schema::new("stats_text");
    fill(&schema);
    let page = schema.run(&["stats"]);
    assert_eq!((page.code, page.stderr.as_str()), (0, ""), "{page:?}");
    let squeezed: Vec<_> = page
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for line in [
        "rows 10",
        "live 6",
        "waiting for a sweep 2 the oldest for 2 days",
        "with expires_on = 'epoch' 1",
        "within 1 hour 1 ####################",
        "last vacuum never",
    ] {
        assert!(
            squeezed.iter().any(|one| one == line),
            "{line}: {}",
            page.stdout
        );
    }
}

#[apply(trial)]
fn a_large_table_is_estimated_from_a_sample() {
    let schema = Schema::new("stats_large");
    schema.run(&["migrate"]);
    let table = schema.table();
    // Seven rows a page: 60,000 rows are about 70 MB, twice what is read.
    schema.execute(&format!(
        "ALTER TABLE {table} ALTER COLUMN data SET STORAGE PLAIN; \
         INSERT INTO {table} (key, data, created_on, modified_on, expires_on, saved_on) \
         SELECT int4send(n), decode(repeat('00', 1000), 'hex'), now(), now(), \
                now() + (CASE WHEN n % 4 = 0 THEN -1 ELSE 1 END) * interval '1 day', now() \
           FROM generate_series(1, 60000) AS n; \
         UPDATE {table} SET modified_on = now() - interval '3 days' WHERE expires_on < now()"
    ));
    let stats = schema.run(&["stats", "--json"]).object();
    let percent = stats["sampled_percent"].as_f64().unwrap();
    assert!((20.0..80.0).contains(&percent), "{percent}");
    let near = |name: &str, expected: u64| {
        let found = stats["sessions"][name].as_u64().unwrap();
        let is_near = found.abs_diff(expected) < expected / 5;
        assert!(is_near, "{name} is {found}, not about {expected}");
    };
    near("rows", 60_000);
    near("live", 45_000);
    near("due", 15_000);
    let page = schema.run(&["stats"]).stdout;
    assert!(
        page.contains("estimated from") && page.contains("~"),
        "{page}"
    );
}

#[apply(trial)]
fn stats_watches_until_it_is_stopped() {
    let schema = Schema::new("stats_watch");
    fill(&schema);
    let mut command = command(&[
        "stats",
        "--json",
        "--table",
        &schema.table(),
        "--watch",
        "1",
    ]);
    command
        .env("DATABASE_URL", server_url())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut rows = || {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        line["sessions"]["rows"].clone()
    };
    assert_eq!(rows(), 10);
    schema.execute(&format!("DELETE FROM {} WHERE key = 'a'", schema.table()));
    while rows() != 8 {}
    child.kill().unwrap();
    child.wait().unwrap();
    schema.run(&["stats", "--watch", "0"]).error(2);
}

#[apply(trial)]
fn stats_of_no_table_and_of_gos_table_say_what_to_do() {
    let schema = Schema::new("stats_missing");
    let missing = schema.run(&["stats"]);
    assert!(missing.error(1).contains("pgstore migrate"), "{missing:?}");
    schema.execute(&format!(
        "CREATE TABLE {} (id bigserial PRIMARY KEY, key bytea, data bytea, created_on timestamptz, \
         modified_on timestamptz, expires_on timestamptz)",
        schema.table()
    ));
    let older = schema.run(&["stats"]);
    assert!(older.error(1).contains("pgstore migrate"), "{older:?}");
}

#[apply(trial)]
fn stats_sum_up_the_partitions_of_a_table() {
    let schema = Schema::new("stats_parts");
    let table = schema.table();
    schema.execute(&format!(
        "CREATE TABLE {table} (id bigserial, key bytea, data bytea, created_on timestamptz, \
         modified_on timestamptz, expires_on timestamptz) PARTITION BY HASH (key); \
         CREATE TABLE {table}_0 PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
         CREATE TABLE {table}_1 PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
    ));
    assert_eq!(schema.run(&["migrate"]).code, 0);
    schema.execute(&format!(
        "INSERT INTO {table} (key, data, created_on, modified_on, expires_on) \
         SELECT int4send(n), '', now(), now(), now() + interval '1 day' \
           FROM generate_series(1, 100) AS n"
    ));
    let stats = schema.run(&["stats", "--json"]).object();
    assert_eq!(stats["sessions"]["live"], 100);
    assert!(
        stats["space"]["table_bytes"].as_u64().unwrap() >= 16_384,
        "{stats}"
    );
}
