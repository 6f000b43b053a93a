//! What writing leaves behind: dead rows, WAL, growth; beside Go's way of writing.

use std::sync::Arc;
use std::time::Duration;

use pgstore::PgStore;
use pgstore::testing::TestClock;

use crate::Outcome;
use crate::arguments::ChurnArguments;
use crate::compare::make_tables;
use crate::contestants::{Contestant, Name, Ours};
use crate::dataset::{Dataset, unix_seconds};
use crate::random::Random;
use crate::report::Table;
use crate::server::Server;
use crate::work::{Cell, Work};

/// How many times each session is saved before it is touched once.
const PASSES: usize = 9;

/// Callers of both contestants.
const CALLERS: usize = 16;

/// Prints a line for our way of writing and one for Go's, each on a freshly filled table.
pub(crate) async fn run(arguments: &ChurnArguments) -> Outcome<()> {
    let dataset = Dataset {
        rows: arguments.size.pick(200, 10_000, 100_000),
        bytes: 200,
    };
    let server = Server::start(Duration::ZERO).await?;
    make_tables(&server).await?;
    let mut table = Table::new(&[
        "writer",
        "writes",
        "HOT",
        "WAL per write",
        "table before → after",
        "indexes before → after",
    ]);
    table.row(&churn(&server, dataset, Name::OursBatched).await?);
    if !arguments.without_go {
        match churn(&server, dataset, Name::Go).await {
            Ok(line) => table.row(&line),
            Err(error) => println!("LEFT OUT: Go: {error}"),
        }
    }
    println!("{table}");
    Ok(())
}

async fn churn(server: &Server, dataset: Dataset, writer: Name) -> Outcome<Vec<String>> {
    eprintln!("{writer}: {} rows", dataset.rows);
    dataset.fill(server).await?;
    let before = Footprint::of(server).await?;
    match writer {
        Name::Go => write_as_go(server, dataset).await?,
        _ => write(server, dataset).await?,
    }
    let after = Footprint::of_at_least(server, before.updates + 1).await?;
    Ok(before.line_until(&after, writer))
}

/// Saves every session several times, lets time pass, and reads every session, which touches it.
async fn write(server: &Server, dataset: Dataset) -> Outcome<()> {
    let store = PgStore::connect(server.url()).await?;
    let clock = TestClock::at(unix_seconds() + 1);
    let ours = Arc::new(Ours::with_clock(store.clone(), dataset, clock.clone())?);
    for _ in 0..PASSES {
        clock.advance(Duration::from_secs(60));
        pass(&ours, true).await?;
    }
    clock.advance(Duration::from_secs(5 * 24 * 60 * 60));
    pass(&ours, false).await?;
    store.close().await;
    Ok(())
}

/// Each session once, by several callers that share them out.
async fn pass(ours: &Arc<Ours>, saves: bool) -> Outcome<()> {
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let ours = Arc::clone(ours);
        callers.spawn(async move {
            let mut random = Random::new();
            for visitor in (caller..ours.visitors()).step_by(CALLERS) {
                match saves {
                    true => ours.save(visitor, &mut random).await?,
                    false => ours.touch(visitor).await?,
                }
            }
            Ok(())
        });
    }
    callers.join_all().await.into_iter().collect()
}

/// As many saves by the Go program as ours has made.
async fn write_as_go(server: &Server, dataset: Dataset) -> Outcome<()> {
    let mut go = Contestant::start(Name::Go, server, dataset).await?;
    let cell = Cell {
        work: Work::Save,
        callers: CALLERS,
        rows: dataset.rows,
        bytes: dataset.bytes,
    };
    let mut missing = f64::from(dataset.visitors()) * (PASSES + 1) as f64;
    while missing > 0.0 {
        missing -= go.round(cell, Duration::from_millis(500)).await?.operations;
    }
    Ok(())
}

/// The sessions table as PostgreSQL counts it.
#[derive(Debug)]
struct Footprint {
    updates: i64,
    hot_updates: i64,
    wal: i64,
    table: i64,
    indexes: i64,
}

const FOOTPRINT: &str = "
    SELECT n_tup_upd, n_tup_hot_upd, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint,
           pg_relation_size(relid), pg_indexes_size(relid)
      FROM pg_stat_user_tables
     WHERE relname = 'http_sessions'";

impl Footprint {
    async fn of(server: &Server) -> Outcome<Footprint> {
        let row = server.admin.query_one(FOOTPRINT, &[]).await?;
        Ok(Footprint {
            updates: row.try_get(0)?,
            hot_updates: row.try_get(1)?,
            wal: row.try_get(2)?,
            table: row.try_get(3)?,
            indexes: row.try_get(4)?,
        })
    }

    /// The same once PostgreSQL's counters have arrived: a server process reports them when its
    /// connection ends.
    async fn of_at_least(server: &Server, updates: i64) -> Outcome<Footprint> {
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let first = Self::of(server).await?;
            tokio::time::sleep(Duration::from_millis(250)).await;
            let second = Self::of(server).await?;
            if first.updates >= updates && first.updates == second.updates {
                return Ok(second);
            }
        }
        Err("PostgreSQL has not counted the updates".into())
    }

    fn line_until(&self, after: &Footprint, writer: Name) -> Vec<String> {
        let writes = after.updates - self.updates;
        let hot = (after.hot_updates - self.hot_updates) as f64 / writes as f64;
        let megabytes = |bytes: i64| bytes as f64 / 1e6;
        let sizes =
            |before, after| format!("{:.1} → {:.1} MB", megabytes(before), megabytes(after));
        vec![
            writer.to_string(),
            writes.to_string(),
            format!("{:.1} %", hot * 100.0),
            format!("{} B", (after.wal - self.wal) / writes.max(1)),
            sizes(self.table, after.table),
            sizes(self.indexes, after.indexes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_changed_between_two_footprints() {
        let at = |factor: i64| Footprint {
            updates: 100 * factor,
            hot_updates: 75 * factor,
            wal: 50_000 * factor,
            table: 1_000_000 * factor,
            indexes: 500_000 * factor,
        };
        let line = at(1).line_until(&at(2), Name::Go);
        let expected = [
            "go",
            "100",
            "75.0 %",
            "500 B",
            "1.0 → 2.0 MB",
            "0.5 → 1.0 MB",
        ];
        assert_eq!(line, expected);
    }
}
