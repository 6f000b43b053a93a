//! Whether callers who do not share a session wait for each other.
//!
//! Callers do a 95/5 mix, first undisturbed, then beside each of seven situations.

mod situation;

use std::sync::Arc;
use std::time::Duration;

use pgstore::PgStore;

use crate::Outcome;
use crate::arguments::Size;
use crate::compare::make_tables;
use crate::contestants::Ours;
use crate::dataset::Dataset;
use crate::drive::{Driven, Load, drive};
use crate::report::Table;
use crate::server::{Server, connect};
use crate::statistics::percentile;

use situation::Situation;

/// What the situations work on.
#[derive(Clone)]
pub(crate) struct Scene {
    ours: Arc<Ours>,
    size: Size,
    url: String,
    /// A connection to another database: it stays when new connections are refused.
    elsewhere: Arc<tokio_postgres::Client>,
}

impl Scene {
    /// The session that strangers lock. The others' callers do not ask for it.
    fn locked_visitor(&self) -> usize {
        self.ours.visitors() - 1
    }
}

/// Prints the others' latencies and failures in each situation.
pub(crate) async fn run(size: &Size) -> Outcome<()> {
    let dataset = Dataset {
        rows: size.pick(500, 50_000, 65_536),
        bytes: 200,
    };
    let server = Server::start(Duration::ZERO).await?;
    make_tables(&server).await?;
    dataset.fill(&server).await?;
    let mut table = Table::new(&[
        "situation",
        "ops/s",
        "p50 ms",
        "p99 ms",
        "undisturbed p99",
        "refused",
        "new connections",
        "the disturbance itself",
    ]);
    for situation in Situation::ALL {
        eprintln!("{situation}");
        let store = PgStore::connect(server.url()).await?;
        let scene = Scene {
            ours: Arc::new(Ours::over(store.clone(), dataset)?),
            size: *size,
            url: server.url().to_owned(),
            elsewhere: Arc::new(connect(&elsewhere(server.url())).await?),
        };
        situation.prepare(&server, &scene).await?;
        table.row(&measure(situation, &server, &scene).await?);
        store.close().await;
    }
    println!("{table}");
    Ok(())
}

fn elsewhere(url: &str) -> String {
    url.replace("/postgres?", "/template1?")
}

async fn measure(situation: Situation, server: &Server, scene: &Scene) -> Outcome<Vec<String>> {
    let time = Duration::from_millis(scene.size.pick(300, 6_000, 20_000));
    others(scene, time / 6).await; // a warm-up
    let mut undisturbed = others(scene, time / 2).await.without_failures()?;
    let received = server.connections_received()?;
    let disturbance = tokio::spawn(situation.disturb(scene.clone(), time));
    let mut disturbed = others(scene, time).await;
    let told = disturbance.await??;
    let received = server.connections_received()? - received;
    let rate = disturbed.per_second();
    let milliseconds = |driven: &mut Driven, percent| {
        format!(
            "{:.2}",
            f64::from(percentile(&mut driven.latencies, percent)) / 1e3
        )
    };
    Ok(vec![
        situation.to_string(),
        format!("{rate:.0}"),
        milliseconds(&mut disturbed, 50),
        milliseconds(&mut disturbed, 99),
        milliseconds(&mut undisturbed, 99),
        disturbed.failed.to_string(),
        received.to_string(),
        told,
    ])
}

/// Callers with other sessions: 95 reads to 5 saves.
async fn others(scene: &Scene, time: Duration) -> Driven {
    let load = Load {
        callers: 16,
        time,
        records: true,
    };
    let ours = Arc::clone(&scene.ours);
    let visitors = scene.locked_visitor();
    let driven = drive(load, move |mut random| {
        let ours = Arc::clone(&ours);
        async move {
            let visitor = random.below(visitors);
            match random.below(100) {
                0..5 => ours.save(visitor, &mut random).await,
                _ => ours.read(visitor).await,
            }
        }
    });
    driven.await
}
