//! `pgstore`: watch, list and revoke sessions, find what is wrong, migrate, sweep, make keys, and look
//! into sealed sessions.
//!
//! ```text
//! pgstore stats [--watch]               how many sessions there are, and how the table is
//! pgstore sessions --owner OWNER        an owner's sessions
//! pgstore revoke --handle|--owner|--issued-before    log out one, an owner's, all of before a time
//! pgstore doctor                        what is wrong, and what mends it
//! pgstore sweep [--dry-run]             rows past their time, once
//! pgstore migrate [--print|--check]     the sessions table
//! pgstore keygen                        fresh keys, as SESSION_KEYS takes them
//! pgstore inspect --name session TEXT   what a cookie or a row's data holds, as JSON
//! pgstore completions SHELL, man DIR    for the shell
//! ```
//!
//! Exit codes: 0; 1 when a text does not open, the database fails or `doctor` has findings; 2 for wrong
//! usage. An error is one line on stderr. No output holds a session's ID, and none but `keygen`'s a
//! key; errors hold neither the text nor the database's password.

mod arguments;
mod confirm;
mod content;
mod database;
mod doctor;
mod failure;
mod go_key;
mod inspect;
mod json;
mod key_list;
mod keygen;
mod manual;
mod migrate;
mod other_hash;
mod output;
mod peers;
mod progress;
mod revoke;
mod sessions;
mod stats;
mod sweep;
mod table;
mod table_client;
mod time;
mod usage;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Command};
use failure::Failure;
use output::print;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) if !answer.use_stderr() => return help(&answer),
        Err(error) => return complain(&usage::one_line(&error), Failure::USAGE),
    };
    match run(arguments.command).and_then(|output| print(&output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Incomplete | Failure::HasFindings) => ExitCode::FAILURE,
        Err(failure) => complain(&failure.one_line(), failure.exit_code()),
    }
}

/// What a command has to say on stdout.
fn run(command: Command) -> Result<String, Failure> {
    match command {
        Command::Doctor(doctor) => doctor.run(),
        Command::Keygen(keygen) => keygen.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Sweep(sweep) => sweep.run(),
        Command::Stats(stats) => stats.run(),
        Command::Sessions(sessions) => sessions.run(),
        Command::Revoke(revoke) => revoke.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Completions(completions) => completions.run(Arguments::command()),
        Command::Man(man) => man.run(Arguments::command()),
    }
}

/// `--help` and `--version`.
fn help(answer: &clap::Error) -> ExitCode {
    let printed = answer.print();
    if printed.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn complain(line: &str, exit_code: u8) -> ExitCode {
    // Where there is no stderr, the exit code has to do.
    let _ = writeln!(io::stderr(), "pgstore: {line}");
    ExitCode::from(exit_code)
}
