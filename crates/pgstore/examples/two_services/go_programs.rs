//! Builds and starts the programs in `go/`.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub(crate) struct GoPrograms {
    folder: PathBuf,
}

/// A running program. It ends when its standard input closes, which happens however this process ends.
pub(crate) struct Running {
    pub(crate) url: String,
    _process: Child,
}

impl GoPrograms {
    pub(crate) async fn build() -> Result<Self, Box<dyn Error>> {
        let go = env::var_os("GO").unwrap_or_else(|| OsString::from("go"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/two_services/go");
        let folder = env::current_exe()?.with_file_name("two_services_go");
        std::fs::create_dir_all(&folder)?;
        println!("Building the programs in Go.");
        let mut build = Command::new(&go);
        build
            .args(["build", "-buildvcs=false", "-o"])
            .arg(&folder)
            .arg("./...");
        let built = build.current_dir(source).status().await;
        match built {
            Ok(status) if status.success() => Ok(Self { folder }),
            Ok(_) => Err("the programs in Go do not build".into()),
            Err(error) => {
                let go = go.display();
                Err(
                    format!("{go} cannot be run: {error}; install Go, or set GO to its path")
                        .into(),
                )
            }
        }
    }

    /// Starts a program on a port of this machine, and waits until it has said where it listens.
    pub(crate) async fn start(
        &self,
        name: &str,
        port: &str,
        settings: &[(&str, &str)],
    ) -> Result<Running, Box<dyn Error>> {
        let mut process = Command::new(self.folder.join(name))
            .env("LISTEN", format!("127.0.0.1:{port}"))
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("its output is piped")?;
        let first = BufReader::new(output).lines().next_line().await?;
        let url = first.ok_or_else(|| format!("the program {name} did not start"))?;
        Ok(Running {
            url,
            _process: process,
        })
    }
}
