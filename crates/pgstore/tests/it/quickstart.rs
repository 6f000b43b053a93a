//! The quickstart as a person runs it: the real program, driven over HTTP.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use pgstore::Keys;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::database::Database;
use crate::support::go::{GoPeer, Reply, Site};
use crate::support::secrets;
use crate::support::{apply, go_trial, trial};

const KEYS: &str = "000102030405060708090a0b0c0d0e0f,404142434445464748494a4b4c4d4e4f";

/// The running program. It is killed with this value.
struct Quickstart {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    said: Vec<String>,
    site: Site,
}

impl Quickstart {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let mut process = command(settings).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        loop {
            let line = output
                .next_line()
                .await
                .unwrap()
                .expect("it says where it listens");
            if let Some(authority) = line.strip_prefix("Listening on http://") {
                let authority = authority.to_owned();
                return Self {
                    process,
                    output,
                    said,
                    site: Site { authority },
                };
            }
            secrets::heard("quickstart", &line);
            said.push(line);
        }
    }

    /// Ctrl-C, and what the program makes of it.
    async fn interrupt(mut self) -> ExitStatus {
        let id = self.process.id().unwrap().to_string();
        let kill = Command::new("kill")
            .args(["-INT", &id])
            .status()
            .await
            .unwrap();
        assert!(kill.success());
        while let Some(line) = self.output.next_line().await.unwrap() {
            secrets::heard("quickstart", line);
        }
        self.process.wait().await.unwrap()
    }
}

fn command(settings: &[(&str, &str)]) -> Command {
    for (_, keys) in settings.iter().filter(|(name, _)| *name == "SESSION_KEYS") {
        // Some tests' keys are none.
        _ = Keys::from_hex(keys).map(|_| secrets::hex_keys(keys));
    }
    let mut command = Command::new(program());
    command
        .env_remove("DATABASE_URL")
        .env_remove("SESSION_KEYS")
        .env("PORT", "0");
    command.envs(settings.iter().copied()).kill_on_drop(true);
    command
}

/// Cargo builds the examples before it runs the tests, next to this binary's folder.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests
        .parent()
        .unwrap()
        .with_file_name("examples")
        .join("quickstart");
    assert!(
        program.exists(),
        "run `cargo build --example quickstart` first"
    );
    program
}

fn cookie(reply: &Reply) -> String {
    reply.cookie("session-key").expect("a cookie is set")
}

fn page(reply: &Reply) -> &str {
    assert_eq!(reply.status, 200);
    reply.json.as_str().expect("it is a page")
}

#[apply(trial)]
async fn a_visitor_is_counted_logs_in_and_logs_out() {
    let database = Database::fresh().await;
    let settings = [
        ("DATABASE_URL", database.url()),
        ("SESSION_KEYS", KEYS.to_owned()),
    ];
    let settings = settings
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let quickstart = Quickstart::start(&settings).await;
    assert!(
        quickstart
            .said
            .iter()
            .any(|line| line.contains("Secure=false"))
    );

    let first = quickstart.site.get("/", None).await;
    assert!(page(&first).contains("<b id=\"visits\">1</b>"));
    let anonymous = cookie(&first);
    let again = quickstart.site.get("/", Some(&anonymous)).await;
    assert!(page(&again).contains("<b id=\"visits\">2</b>"));

    let login = quickstart
        .site
        .post_form("/login", "user=%3Cb%3EAda", Some(&anonymous))
        .await;
    assert_eq!((login.status, login.header("location")), (303, vec!["/"]));
    let ada = cookie(&login);
    let home = quickstart.site.get("/", Some(&ada)).await;
    assert!(
        page(&home).contains("Welcome, &lt;b&gt;Ada!"),
        "escaped, and shown"
    );
    assert!(page(&home).contains("<b id=\"user\">&lt;b&gt;Ada</b>"));
    assert!(
        !page(&quickstart.site.get("/", Some(&ada)).await).contains("Welcome"),
        "shown once"
    );

    let session = quickstart.site.get("/api/session", Some(&ada)).await.json;
    assert_eq!(
        session,
        json!({ "new": false, "values": { "user": "<b>Ada", "visits": 4 } })
    );
    let session = quickstart
        .site
        .get("/api/session", Some(&anonymous))
        .await
        .json;
    assert_eq!(
        session,
        json!({ "new": true, "values": {} }),
        "the ID before the login is dead"
    );

    for name in ["", "+", &"x".repeat(101)] {
        let refused = quickstart
            .site
            .post_form("/login", &format!("user={name}"), Some(&ada))
            .await;
        assert_eq!(refused.status, 400);
    }

    let logout = quickstart.site.post_form("/logout", "", Some(&ada)).await;
    assert_eq!(
        (logout.status, cookie(&logout).as_str()),
        (303, "session-key=")
    );
    let session = quickstart.site.get("/api/session", Some(&ada)).await.json;
    assert_eq!(session, json!({ "new": true, "values": {} }));
    assert!(quickstart.interrupt().await.success());
}

/// A client that never finishes its request does not keep the program from stopping.
#[apply(trial)]
async fn it_stops_beside_half_a_request() {
    let quickstart = Quickstart::start(&[]).await;
    let mut client = tokio::net::TcpStream::connect(&quickstart.site.authority)
        .await
        .unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    quickstart.site.get("/", None).await;
    assert!(quickstart.interrupt().await.success());
}

#[apply(trial)]
async fn without_settings_it_brings_its_own_database_and_keys() {
    let quickstart = Quickstart::start(&[]).await;
    for setting in ["DATABASE_URL is not set", "SESSION_KEYS is not set"] {
        assert!(
            quickstart.said.iter().any(|line| line.contains(setting)),
            "{setting}"
        );
    }
    let first = quickstart.site.get("/", None).await;
    let session = quickstart
        .site
        .get("/api/session", Some(&cookie(&first)))
        .await
        .json;
    assert_eq!(session["values"]["visits"], 1);
    assert!(quickstart.interrupt().await.success());
}

#[apply(trial)]
async fn what_is_wrong_with_the_settings_is_said() {
    let database = Database::fresh().await;
    let url = database.url();
    let wrong = [
        ("PORT", "many", "PORT must be a number"),
        ("SESSION_KEYS", "0g", "key number 1"),
        ("SESSION_KEYS", "00,0011", "16, 24 or 32"),
    ];
    for (name, value, expected) in wrong {
        let output = command(&[("DATABASE_URL", &url), (name, value)])
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        secrets::heard("quickstart", &said);
        assert!(!output.status.success());
        assert!(said.contains(expected), "{said}");
    }
}

#[apply(go_trial)]
async fn go_reads_its_sessions() {
    let database = Database::fresh().await;
    let (url, keys) = (database.url(), KEYS);
    let quickstart = Quickstart::start(&[("DATABASE_URL", &url), ("SESSION_KEYS", keys)]).await;
    let go = GoPeer::serve(&url, keys).await;
    let login = quickstart.site.post_form("/login", "user=ada", None).await;
    let ada = cookie(&login);
    quickstart.site.get("/", Some(&ada)).await;
    let session = go.get("/session", Some(&ada)).await;
    assert_eq!(session.value("user"), &json!({ "t": "string", "v": "ada" }));
    assert_eq!(session.value("visits"), &json!({ "t": "int64", "v": "1" }));
    assert_eq!(
        session.value("_flash"),
        &Value::Null,
        "the page has shown it"
    );
    assert_eq!(go.post("/logout", &json!({}), Some(&ada)).await.status, 200);
    assert_eq!(
        quickstart.site.get("/api/session", Some(&ada)).await.json["new"],
        true
    );
}
