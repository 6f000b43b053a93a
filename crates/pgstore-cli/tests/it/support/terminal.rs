//! The command on a terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use nix::pty::openpty;

/// Runs a command on a terminal on which `typed` is typed, and returns the exit code and all that the
/// terminal shows.
pub(crate) fn on_a_terminal(mut command: Command, typed: &str) -> (i32, String) {
    let pty = openpty(None, None).unwrap();
    let end = || Stdio::from(pty.slave.try_clone().unwrap());
    command.stdin(end()).stdout(end()).stderr(end());
    let mut child = command.spawn().unwrap();
    // The terminal ends when the last one that has it ends.
    drop(command);
    drop(pty.slave);
    let mut keyboard = File::from(pty.master.try_clone().unwrap());
    keyboard.write_all(typed.as_bytes()).unwrap();
    let (mut screen, mut shown) = (File::from(pty.master), Vec::new());
    // A terminal without programs answers with an error.
    let _ = screen.read_to_end(&mut shown);
    let code = child.wait().unwrap().code().unwrap();
    (code, String::from_utf8(shown).unwrap())
}
