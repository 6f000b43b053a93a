//! Whether processes that save the same sessions at the same time lock each other out.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use pgstore::PgStore;
use tokio::process::Command;
use tokio_postgres::Client;

use crate::Outcome;
use crate::arguments::{LocksArguments, Size};
use crate::compare::make_tables;
use crate::contestants::Ours;
use crate::dataset::Dataset;
use crate::drive::{Driven, Load, drive};
use crate::random::Random;
use crate::report::Table;
use crate::server::{Server, connect};

/// Every second save is of one of so many sessions, so that batches of both processes have the same rows.
const CONTESTED: usize = 100;

const BYTES: usize = 200;

/// What many write who are new to it: one statement for many rows, in the order in which they were asked for.
const NAIVE: &str = "
    UPDATE http_sessions AS row
       SET modified_on = modified_on + interval '1 us'
      FROM unnest($1::bytea[]) AS given (key)
     WHERE row.key = given.key";

/// Prints what two processes did, and how often the server had to end a deadlock of theirs.
pub(crate) async fn run(size: &Size) -> Outcome<()> {
    let time = size.pick(1, 5, 20);
    let mut table = Table::new(&[
        "rows",
        "writers",
        "saves",
        "refused",
        "deadlocks",
        "a refusal",
    ]);
    for &rows in size.pick(&[1_000][..], &[1_000, 10_000], &[1_000, 10_000, 1_000_000]) {
        let dataset = Dataset { rows, bytes: BYTES };
        let server = Server::start(Duration::ZERO).await?;
        make_tables(&server).await?;
        dataset.fill(&server).await?;
        let ours = two_processes(&server, rows, time).await?;
        table.row(&line(rows, "ours, two processes", &ours, &server).await?);
        let naive = naive(&server, dataset, time).await?;
        table.row(&line(rows, "naive batches, two connections", &naive, &server).await?);
    }
    println!("{table}");
    Ok(())
}

/// What one of the processes does: it saves, and prints its result for the one that has started it.
pub(crate) async fn save(arguments: &LocksArguments) -> Outcome<()> {
    let dataset = Dataset {
        rows: arguments.rows,
        bytes: BYTES,
    };
    let store = PgStore::connect(&arguments.url).await?;
    let ours = Arc::new(Ours::over(store.clone(), dataset)?);
    let load = Load {
        callers: 64,
        time: Duration::from_secs(arguments.seconds),
        records: false,
    };
    let driven = drive(load, move |mut random| {
        let ours = Arc::clone(&ours);
        async move {
            let visitor = contested(ours.visitors(), &mut random);
            ours.save(visitor, &mut random).await
        }
    });
    let driven = driven.await;
    store.close().await;
    let failure = driven.failure.unwrap_or_default();
    println!("{} {} {failure}", driven.operations, driven.failed);
    Ok(())
}

fn contested(visitors: usize, random: &mut Random) -> usize {
    match random.below(2) {
        0 => random.below(visitors),
        _ => random.below(visitors.min(CONTESTED)),
    }
}

async fn two_processes(server: &Server, rows: u32, seconds: u64) -> Outcome<Driven> {
    let process = || {
        Command::new(std::env::current_exe()?)
            .args(["locks-of-one", server.url()])
            .args([rows.to_string(), seconds.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    };
    let mut both = Driven::default();
    for process in [process()?, process()?] {
        let output = process.wait_with_output().await?;
        both.add(read(&String::from_utf8_lossy(&output.stdout))?);
    }
    Ok(both)
}

/// What a process has printed.
fn read(line: &str) -> Outcome<Driven> {
    let mut words = line.trim().splitn(3, ' ');
    let mut number = || words.next().unwrap_or_default().parse();
    let (operations, failed) = (number()?, number()?);
    let failure = words.next().map(str::to_owned);
    Ok(Driven {
        operations,
        failed,
        failure,
        ..Driven::default()
    })
}

/// The same with [`NAIVE`], to show that such deadlocks would be seen.
async fn naive(server: &Server, dataset: Dataset, seconds: u64) -> Outcome<Driven> {
    let keys = Arc::new(dataset.keys());
    let time = Duration::from_secs(seconds);
    let (one, other) = (connect(server.url()).await?, connect(server.url()).await?);
    let both = tokio::join!(
        updates(one, Arc::clone(&keys), time),
        updates(other, keys, time)
    );
    let mut all = both.0;
    all.add(both.1);
    all.operations *= BATCH as u64;
    Ok(all)
}

async fn updates(client: Client, keys: Arc<Vec<Vec<u8>>>, time: Duration) -> Driven {
    let client = Arc::new(client);
    let load = Load {
        callers: 1,
        time,
        records: false,
    };
    let driven = drive(load, move |random| {
        let (client, keys) = (Arc::clone(&client), Arc::clone(&keys));
        async move { update_some(&client, &keys, random).await }
    });
    driven.await
}

const BATCH: usize = 32;

async fn update_some(client: &Client, keys: &[Vec<u8>], mut random: Random) -> Outcome<()> {
    let visitors = (0..BATCH).map(|_| contested(keys.len(), &mut random));
    let batch: Vec<_> = visitors.map(|visitor| &keys[visitor]).collect();
    client.execute(NAIVE, &[&batch]).await?;
    Ok(())
}

async fn line(rows: u32, writers: &str, driven: &Driven, server: &Server) -> Outcome<Vec<String>> {
    Ok(vec![
        rows.to_string(),
        writers.to_owned(),
        driven.operations.to_string(),
        driven.failed.to_string(),
        deadlocks(server).await?.to_string(),
        driven.failure.clone().unwrap_or_default(),
    ])
}

/// How many deadlocks there were since the last call. A server process reports its own when it ends.
async fn deadlocks(server: &Server) -> Outcome<i64> {
    let admin = &server.admin;
    let alone = "SELECT count(*) FROM pg_stat_activity
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while admin.query_one(alone, &[]).await?.try_get::<_, i64>(0)? > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let deadlocks = admin.query_one(count, &[]).await?.try_get(0)?;
    let reset = "SELECT pg_stat_reset()";
    admin.batch_execute(reset).await?;
    Ok(deadlocks)
}
