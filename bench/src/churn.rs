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

/// How many times each session is saved.
const PASSES: usize = 9;

/// Callers of both contestants.
const CALLERS: usize = 16;

/// Prints a line for our saves, one for our touches and one for Go's saves, which touch as well.
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
    for line in ours(&server, dataset).await? {
        table.row(&line);
    }
    if !arguments.without_go {
        match go(&server, dataset).await {
            Ok(line) => table.row(&line),
            Err(error) => println!("LEFT OUT: Go: {error}"),
        }
    }
    println!("{table}");
    Ok(())
}

/// Saves every session several times, a minute apart; then lets days pass and reads every session, which
/// touches it. Each session is saved once before, so that the library has chosen its expiry.
async fn ours(server: &Server, dataset: Dataset) -> Outcome<[Vec<String>; 2]> {
    eprintln!("ours: {} rows", dataset.rows);
    dataset.fill(server).await?;
    let clock = TestClock::at(unix_seconds() + 1);
    pass(server, dataset, &clock, true).await?;
    let before = Footprint::settled(server).await?;
    for _ in 0..PASSES {
        clock.advance(Duration::from_secs(60));
        pass(server, dataset, &clock, true).await?;
    }
    let saved = Footprint::settled(server).await?;
    clock.advance(Duration::from_secs(5 * 24 * 60 * 60));
    pass(server, dataset, &clock, false).await?;
    let touched = Footprint::settled(server).await?;
    Ok([
        before.line_until(&saved, "ours, saves"),
        saved.line_until(&touched, "ours, touches"),
    ])
}

/// As many saves by the Go program as ours has made, after it has saved each session about once.
async fn go(server: &Server, dataset: Dataset) -> Outcome<Vec<String>> {
    eprintln!("Go: {} rows", dataset.rows);
    dataset.fill(server).await?;
    write_as_go(server, dataset, 1).await?;
    let before = Footprint::settled(server).await?;
    write_as_go(server, dataset, PASSES).await?;
    let after = Footprint::settled(server).await?;
    Ok(before.line_until(&after, "go, saves"))
}

/// Each session once, by several callers that share them out.
async fn pass(server: &Server, dataset: Dataset, clock: &TestClock, saves: bool) -> Outcome<()> {
    let store = PgStore::connect(server.url()).await?;
    let ours = Arc::new(Ours::with_clock(store.clone(), dataset, clock.clone())?);
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let ours = Arc::clone(&ours);
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
    let all: Outcome<()> = callers.join_all().await.into_iter().collect();
    store.close().await;
    all
}

/// Saves by the Go program, as many as so many passes over the sessions are.
async fn write_as_go(server: &Server, dataset: Dataset, passes: usize) -> Outcome<()> {
    let mut go = Contestant::start(Name::Go, server, dataset).await?;
    let cell = Cell {
        work: Work::Save,
        callers: CALLERS,
        rows: dataset.rows,
        bytes: dataset.bytes,
    };
    let mut missing = f64::from(dataset.visitors()) * passes as f64;
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
    async fn settled(server: &Server) -> Outcome<Footprint> {
        let mut last = Self::of(server).await?;
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            let next = Self::of(server).await?;
            if next.updates == last.updates {
                return Ok(next);
            }
            last = next;
        }
        Err("PostgreSQL goes on counting updates".into())
    }

    fn line_until(&self, after: &Footprint, writer: &str) -> Vec<String> {
        let writes = after.updates - self.updates;
        let hot = (after.hot_updates - self.hot_updates) as f64 / writes as f64;
        let megabytes = |bytes: i64| bytes as f64 / 1e6;
        let sizes =
            |before, after| format!("{:.1} → {:.1} MB", megabytes(before), megabytes(after));
        vec![
            writer.to_owned(),
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
        let line = at(1).line_until(&at(2), "go");
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
