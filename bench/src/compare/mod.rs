//! The comparison: all contestants take turns at the same work.

mod cell_result;
mod plan;

use std::time::{Duration, Instant};

use pgstore::{PgStore, Store as _};
use tower_sessions_sqlx_store::{PostgresStore, sqlx::PgPool};

use crate::Outcome;
use crate::arguments::CompareArguments;
use crate::contestants::{Contestant, Name};
use crate::dataset::Dataset;
use crate::report::write_json;
use crate::server::Server;
use crate::work::Cell;

use cell_result::{CellResult, Sample};

/// Runs the plan, prints a table for each cell, and writes the medians.
pub(crate) async fn run(arguments: &CompareArguments) -> Outcome<()> {
    let begun = Instant::now();
    let server = Server::start(arguments.flush_delay).await?;
    make_tables(&server).await?;
    explain(arguments);
    let plan = plan::plan(arguments);
    let cells: usize = plan.iter().map(|(_, cells)| cells.len()).sum();
    let mut progress = Progress { done: 0, cells };
    let mut measurements = Vec::new();
    for (dataset, cells) in plan {
        eprintln!("filling {} rows of {} B", dataset.rows, dataset.bytes);
        dataset.fill(&server).await?;
        if arguments.has(Name::TowerSessions) {
            dataset.fill_tower_sessions(&server).await?;
        }
        let mut contestants = start_all(arguments, &server, dataset).await;
        for cell in cells {
            progress.begin(cell);
            let result = measure(arguments, &server, cell, &mut contestants).await?;
            eprintln!();
            println!("{result}");
            measurements.extend(result.measurements());
        }
    }
    if let Some(path) = &arguments.json {
        write_json(path, &measurements)?;
    }
    eprintln!("{} s in all", begun.elapsed().as_secs());
    Ok(())
}

/// The library's migrations and tower-sessions' table.
pub(crate) async fn make_tables(server: &Server) -> Outcome<()> {
    let store = PgStore::connect(server.url()).await?;
    store.migrate().await?;
    store.probe().await?;
    store.close().await;
    let pool = PgPool::connect(server.url()).await?;
    PostgresStore::new(pool.clone()).migrate().await?;
    pool.close().await;
    Ok(())
}

fn explain(arguments: &CompareArguments) {
    if !arguments.flush_delay.is_zero() {
        let flush = arguments.flush_delay.as_micros();
        println!("Each flush takes {flush} µs longer (commit_delay).");
    }
    println!();
}

struct Progress {
    done: usize,
    cells: usize,
}

impl Progress {
    fn begin(&mut self, cell: Cell) {
        self.done += 1;
        eprint!("[{}/{}] {cell} ", self.done, self.cells);
    }
}

/// The contestants that can take part. Of each other one it says why not.
async fn start_all(
    arguments: &CompareArguments,
    server: &Server,
    dataset: Dataset,
) -> Vec<(Name, Contestant)> {
    let mut contestants = Vec::new();
    for name in Name::ALL.into_iter().filter(|&name| arguments.has(name)) {
        match Contestant::start(name, server, dataset).await {
            Ok(contestant) => contestants.push((name, contestant)),
            Err(error) => {
                println!("LEFT OUT: {name}: {error}");
                eprintln!("LEFT OUT: {name}: {error}");
            }
        }
    }
    contestants
}

async fn measure(
    arguments: &CompareArguments,
    server: &Server,
    cell: Cell,
    contestants: &mut [(Name, Contestant)],
) -> Outcome<CellResult> {
    let size = arguments.size;
    let rounds = arguments.rounds.unwrap_or(size.pick(1, 7, 7));
    let time = Duration::from_millis(size.pick(50, 500, 1500));
    let mut result = CellResult::new(cell);
    for round in 0..=rounds {
        let is_warm_up = round == 0;
        let time = if is_warm_up { time / 4 } else { time };
        for (name, contestant) in &mut *contestants {
            if let Some(reason) = name.lacks(cell.work) {
                result.lacks(*name, reason);
                continue;
            }
            let sample = sample(server, cell, contestant, time).await;
            let sample = sample.map_err(|error| format!("{name}, {cell}: {error}"))?;
            if is_warm_up {
                result.allocates(*name, contestant.allocations(cell)?);
            } else {
                let connections = contestant.connections(*name, server, cell).await?;
                result.add(*name, sample, connections);
            }
        }
        contestants.rotate_left(1.min(contestants.len()));
        eprint!(".");
    }
    Ok(result)
}

async fn sample(
    server: &Server,
    cell: Cell,
    contestant: &mut Contestant,
    time: Duration,
) -> Outcome<Sample> {
    contestant.prepare(cell).await?;
    let before = server.cpu();
    let round = contestant.round(cell, time).await?;
    let cpu = server.cpu().saturating_sub(before);
    Ok(Sample {
        ops_per_s: round.ops_per_s,
        client_us: round.client_us,
        server_us: cpu.as_secs_f64() * 1e6 / round.operations.max(1.0),
    })
}
