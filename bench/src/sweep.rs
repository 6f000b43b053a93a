//! What callers notice of a sweep.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pgstore::store::Sweeper;
use pgstore::{PgStore, SweepOptions, SystemClock};

use crate::Outcome;
use crate::arguments::Size;
use crate::compare::make_tables;
use crate::contestants::{InProcess as _, Ours};
use crate::dataset::Dataset;
use crate::drive::{Driven, Load, drive};
use crate::report::Table;
use crate::server::{Server, run_each};
use crate::statistics::percentile;
use crate::work::{Cell, Work};

const EXPIRED: &str = "
    INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
    SELECT convert_to('EXPIRED' || number, 'UTF8'), convert_to(repeat('x', 400), 'UTF8'),
           now() - interval '40 days', now() - interval '40 days',
           now() - interval '10 days' + number * interval '1 ms'
      FROM generate_series(1, $1::integer) AS number";

/// Prints the latencies of a 95/5 mix without a sweep and during one.
pub(crate) async fn run(size: &Size) -> Outcome<()> {
    let expired: i32 = size.pick(2_000, 200_000, 1_000_000);
    let dataset = Dataset {
        rows: size.pick(1_000, 50_000, 100_000),
        bytes: 200,
    };
    let server = Server::start(Duration::ZERO).await?;
    make_tables(&server).await?;
    dataset.fill(&server).await?;
    eprintln!("writing {expired} expired rows");
    server.admin.execute(EXPIRED, &[&expired]).await?;
    run_each(
        &server.admin,
        &["VACUUM ANALYZE http_sessions", "CHECKPOINT"],
    )
    .await?;

    let store = PgStore::connect(server.url()).await?;
    let ours = Arc::new(Ours::over(store.clone(), dataset)?);
    let slice = Duration::from_millis(size.pick(100, 1_000, 1_000));
    mix(&ours, dataset, slice).await?; // a warm-up
    let slices = size.pick(1, 10, 30);
    let undisturbed = mix(&ours, dataset, slice * slices).await?;

    let sweeper = Sweeper::new(
        Arc::new(store),
        Arc::new(SystemClock::default()),
        SweepOptions::new(),
    );
    let begun = Instant::now();
    let sweep = tokio::spawn(async move { (sweeper.sweep().await, begun.elapsed()) });
    let mut during = Driven::default();
    while !sweep.is_finished() {
        during.add(mix(&ours, dataset, slice).await?);
    }
    let (swept, time) = sweep.await?;

    let mut table = Table::new(&["95/5 mix, 16 callers", "ops/s", "p50 ms", "p99 ms"]);
    table.row(&line("no sweep", undisturbed));
    table.row(&line("during a sweep", during));
    println!(
        "{table}\nThe sweep removed {} rows in {:.1} s.",
        swept?,
        time.as_secs_f64()
    );
    Ok(())
}

async fn mix(ours: &Arc<Ours>, dataset: Dataset, time: Duration) -> Outcome<Driven> {
    let cell = Cell {
        work: Work::Mix,
        callers: 16,
        rows: dataset.rows,
        bytes: dataset.bytes,
    };
    let load = Load {
        callers: cell.callers,
        time,
        records: true,
    };
    let ours = Arc::clone(ours);
    let driven = drive(load, move |random| {
        let ours = Arc::clone(&ours);
        async move { ours.operation(cell, random).await }
    });
    driven.await.without_failures()
}

fn line(name: &str, mut driven: Driven) -> Vec<String> {
    let rate = driven.per_second();
    let mut percentile = |percent| f64::from(percentile(&mut driven.latencies, percent)) / 1e3;
    vec![
        name.to_owned(),
        format!("{rate:.0}"),
        format!("{:.2}", percentile(50)),
        format!("{:.2}", percentile(99)),
    ]
}
