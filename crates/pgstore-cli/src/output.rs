//! What a command prints: a text for people, or JSON.

use std::io::{self, Write as _};

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Format {
    /// Print one line of JSON instead of a text for people.
    #[arg(long)]
    json: bool,
}

impl Format {
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// The report in this format.
    pub(crate) fn of<R: Serialize>(
        self,
        report: &R,
        text: impl FnOnce(&R) -> String,
    ) -> Result<String, Failure> {
        match self.json {
            false => Ok(text(report)),
            true => match serde_json::to_string(report) {
                Ok(line) => Ok(line + "\n"),
                Err(_) => Err(Failure::TooMuch), // Numbers and texts always have a form in JSON.
            },
        }
    }
}

/// Unlike `print!`, it does not panic when the reader has closed the pipe.
pub(crate) fn print(output: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(output.as_bytes());
    written
        .and_then(|()| stdout.flush())
        .map_err(Failure::Output)
}
