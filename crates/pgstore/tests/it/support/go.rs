//! Go: the program in `interop/go`, built once per run, as a web application and as a judge.
//!
//! A test that needs it is a [`go_trial`](super::go_trial). Where Go is missing such a test is
//! reported as ignored, with the reason; with `CI=true` it fails.

mod http;
mod trials;

use std::env;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command as Process};

pub(crate) use http::{Reply, Site};

use crate::support::secrets;

/// Whether a trial that needs Go can run.
pub(crate) enum Need {
    Met,
    Ignored(String),
    Failed(String),
}

/// Builds the peer if that has not been tried. Without Go its trials are ignored, but never in CI.
pub(crate) fn need() -> Need {
    match peer() {
        Peer::Built(_) => Need::Met,
        Peer::Missing(reason) if !is_ci() => Need::Ignored(reason.clone()),
        Peer::Missing(reason) | Peer::Broken(reason) => Need::Failed(reason.clone()),
    }
}

/// The Go application, serving on a port of its own until it is dropped.
#[derive(Debug)]
pub(crate) struct GoPeer {
    /// Go ends when its standard input closes, which happens however this process ends.
    _process: Child,
    site: Site,
}

impl GoPeer {
    /// Starts it with gorilla's defaults and the cookie `session-key`. Keys are hex as in
    /// `SESSION_KEYS`: `hash[,block,hash,block…]`.
    pub(crate) async fn serve(database_url: &str, keys: &str) -> GoPeer {
        GoPeer::serve_with(database_url, keys, &[]).await
    }

    /// Starts it with flags: `-cookie NAME`, `-max-age SECONDS`, `-max-length BYTES`.
    pub(crate) async fn serve_with(database_url: &str, keys: &str, flags: &[&str]) -> GoPeer {
        let served = GoPeer::start(database_url, keys, flags, Stdio::inherit()).await;
        served.expect("the peer says why it does not serve on standard error")
    }

    /// The same where Go's constructor may well fail: then it ends without a word.
    pub(crate) async fn try_serve(database_url: &str, keys: &str) -> Option<GoPeer> {
        GoPeer::start(database_url, keys, &[], Stdio::null()).await
    }

    async fn start(
        database_url: &str,
        keys: &str,
        flags: &[&str],
        errors: Stdio,
    ) -> Option<GoPeer> {
        secrets::hex_keys(keys);
        let mut process = Process::new(program())
            .arg("serve")
            .args(flags)
            .env("DATABASE_URL", database_url)
            .env("SESSION_KEYS", keys)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .expect("the peer starts");
        let output = process.stdout.take().expect("it is piped");
        let first = BufReader::new(output).lines().next_line().await;
        let url = first.expect("its output is text")?;
        let authority = url.trim_start_matches("http://").to_owned();
        Some(GoPeer {
            _process: process,
            site: Site { authority },
        })
    }

    /// The status of the Go type assertion `session.Values[key].(go_type)`: 200 or 409.
    pub(crate) async fn assert(&self, key: &str, go_type: &str, cookie: Option<&str>) -> Reply {
        let body = json!({ "key": key, "as": go_type });
        self.post("/assert", &body, cookie).await
    }
}

impl Deref for GoPeer {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

/// What Go makes of gob bytes: `{"id", "kind": "map"|"string"|"user", "hex"}` each.
pub(crate) async fn describe(questions: &[Value]) -> Vec<Value> {
    ask("describe", questions).await
}

/// What the real securecookie makes of each question; `interop/go/README.md` shows their form.
pub(crate) async fn securecookie(questions: &[Value]) -> Vec<Value> {
    ask("securecookie", questions).await
}

/// Writes a Go program with that many random types to a directory.
pub(crate) fn typegen(seed: u64, count: usize, directory: &Path) {
    let written = Command::new(program())
        .args(["typegen", &seed.to_string(), &count.to_string()])
        .arg(directory)
        .status();
    assert!(written.is_ok_and(|status| status.success()));
}

/// Runs a batch command: a line of JSON per question in, a line per answer out, in this order.
async fn ask(command: &str, questions: &[Value]) -> Vec<Value> {
    let mut process = Process::new(program())
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the peer starts");
    let mut input = process.stdin.take().expect("it is piped");
    let lines: String = questions.iter().map(|line| format!("{line}\n")).collect();
    let write = async move { input.write_all(lines.as_bytes()).await };
    let (written, output) = tokio::join!(write, process.wait_with_output());
    let output = output.expect("the peer runs");
    assert!(output.status.success(), "peer {command} failed");
    written.expect("the peer reads all its input");
    let mut answers = serde_json::Deserializer::from_slice(&output.stdout);
    answers.disable_recursion_limit();
    let answers: Vec<Value> = answers
        .into_iter()
        .collect::<Result<_, _>>()
        .expect("the peer answers with JSON");
    assert_eq!(answers.len(), questions.len(), "one answer per question");
    answers
}

/// Go itself, for a [`go_trial`](super::go_trial).
pub(crate) fn go_tool() -> PathBuf {
    find_go().expect("use #[apply(go_trial)]")
}

enum Peer {
    Built(PathBuf),
    Missing(String),
    Broken(String),
}

fn program() -> &'static Path {
    match peer() {
        Peer::Built(program) => program,
        Peer::Missing(reason) | Peer::Broken(reason) => panic!("{reason}; use #[apply(go_trial)]"),
    }
}

fn peer() -> &'static Peer {
    static PEER: OnceLock<Peer> = OnceLock::new();
    PEER.get_or_init(|| match find_go() {
        Some(go) => build(&go),
        None => Peer::Missing("Go was not found (in $GO, PATH or /usr/local/go/bin)".to_owned()),
    })
}

/// `$GO` decides when it is set: a value that is no program means "without Go".
fn find_go() -> Option<PathBuf> {
    let candidates = match env::var_os("GO") {
        Some(go) => vec![PathBuf::from(go)],
        None => vec!["go".into(), "/usr/local/go/bin/go".into()],
    };
    candidates.into_iter().find(|go| {
        let version = Command::new(go).arg("version").output();
        version.is_ok_and(|output| output.status.success())
    })
}

fn build(go: &Path) -> Peer {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop/go");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-peer");
    let built = Command::new(go)
        .args(["build", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(source)
        .output();
    match built {
        Ok(output) if output.status.success() => Peer::Built(program),
        Ok(output) => Peer::Broken(format!(
            "interop/go does not build: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(error) => Peer::Broken(format!("{} does not run: {error}", go.display())),
    }
}

fn is_ci() -> bool {
    env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1")
}
