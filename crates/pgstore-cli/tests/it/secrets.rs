//! No output shows an ID, nor a key that was given.

use data_encoding::{BASE64, HEXLOWER};
use pgstore::TableName;
use tokio::runtime::Runtime;

use crate::support::logins::{log_in, manager};
use crate::support::schema::{Schema, server_url, with_client};
use crate::support::terminal::on_a_terminal;
use crate::support::{KEY, apply, command, run_with_stdin, trial};

/// The keys of all rows, in the forms in which they could be shown.
fn ids(schema: &Schema) -> Vec<String> {
    let sql = format!("SELECT key FROM {}", schema.table());
    let rows = with_client(server_url(), async |client| {
        client.query(&sql, &[]).await.unwrap()
    });
    let keys = rows.iter().map(|row| row.get::<_, Vec<u8>>(0));
    let forms = keys.flat_map(|key| {
        let text = String::from_utf8(key.clone()).unwrap();
        [text, HEXLOWER.encode(&key), BASE64.encode(&key)]
    });
    forms.collect()
}

#[apply(trial)]
fn no_command_shows_an_id() {
    let schema = Schema::new("secrets");
    let table = schema.table();
    assert!(TableName::parse(&table).is_ok());
    let handle = Runtime::new().unwrap().block_on(async {
        let sessions = manager(&table).await;
        log_in(&sessions, "anna", "phone").await;
        log_in(&sessions, "bob", "laptop").await;
        let last = log_in(&sessions, "bob", "laptop").await;
        last.handle().await.unwrap()
    });
    // Findings of every kind, and an error that the server words with the row.
    schema.execute(&format!(
        "INSERT INTO {table} (key, data, created_on, modified_on, expires_on) \
         SELECT key, data, created_on, modified_on - interval '1 day', 'epoch' FROM {table} WHERE owner = 'anna'; \
         INSERT INTO {table} (key, data) SELECT key, data FROM {table} LIMIT 1; \
         CREATE FUNCTION {0}.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'no' USING DETAIL = 'key ' || convert_from(OLD.key, 'UTF8'); END $$; \
         CREATE TRIGGER tell BEFORE DELETE ON {table} FOR EACH ROW WHEN (OLD.owner = 'anna') \
         EXECUTE FUNCTION {0}.tell()",
        schema.name
    ));
    let ids = ids(&schema);
    assert!(ids.len() >= 15);
    let mut output = String::new();
    let runs: [&[&str]; 16] = [
        &["stats"],
        &["stats", "--json"],
        &["sessions", "--owner", "anna"],
        &["sessions", "--owner", "anna", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["revoke", "--owner", "anna"],
        &["revoke", "--handle", handle.as_str()],
        &["revoke", "--handle", &ids[0]],
        &["revoke", "--owner", "bob", "--json"],
        &["sweep", "--dry-run"],
        &["sweep"],
        &["migrate"],
        &["migrate", "--print"],
        &["migrate", "--check"],
        &["revoke", "--issued-before", "now"],
    ];
    for arguments in runs {
        let ran = schema.run(arguments);
        output += &ran.stdout;
        output += &ran.stderr;
        let mut command = command(&[arguments, &["--table", &table]].concat());
        command.env("DATABASE_URL", server_url());
        output += &on_a_terminal(command, "n\n").1;
    }
    assert!(
        output.contains("revoked 1 session") && output.contains("phone"),
        "{output}"
    );
    assert!(
        output.contains("the table refused") || output.contains("refused"),
        "{output}"
    );
    let shown: Vec<_> = ids.iter().filter(|id| output.contains(*id)).collect();
    assert!(shown.is_empty(), "{shown:?} in {output}");
}

#[apply(trial)]
fn inspect_shows_no_key_of_gos_in_an_error() {
    let arguments = [
        "inspect",
        "--name",
        "s",
        "--hash-key",
        "text:SECRET",
        "--hash-key",
        KEY,
        "-",
    ];
    let ran = run_with_stdin(&arguments, b"nonsense\nmore\n");
    assert_eq!(ran.code, 1);
    assert!(
        !ran.stdout.contains("SECRET") && !ran.stderr.contains("SECRET"),
        "{ran:?}"
    );
}
