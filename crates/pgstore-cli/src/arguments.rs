//! What can be asked for.

use clap::{Parser, Subcommand};

use crate::doctor::Doctor;
use crate::inspect::Inspect;
use crate::keygen::Keygen;
use crate::manual::{Completions, ManPages};
use crate::migrate::Migrate;
use crate::revoke::Revoke;
use crate::sessions::SessionsCommand;
use crate::stats::StatsCommand;
use crate::sweep::Sweep;

/// Web sessions in PostgreSQL: watch them, list and revoke them, find what is wrong, migrate, sweep, make
/// keys, and look into sealed sessions.
#[derive(Debug, Parser)]
#[command(name = "pgstore", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Stats(StatsCommand),
    Sessions(SessionsCommand),
    Revoke(Revoke),
    Doctor(Doctor),
    Sweep(Sweep),
    Migrate(Migrate),
    Keygen(Keygen),
    Inspect(Inspect),
    Completions(Completions),
    Man(ManPages),
}
