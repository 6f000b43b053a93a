//! Contestants that run in this process, with our callers.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::task::unconstrained;

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

/// Heap allocations of one operation, which must not wait for anything. Tokio's budget for one poll
/// does not count: it is for one operation, and this is many.
pub(super) fn allocations(contestant: &dyn InProcess, cell: Cell) -> Outcome<f64> {
    let mut random = Random::new();
    let mut waited = false;
    let counted = allocation_counter::measure(|| {
        for _ in 0..ALLOCATING {
            let operation = pin!(unconstrained(contestant.operation(cell, random.fork())));
            let mut context = Context::from_waker(Waker::noop());
            waited |= operation.poll(&mut context).is_pending();
        }
    });
    match waited {
        true => Err("it waited for something".into()),
        false => Ok(counted.count_total as f64 / f64::from(ALLOCATING)),
    }
}

/// Over how many operations allocations are averaged.
const ALLOCATING: u32 = 1_000;

/// Which of reading and saving an operation of a mix does: 5 of 100 save.
pub(super) fn of_mix(random: &mut Random) -> Work {
    match random.below(100) {
        0..5 => Work::Save,
        _ => Work::Read,
    }
}
