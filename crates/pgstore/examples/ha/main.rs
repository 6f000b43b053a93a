//! Saves sessions while a cluster fails over, and measures what callers notice. `scripts/ha` runs it.
//!
//! `ha URL NODE… -- COMMAND…` puts load on the store at URL, runs the command that causes the trouble,
//! and stops once saves have worked again for a while. It writes to each NODE directly every 50 ms, so
//! that it knows when a primary answered. It prints one line, and fails if a caller waited longer than
//! its deadline, or with `PGSTORE_HA_SYNC` set, if an acknowledged save is lost.

mod callers;
mod gaps;
mod probes;

use std::env;
use std::error::Error;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use pgstore::{PgStore, PgStoreOptions};
use tokio::time::{Instant, sleep};

use crate::callers::Load;
use crate::gaps::Gaps;

/// How many callers save, and how many read.
const SAVING: usize = 64;
const READING: usize = 16;

/// The deadline of each operation: the default.
const DEADLINE: Duration = Duration::from_secs(5);

/// What a busy machine may add before a caller counts as not answered.
const SLACK: Duration = Duration::from_millis(250);

/// How long load runs before the trouble, and after saves work again.
const CALM: Duration = Duration::from_secs(3);

/// After so long the cluster has not come back.
const LONGEST: Duration = Duration::from_secs(90);

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (before, command) = arguments
        .iter()
        .position(|argument| argument == "--")
        .map(|place| (&arguments[..place], &arguments[place + 1..]))
        .ok_or("usage: ha URL NODE... -- COMMAND...")?;
    let [url, nodes @ ..] = before else {
        return Err("a URL is missing".into());
    };
    let store = PgStoreOptions::new()
        .wait_for_server(Duration::from_secs(60))
        .connect(url)
        .await?;
    store.migrate().await?;
    measure(store, nodes, command).await
}

async fn measure(
    store: PgStore,
    nodes: &[String],
    command: &[String],
) -> Result<ExitCode, Box<dyn Error>> {
    probes::prepare(nodes).await?;
    let (saves, reads, writes) = (Gaps::new(), Gaps::new(), Gaps::new());
    for node in nodes {
        probes::spawn(node.clone(), Arc::clone(&writes));
    }
    let load = Load::start(&store, SAVING, READING, &saves, &reads);
    sleep(CALM).await;

    let (program, rest) = command.split_first().ok_or("a command is missing")?;
    let mut trouble = Command::new(program).args(rest).spawn()?;
    let begun = Instant::now();
    for gaps in [&saves, &reads, &writes] {
        gaps.begin();
    }
    let has_happened = tokio::task::spawn_blocking(move || trouble.wait()).await??;
    if !has_happened.success() {
        return Err("the command failed".into());
    }
    let came_back = loop {
        sleep(Duration::from_millis(100)).await;
        // The trouble may only begin to show after the command has ended.
        if begun.elapsed() > 3 * CALM && saves.calm_for() && writes.calm_for() {
            break true;
        }
        if begun.elapsed() > LONGEST {
            break false;
        }
    };
    let report = load.finish().await;
    let (saving, writing) = (saves.longest(), writes.longest());
    let share = saving.end.saturating_duration_since(writing.end);
    println!(
        "without a primary {:.2} s, without saves {:.2} s, without reads {:.2} s, our share {:.2} s; \
         {} saves, {} failed, slowest answer {:.2} s, not answered in time {}, acknowledged and lost {}",
        writing.length().as_secs_f64(),
        saving.length().as_secs_f64(),
        reads.longest().length().as_secs_f64(),
        share.as_secs_f64(),
        report.saved,
        report.failed,
        report.slowest.as_secs_f64(),
        report.late,
        report.lost,
    );
    store.close().await;
    let keeps_all = env::var_os("PGSTORE_HA_SYNC").is_none() || report.lost == 0;
    Ok(match came_back && report.late == 0 && keeps_all {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
