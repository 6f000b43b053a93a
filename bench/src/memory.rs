//! The memory of callers that wait for the database.

use std::sync::Arc;
use std::time::Duration;

use pgstore::PgStoreOptions;
use tokio::task::JoinSet;

use crate::arguments::Size;
use crate::compare::make_tables;
use crate::contestants::Ours;
use crate::dataset::Dataset;
use crate::server::{Server, connect};
use crate::{Outcome, cpu};

/// Lets callers wait for a locked table, and prints the resident memory before and meanwhile.
pub(crate) async fn run(size: &Size) -> Outcome<()> {
    let callers = size.pick(200, 10_000, 10_000);
    let server = Server::start(Duration::ZERO).await?;
    make_tables(&server).await?;
    let dataset = Dataset {
        rows: 10_000,
        bytes: 200,
    };
    dataset.fill(&server).await?;
    let patient = PgStoreOptions::new().deadline(Duration::from_secs(120));
    let ours = Arc::new(Ours::over(patient.connect(server.url()).await?, dataset)?);
    ours.read(0).await?;

    let stranger = connect(server.url()).await?;
    stranger
        .batch_execute("BEGIN; LOCK TABLE http_sessions IN ACCESS EXCLUSIVE MODE")
        .await?;
    let idle = cpu::resident_bytes();
    let mut waiting = JoinSet::new();
    for caller in 0..callers {
        let ours = Arc::clone(&ours);
        waiting.spawn(async move { ours.read(caller % ours.visitors()).await.is_ok() });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let meanwhile = cpu::resident_bytes();
    stranger.batch_execute("ROLLBACK").await?;
    let answered = waiting
        .join_all()
        .await
        .into_iter()
        .filter(|&ok| ok)
        .count();

    let more = meanwhile.saturating_sub(idle);
    println!(
        "{callers} callers waiting: {:.1} MB above {:.1} MB when idle, {} bytes for each; \
         {answered} of them answered afterwards",
        more as f64 / 1e6,
        idle as f64 / 1e6,
        more / callers as u64,
    );
    Ok(())
}
