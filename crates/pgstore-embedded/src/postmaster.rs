//! The running server: its first process, whether it accepts connections, and its end.

use std::fs;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::StartError;
use crate::cluster::{Cluster, spawn_error};
use crate::folder::Folder;

/// How long a server may take to start or to stop, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
const TURN: Duration = Duration::from_millis(5);

/// The first process of a server; it may have ended.
#[derive(Debug)]
pub(crate) struct Postmaster {
    process: Child,
}

impl Postmaster {
    /// Starts the server on this port and waits until it accepts connections.
    pub(crate) fn start(cluster: &Cluster, port: u16) -> Result<Postmaster, StartError> {
        let mut server = cluster.server(port)?;
        let process = server
            .spawn()
            .map_err(|source| spawn_error(&server, source))?;
        let mut postmaster = Postmaster { process };
        postmaster.wait_until_ready(&cluster.folder)?;
        Ok(postmaster)
    }

    fn wait_until_ready(&mut self, folder: &Folder) -> Result<(), StartError> {
        let started = Instant::now();
        while !self.is_ready(folder) {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(StartError::Exited {
                    status,
                    log: folder.end_of_log(),
                });
            }
            if started.elapsed() > PATIENCE {
                self.kill_and_reap();
                return Err(StartError::NotReady {
                    waited: PATIENCE,
                    log: folder.end_of_log(),
                });
            }
            thread::sleep(TURN);
        }
        Ok(())
    }

    /// Whether the server says so in its pid file, which is what pg_ctl waits for, too: the first
    /// line is its process, the eighth its state. A file that a killed server left names another.
    fn is_ready(&self, folder: &Folder) -> bool {
        let file = fs::read_to_string(folder.pid_file()).unwrap_or_default();
        let mut lines = file.lines().map(str::trim);
        lines.next() == Some(&self.process.id().to_string()) && lines.nth(6) == Some("ready")
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends every connection and then the server, in order; by force if it takes too long.
    pub(crate) fn shut_down(&mut self) -> io::Result<()> {
        if self.process.try_wait()?.is_some() {
            return Ok(());
        }
        interrupt(self.process.id())?;
        let asked = Instant::now();
        while self.process.try_wait()?.is_none() {
            if asked.elapsed() > PATIENCE {
                return self.kill().map(drop);
            }
            thread::sleep(TURN);
        }
        Ok(())
    }

    /// SIGKILL. The other processes of the server notice and end by themselves.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.process.kill()?;
        self.process.wait()
    }

    fn kill_and_reap(&mut self) {
        // Nothing is left to do about a failure: the watchdog kills the rest of its group.
        let _ = self.kill();
    }

    /// Waits for a server that somebody else stops.
    pub(crate) fn reap(&mut self) {
        // It fails only if there is no such child any more.
        let _ = self.process.wait();
    }
}

/// SIGINT, a server's "fast shutdown". The standard library sends no signal but SIGKILL.
fn interrupt(process: u32) -> io::Result<()> {
    let arguments = ["-c", "kill -INT \"$1\"", "sh", &process.to_string()];
    let status = Command::new("/bin/sh").args(arguments).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other("kill -INT failed"))
    }
}
