//! Go's pgstore, in a Go program of ours that takes one line for each round.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::Round;
use crate::Outcome;
use crate::dataset::{Dataset, HASH_KEY};
use crate::work::Cell;

/// The Go program. It ends when its standard input closes.
pub(crate) struct Go {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _program: Child,
}

/// What the program answers for a round.
#[derive(Debug, Deserialize)]
struct Reply {
    operations: f64,
    seconds: f64,
    cpu_us: f64,
    error: String,
}

impl Go {
    /// Builds the program and starts it. An error says that Go is missing.
    pub(crate) async fn start(url: &str, dataset: Dataset) -> Outcome<Go> {
        let binary = build().await?;
        let mut program = Command::new(binary)
            .env("DATABASE_URL", url)
            .env(
                "HASH_KEY",
                HASH_KEY.map(|byte| format!("{byte:02x}")).concat(),
            )
            .args([dataset.rows, dataset.visitors()].map(|number| number.to_string()))
            .arg(dataset.bytes.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = program.stdin.take().ok_or("no standard input")?;
        let output = program.stdout.take().ok_or("no standard output")?;
        Ok(Go {
            input,
            output: BufReader::new(output).lines(),
            _program: program,
        })
    }

    pub(crate) async fn round(&mut self, cell: Cell, time: Duration) -> Outcome<Round> {
        let line = format!("{} {} {}\n", cell.work, cell.callers, time.as_millis());
        self.input.write_all(line.as_bytes()).await?;
        let reply = self.output.next_line().await?;
        let reply: Reply = serde_json::from_str(&reply.ok_or("the Go program has ended")?)?;
        if !reply.error.is_empty() {
            return Err(reply.error.into());
        }
        Ok(Round {
            operations: reply.operations,
            ops_per_s: reply.operations / reply.seconds,
            client_us: reply.cpu_us / reply.operations.max(1.0),
        })
    }
}

async fn build() -> Outcome<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("go");
    let binary = env::current_exe()?.with_file_name("pgstore-bench-go");
    let built = Command::new(go_command())
        .current_dir(sources)
        .env("GOFLAGS", "-buildvcs=false")
        .args(["build", "-o"])
        .arg(&binary)
        .arg(".")
        .output()
        .await
        .map_err(|error| format!("Go is missing ({error})"))?;
    match built.status.success() {
        true => Ok(binary),
        false => Err(String::from_utf8_lossy(&built.stderr).into()),
    }
}

/// The environment's `GO`, the one on `PATH`, or the usual place.
fn go_command() -> PathBuf {
    let usual = Path::new("/usr/local/go/bin/go");
    let on_path = env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join("go").is_file()));
    match env::var_os("GO") {
        Some(go) => go.into(),
        None if !on_path && usual.is_file() => usual.to_owned(),
        None => "go".into(),
    }
}
