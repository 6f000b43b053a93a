//! What happens when the owner goes, tried on a process of its own: the crate's binary.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::{Scratch, answer, eventually, is_mentioned_by_a_process, is_up};

const BINARY: &str = env!("CARGO_BIN_EXE_pgstore-embedded");
const NOBODY: u32 = 65534;

#[test]
fn a_killed_owner_leaves_nothing() {
    let scratch = Scratch::new("killed");
    let mut owner = Owner::start(&mut owner_in(&scratch));
    assert!(is_up(&owner.url));
    owner.kill();
    owner.assert_nothing_is_left();
}

#[test]
fn an_owner_killed_during_initdb_leaves_nothing() {
    let scratch = Scratch::new("initdb");
    let mut owner = owner_in(&scratch).spawn().expect("the crate's binary");
    let has_begun = || {
        scratch
            .only_entry()
            .is_some_and(|folder| folder.join("data").exists())
    };
    eventually("initdb begins", has_begun);
    let folder = scratch.only_entry().expect("a folder");
    owner.kill().expect("a process of ours");
    owner.wait().expect("a process of ours");
    eventually("the folder is removed", || scratch.is_empty());
    eventually("no process is left", || !is_mentioned_by_a_process(&folder));
}

#[test]
fn an_owner_at_the_end_of_its_input_leaves_nothing_when_it_ends() {
    let scratch = Scratch::new("input");
    let mut owner = Owner::start(&mut owner_in(&scratch));
    drop(owner.process.stdin.take());
    assert!(owner.process.wait().expect("a process of ours").success());
    assert!(!is_up(&owner.url) && scratch.is_empty());
}

#[test]
fn ctrl_c_reaches_neither_the_server_nor_the_watchdog() {
    let scratch = Scratch::new("ctrl-c");
    let script = "trap '' INT QUIT; exec \"$0\""; // an owner that has not finished yet
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, BINARY]).process_group(0);
    let mut owner = Owner::start(in_scratch(&mut command, &scratch));
    for signal in ["INT", "QUIT"] {
        press(signal, &owner.process);
    }
    assert_eq!(answer(&owner.url, "SELECT 1"), "1");
    owner.kill();
    owner.assert_nothing_is_left();
}

#[test]
fn ctrl_c_ends_an_owner_that_does_not_handle_it_and_nothing_is_left() {
    let scratch = Scratch::new("sigint");
    let mut owner = Owner::start(owner_in(&scratch).process_group(0));
    press("INT", &owner.process);
    owner.process.wait().expect("a process of ours");
    owner.assert_nothing_is_left();
}

/// The other tests show root if root runs them; this one then shows `nobody`.
#[test]
fn an_ordinary_user_runs_a_server_too() {
    let scratch = Scratch::new("user");
    let owner_of_scratch = fs::metadata(scratch.path()).expect("our own folder").uid();
    let tools = Scratch::new("tools");
    let mut command = Command::new(readable_copy(&tools));
    if owner_of_scratch == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut owner = Owner::start(in_scratch(&mut command, &scratch));
    let uid = fs::metadata(owner.folder.join("data"))
        .expect("the cluster")
        .uid();
    assert_eq!(
        uid,
        if owner_of_scratch == 0 {
            NOBODY
        } else {
            owner_of_scratch
        }
    );
    assert_eq!(answer(&owner.url, "SELECT 1"), "1");
    owner.kill();
    owner.assert_nothing_is_left();
}

/// The build folder may be closed to `nobody`.
fn readable_copy(tools: &Scratch) -> PathBuf {
    let copy = tools.path().join("pgstore-embedded");
    fs::copy(BINARY, &copy).expect("a copy");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("our own file");
    copy
}

fn owner_in(scratch: &Scratch) -> Command {
    let mut command = Command::new(BINARY);
    in_scratch(&mut command, scratch);
    command
}

fn in_scratch<'a>(command: &'a mut Command, scratch: &Scratch) -> &'a mut Command {
    let command = command.env("TMPDIR", scratch.path()).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped())
}

/// Sends a signal to the whole foreground group, as a terminal does.
fn press(signal: &str, process: &Child) {
    let group = process.id().to_string();
    let script = "kill -s \"$1\" -- \"-$2\"";
    let status = Command::new("/bin/sh")
        .args(["-c", script, "sh", signal, &group])
        .status();
    assert!(status.expect("a shell").success());
}

struct Owner {
    process: Child,
    url: String,
    folder: PathBuf,
}

impl Owner {
    /// Starts the binary and reads what it prints once the server is up.
    fn start(command: &mut Command) -> Owner {
        let mut process = command.spawn().expect("the crate's binary");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe"));
        let (url, folder) = (next_line(&mut lines), next_line(&mut lines));
        Owner {
            process,
            url,
            folder: Path::new(&folder).to_owned(),
        }
    }

    fn kill(&mut self) {
        self.process.kill().expect("a process of ours");
        self.process.wait().expect("a process of ours");
    }

    fn assert_nothing_is_left(&self) {
        eventually("the folder is removed", || !self.folder.exists());
        eventually("no process is left", || {
            !is_mentioned_by_a_process(&self.folder)
        });
        assert!(!is_up(&self.url));
    }
}

fn next_line(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    line.trim_end().to_owned()
}
