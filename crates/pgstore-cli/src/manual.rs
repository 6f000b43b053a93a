//! `pgstore completions` and `pgstore man`: what a shell and a package of the command need.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;

/// Print the completions for a shell.
///
/// For bash: `pgstore completions bash > /etc/bash_completion.d/pgstore`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    shell: Shell,
}

/// Write the manual pages, one for each command, into a folder.
///
/// For `man pgstore`: `pgstore man /usr/local/share/man/man1`.
#[derive(Debug, Args)]
pub(crate) struct ManPages {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Completions {
    /// `all`: the command with its subcommands.
    pub(crate) fn run(&self, mut all: Command) -> Result<String, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut all, "pgstore", &mut script);
        String::from_utf8(script).map_err(|error| Failure::Output(io::Error::other(error)))
    }
}

impl ManPages {
    /// `all`: the command with its subcommands.
    pub(crate) fn run(&self, all: Command) -> Result<String, Failure> {
        let written = clap_mangen::generate_to(all, &self.folder);
        written.map(|()| String::new()).map_err(Failure::Output)
    }
}
