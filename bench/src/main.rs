//! Measures pgstore beside other session stores, on a PostgreSQL server of its own.
//!
//! `pgstore-bench compare` is the comparison. The other commands each answer one question: what
//! writing leaves behind (`churn`), what a sweep costs the others (`sweep`), and so on.

#![allow(
    clippy::cast_precision_loss,
    reason = "figures are shown with three digits"
)]

use std::error::Error;

use clap::Parser;

use crate::arguments::{Arguments, Command};

mod arguments;
mod churn;
mod codec;
mod compare;
mod contestants;
mod cpu;
mod dataset;
mod drive;
mod locks;
mod memory;
mod random;
mod report;
mod server;
mod statistics;
mod strangers;
mod sweep;
mod work;

/// What fails ends the run, with the reason.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    match Arguments::parse().command {
        Command::Compare(arguments) => compare::run(&arguments).await,
        Command::Churn(arguments) => churn::run(&arguments).await,
        Command::Sweep(arguments) => sweep::run(&arguments).await,
        Command::Codec(arguments) => codec::run(&arguments),
        Command::Memory(arguments) => memory::run(&arguments).await,
        Command::Strangers(arguments) => strangers::run(&arguments).await,
        Command::Locks(arguments) => locks::run(&arguments).await,
        Command::LocksOfOne(arguments) => locks::save(&arguments).await,
        Command::Plot { folder, json } => report::plots(&report::read_json(&json)?, &folder),
    }
}
