//! The demo as a running program.

use std::process::{ExitStatus, Stdio};

use pgstore_embedded::Schema;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The program, on a database of its own. It is killed with this value.
pub(crate) struct Program {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    /// What it said before it listened.
    pub(crate) said: Vec<String>,
    /// `http://127.0.0.1:PORT`
    pub(crate) site: String,
    _schema: Option<Schema>,
}

impl Program {
    /// In an empty schema of the tests' server.
    pub(crate) async fn start() -> Self {
        let schema = Schema::fresh().await;
        let mut program = Self::with(&[("DATABASE_URL", schema.url())]).await;
        program._schema = Some(schema);
        program
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let mut process = command(settings).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        loop {
            let line = output.next_line().await.unwrap();
            let line = line.expect("it says where it listens");
            if let Some(site) = line.strip_prefix("Listening on ") {
                return Self {
                    process,
                    output,
                    said,
                    site: site.to_owned(),
                    _schema: None,
                };
            }
            said.push(line);
        }
    }

    /// Ctrl-C, and what the program makes of it.
    pub(crate) async fn interrupt(mut self) -> ExitStatus {
        let id = self.process.id().unwrap().to_string();
        let interrupted = Command::new("kill").args(["-INT", &id]).status().await;
        assert!(interrupted.unwrap().success());
        while self.output.next_line().await.unwrap().is_some() {}
        self.process.wait().await.unwrap()
    }
}

/// The program with these settings and no others of this process.
pub(crate) fn command(settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgstore-demo"));
    command
        .env_remove("DATABASE_URL")
        .env_remove("SESSION_KEYS")
        .env("PORT", "0");
    command.envs(settings.iter().copied()).kill_on_drop(true);
    command
}
