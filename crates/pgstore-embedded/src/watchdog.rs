//! The process that cleans up when the owner is gone, however it went.
//!
//! Why nothing escapes it: every program of the cluster enters the watchdog's process group
//! between fork and exec, and until its exec it holds the owner's end of the pipe, too. So when
//! the watchdog reads the end of the pipe, all there is to stop is in its group.

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::StartError;
use crate::account::Account;
use crate::folder::{self, Folder};

const SHELL: &str = "/bin/sh";
const SCRIPT: &str = include_str!("watchdog.sh");

/// Dropping it stops what is in its group, removes the folder and waits for both.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Starts a watchdog, and with it makes the folder it will remove.
    pub(crate) fn start(account: Account) -> Result<(Watchdog, Folder), StartError> {
        let tried = folder::parents();
        for parent in tried
            .iter()
            .filter(|parent| folder::is_suitable(parent, account))
        {
            let folder = Folder::unused(parent);
            if let Some(watchdog) = Watchdog::over(&folder).map_err(cannot_run_shell)? {
                return Ok((watchdog, folder));
            }
        }
        Err(StartError::NoFolder { tried })
    }

    /// A watchdog over this folder; `None` if the folder could not be made.
    fn over(folder: &Folder) -> io::Result<Option<Watchdog>> {
        let mut shell = Command::new(SHELL)
            .args(["-c", SCRIPT, "pgstore-watchdog"])
            .arg(folder.path())
            .current_dir("/")
            .process_group(0) // Ctrl-C is for the terminal's foreground group
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let said = first_line(&mut shell)?;
        let watchdog = Watchdog { shell };
        Ok((said == "ready\n").then_some(watchdog))
    }

    /// Makes the command a member of the watched group.
    pub(crate) fn watch(&self, command: &mut Command) {
        // A process id is a positive i32 on every Unix.
        command.process_group(self.shell.id().cast_signed());
    }

    /// Tells the watchdog that the owner is done.
    pub(crate) fn release(&mut self) {
        drop(self.shell.stdin.take());
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.release();
        // It ends by its own SIGKILL; there is nothing in its status.
        let _ = self.shell.wait();
    }
}

fn first_line(shell: &mut Child) -> io::Result<String> {
    let mut line = String::new();
    if let Some(stdout) = shell.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    Ok(line)
}

fn cannot_run_shell(source: io::Error) -> StartError {
    StartError::Spawn {
        program: PathBuf::from(SHELL),
        source,
    }
}
