//! `sessions` and `revoke`, over sessions as applications make them.

use pgstore::SessionHandle;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::logins::{log_in, manager};
use crate::support::schema::{Schema, server_url};
use crate::support::terminal::on_a_terminal;
use crate::support::{apply, command, trial};

/// Three sessions of anna and one of bob. Returns anna's handles.
fn anna_and_bob(schema: &Schema) -> Vec<SessionHandle> {
    let table = schema.table();
    Runtime::new().unwrap().block_on(async {
        let sessions = manager(&table).await;
        let mut handles = Vec::new();
        for label in ["phone", "手机", "evil \x1b[2J\nlaptop"] {
            let session = log_in(&sessions, "anna", label).await;
            handles.push(session.handle().await.unwrap());
        }
        log_in(&sessions, "bob", "phone").await;
        handles
    })
}

fn listed(schema: &Schema, owner: &str) -> Vec<Value> {
    let listed = schema.run(&["sessions", "--owner", owner, "--json"]);
    listed.object().as_array().unwrap().clone()
}

#[apply(trial)]
fn sessions_lists_an_owners_sessions_by_their_handles() {
    let schema = Schema::new("sessions");
    let handles = anna_and_bob(&schema);
    let of_anna = listed(&schema, "anna");
    let shown: Vec<_> = of_anna
        .iter()
        .rev()
        .map(|one| one["handle"].clone())
        .collect();
    let expected: Vec<_> = handles
        .iter()
        .map(|handle| Value::from(handle.as_str()))
        .collect();
    assert_eq!(shown, expected, "the last used first");
    assert_eq!(of_anna[2]["label"], "phone");
    let ends = of_anna[0]["ends"].as_str().unwrap();
    assert!(
        ends > of_anna[0]["began"].as_str().unwrap() && ends.ends_with('Z'),
        "{ends}"
    );
    assert_eq!(listed(&schema, "bob").len(), 1);
    assert_eq!(listed(&schema, "eve").len(), 0);

    let page = schema.run(&["sessions", "--owner", "anna"]).stdout;
    let lines: Vec<_> = page.lines().collect();
    assert!(
        lines[0].starts_with("HANDLE ") && lines[0].ends_with("LABEL"),
        "{page}"
    );
    assert_eq!((lines.len(), lines[4]), (5, "3 sessions"));
    assert!(
        lines[1].ends_with("evil \u{fffd}[2J\u{fffd}laptop"),
        "a label commands no terminal"
    );
    let nobody = schema.run(&["sessions", "--owner", "eve"]);
    assert_eq!(nobody.stdout, "no sessions\n");
    schema.run(&["sessions"]).error(2);
}

#[apply(trial)]
fn a_session_that_ends_with_the_browser_says_so() {
    let schema = Schema::new("sessions_browser");
    schema.run(&["migrate"]);
    schema.execute(&format!(
        "INSERT INTO {} (key, data, created_on, modified_on, expires_on, saved_on, saved_expires_on, owner) \
         VALUES (repeat('A', 52)::bytea, '', now(), now(), now(), now(), now(), 'anna')",
        schema.table()
    ));
    assert_eq!(listed(&schema, "anna")[0]["ends"], Value::Null);
    let page = schema.run(&["sessions", "--owner", "anna"]).stdout;
    assert!(page.contains("with the browser"), "{page}");
}

#[apply(trial)]
fn revoke_ends_one_session_or_all_of_an_owner() {
    let schema = Schema::new("revoke_some");
    let handles = anna_and_bob(&schema);
    let revoke = |arguments: &[&str]| {
        let ran = schema.run(&[&["revoke"], arguments].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
        ran.stdout
    };
    let first = handles[0].as_str();
    assert_eq!(revoke(&["--handle", first]), "revoked 1 session\n");
    assert_eq!(revoke(&["--handle", first]), "revoked 0 sessions\n");
    assert_eq!(listed(&schema, "anna").len(), 2);
    assert_eq!(revoke(&["--owner", "eve"]), "revoked 0 sessions\n");
    assert_eq!(revoke(&["--owner", "anna", "--json"]), "{\"revoked\":2}\n");
    assert_eq!(listed(&schema, "anna").len(), 0);
    assert_eq!(listed(&schema, "bob").len(), 1);
}

#[apply(trial)]
fn revoke_takes_one_condition_and_repeats_no_value() {
    let schema = Schema::new("revoke_usage");
    let handle = "GEZDGNBVGY3TQOJQGEZDGNBVGY";
    let wrong: [&[&str]; 5] = [
        &[],
        &["--handle", handle, "--owner", "SECRET"],
        &["--owner", "SECRET", "--issued-before", "now"],
        &["--handle", handle, "--issued-before", "now"],
        &["--handle", "SECRET"],
    ];
    for arguments in wrong {
        let ran = schema.run(&[&["revoke"], arguments].concat());
        let line = ran.error(2);
        assert!(!line.contains("SECRET") && !line.contains(handle), "{line}");
    }
}

#[apply(trial)]
fn revoke_asks_on_a_terminal_and_nowhere_else() {
    let schema = Schema::new("revoke_asks");
    anna_and_bob(&schema);
    let table = schema.table();
    let asked = |arguments: &[&str], typed: &str| {
        let mut command = command(&[&["revoke", "--table", &table], arguments].concat());
        command.env("DATABASE_URL", server_url());
        on_a_terminal(command, typed)
    };
    let (code, screen) = asked(&["--owner", "anna"], "n\n");
    assert_eq!(code, 1, "{screen}");
    assert!(
        screen.contains("This logs out 3 sessions. Continue? [y/N]"),
        "{screen}"
    );
    assert!(screen.contains("nothing was done"), "{screen}");
    let (code, _) = asked(&["--issued-before", "now"], "\n");
    assert_eq!((code, listed(&schema, "anna").len()), (1, 3));

    let (code, screen) = asked(&["--owner", "bob"], "y\n");
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("1 session. Continue?") && screen.contains("revoked 1 session"));
    let (code, screen) = asked(&["--owner", "anna", "--yes"], "");
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("revoked 3 sessions") && !screen.contains("Continue"),
        "{screen}"
    );
}

#[apply(trial)]
fn a_revocation_that_was_interrupted_goes_on_where_it_stopped() {
    let schema = Schema::new("revoke_again");
    schema.run(&["migrate"]);
    let table = schema.table();
    // The trigger is the interruption: at the 1500th row the batch fails, and nothing of it is done.
    schema.execute(&format!(
        "INSERT INTO {table} (key, data, created_on, modified_on, expires_on, owner, saved_on, saved_expires_on) \
         SELECT int4send(n), '', now(), now(), now() + interval '1 day', 'robot', now(), \
                now() + interval '1 day' \
           FROM generate_series(1, 2500) AS n; \
         CREATE FUNCTION {0}.stop() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'stop'; END $$; \
         CREATE TRIGGER stop BEFORE DELETE ON {table} FOR EACH ROW \
         WHEN (OLD.key = int4send(1500)) EXECUTE FUNCTION {0}.stop()",
        schema.name
    ));
    schema.run(&["revoke", "--owner", "robot"]).error(1);
    assert_eq!(schema.count("owner = 'robot'"), 1500);
    schema.execute(&format!("DROP TRIGGER stop ON {table}"));
    let rest = schema.run(&["revoke", "--owner", "robot"]);
    assert_eq!(rest.stdout, "revoked 1500 sessions\n");
}

#[apply(trial)]
fn sessions_that_go_wrote_last_are_noted() {
    let schema = Schema::new("revoke_peer");
    anna_and_bob(&schema);
    schema.execute(&format!(
        "UPDATE {} SET modified_on = modified_on + interval '1 second', \
                expires_on = expires_on + interval '1 second' WHERE owner = 'bob'",
        schema.table()
    ));
    let noted = schema.run(&["sessions", "--owner", "bob"]);
    assert_eq!(noted.code, 0);
    assert!(noted.stderr.contains("another program wrote"), "{noted:?}");
    let noted = schema.run(&["revoke", "--owner", "bob"]);
    assert_eq!(noted.stdout, "revoked 1 session\n");
}
