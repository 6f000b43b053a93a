//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::contestants::Name;
use crate::work::Work;

/// Measures pgstore beside other session stores, on a PostgreSQL server of its own.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Throughput and CPU of all contestants, interleaved over several rounds
    Compare(CompareArguments),
    /// What saves and touches leave behind: HOT share, WAL, sizes
    Churn(ChurnArguments),
    /// Reads while expired rows are swept
    Sweep(Size),
    /// Sealing and opening without a database
    Codec(Size),
    /// Memory of callers that wait for the database
    Memory(Size),
    /// Whether callers who do not share a session wait for each other
    Strangers(Size),
    /// Whether two processes that save the same sessions deadlock
    Locks(Size),
    /// What `locks` starts twice
    #[command(hide = true)]
    LocksOfOne(LocksArguments),
    /// Draws the plots of what `compare` measured
    Plot {
        /// Where the SVG files go
        folder: PathBuf,
        /// What `compare --json` wrote; several files count as one run
        #[arg(required = true)]
        json: Vec<PathBuf>,
    },
}

/// How long a run may take.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Size {
    /// Fewer rows and less time
    #[arg(long)]
    pub(crate) quick: bool,
    /// Just enough to see that it runs: seconds
    #[arg(long, conflicts_with = "quick")]
    pub(crate) smoke: bool,
}

impl Size {
    /// The value for a smoke run, a quick one or a full one.
    pub(crate) fn pick<T>(self, smoke: T, quick: T, full: T) -> T {
        match self {
            Size { smoke: true, .. } => smoke,
            Size { quick: true, .. } => quick,
            Size { .. } => full,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ChurnArguments {
    #[command(flatten)]
    pub(crate) size: Size,
    /// Leave out Go, whose million saves take minutes
    #[arg(long)]
    pub(crate) without_go: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LocksArguments {
    pub(crate) url: String,
    pub(crate) rows: u32,
    pub(crate) seconds: u64,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    #[command(flatten)]
    pub(crate) size: Size,
    /// 10 million rows as well
    #[arg(long)]
    pub(crate) large: bool,
    /// Write the medians to this file
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// The time of one flush, such as 2ms: a slower disk, simulated by PostgreSQL's commit_delay
    #[arg(long, value_parser = duration, default_value = "0ms")]
    pub(crate) flush_delay: Duration,
    /// Only these kinds of work
    #[arg(long, value_delimiter = ',')]
    pub(crate) work: Vec<Work>,
    /// Only these contestants
    #[arg(long, value_delimiter = ',')]
    pub(crate) contestants: Vec<Name>,
    /// These numbers of callers, each with each number of rows and bytes
    #[arg(long, value_delimiter = ',')]
    pub(crate) callers: Vec<usize>,
    /// These numbers of rows
    #[arg(long, value_delimiter = ',')]
    pub(crate) rows: Vec<u32>,
    /// These lengths of a session's text
    #[arg(long, value_delimiter = ',')]
    pub(crate) bytes: Vec<usize>,
    /// How many rounds (default 7)
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
}

impl CompareArguments {
    /// Whether this contestant takes part.
    pub(crate) fn has(&self, name: Name) -> bool {
        self.contestants.is_empty() || self.contestants.contains(&name)
    }
}

/// Reads `2ms`, `500us` or `1s`.
fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &text[..text.len() - unit.len()];
    let number: u64 = number.parse().map_err(|_| "no number".to_owned())?;
    match unit {
        "us" => Ok(Duration::from_micros(number)),
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        _ => Err("the unit is not us, ms or s".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("2ms"), Ok(Duration::from_millis(2)));
        assert_eq!(duration("500us"), Ok(Duration::from_micros(500)));
        assert!(duration("2").is_err());
        assert!(duration("ms").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
