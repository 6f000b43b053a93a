//! `pgstore completions` and `pgstore man`: what a shell and a package of the command need.

use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::arguments::Arguments;
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
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut Arguments::command(),
            "pgstore",
            &mut script,
        );
        String::from_utf8(script).map_err(|error| Failure::Output(io::Error::other(error)))
    }
}

impl ManPages {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let written = clap_mangen::generate_to(Arguments::command(), &self.folder);
        written.map(|()| String::new()).map_err(Failure::Output)
    }
}
