//! Contestants that run in this process, with our callers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Round;
use crate::drive::{Load, drive};
use crate::random::Random;
use crate::work::{Cell, Work};
use crate::{Outcome, cpu};

/// What one operation answers.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Outcome<()>> + Send + 'a>>;

/// A contestant in this process.
pub(crate) trait InProcess: Send + Sync + 'static {
    /// Does one operation, for a visitor that `random` chooses.
    fn operation<'a>(&'a self, cell: Cell, random: Random) -> Answer<'a>;
}

/// Runs the callers for a while.
pub(super) async fn round(
    contestant: &Arc<dyn InProcess>,
    cell: Cell,
    time: Duration,
) -> Outcome<Round> {
    let load = Load {
        callers: cell.callers,
        time,
        records: false,
    };
    let contestant = Arc::clone(contestant);
    let before = cpu::of_client();
    let driven = drive(load, move |random| {
        let contestant = Arc::clone(&contestant);
        async move { contestant.operation(cell, random).await }
    });
    let driven = driven.await.without_failures()?;
    let cpu = cpu::of_client() - before;
    Ok(Round {
        operations: driven.operations as f64,
        ops_per_s: driven.per_second(),
        client_us: cpu.as_secs_f64() * 1e6 / driven.operations.max(1) as f64,
    })
}

/// Which of reading and saving an operation of a mix does: 5 of 100 save.
pub(super) fn of_mix(random: &mut Random) -> Work {
    match random.below(100) {
        0..5 => Work::Save,
        _ => Work::Read,
    }
}
