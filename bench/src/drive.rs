//! Callers that repeat one operation until their time is over.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Outcome;
use crate::random::Random;

/// What callers did together.
#[derive(Debug, Default)]
pub(crate) struct Driven {
    /// Operations that succeeded.
    pub(crate) operations: u64,
    /// Operations that failed, and the first failure.
    pub(crate) failed: u64,
    pub(crate) failure: Option<String>,
    /// From the first caller's start to the last one's end.
    pub(crate) elapsed: Duration,
    /// Of each operation, in microseconds, if [`Load::records`].
    pub(crate) latencies: Vec<u32>,
}

/// How many callers there are, for how long, and whether each latency is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) callers: usize,
    pub(crate) time: Duration,
    pub(crate) records: bool,
}

/// Runs `operation` in as many tasks as there are callers. Each has its own random numbers.
pub(crate) async fn drive<F, Operation>(load: Load, operation: Operation) -> Driven
where
    F: Future<Output = Outcome<()>> + Send + 'static,
    Operation: Fn(Random) -> F + Send + Sync + 'static,
{
    let operation = Arc::new(operation);
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..load.callers {
        let operation = Arc::clone(&operation);
        callers.spawn(call(load, begun, Random::new(), operation));
    }
    let mut all = Driven::default();
    while let Some(one) = callers.join_next().await {
        match one {
            Ok(one) => all.add(one),
            Err(panic) => all.fail(&panic.to_string()),
        }
    }
    all.elapsed = begun.elapsed();
    all
}

async fn call<F, Operation>(
    load: Load,
    begun: Instant,
    mut random: Random,
    operation: Arc<Operation>,
) -> Driven
where
    F: Future<Output = Outcome<()>> + Send + 'static,
    Operation: Fn(Random) -> F + Send + Sync + 'static,
{
    let mut driven = Driven::default();
    let mut now = begun.elapsed();
    while now < load.time {
        match operation(random.fork()).await {
            Ok(()) => driven.operations += 1,
            Err(failure) => driven.fail(&failure.to_string()),
        }
        let after = begun.elapsed();
        if load.records {
            let latency = u32::try_from((after - now).as_micros()).unwrap_or(u32::MAX);
            driven.latencies.push(latency);
        }
        now = after;
    }
    driven
}

impl Driven {
    /// Adds what others did at the same time, or, with their time, afterwards.
    pub(crate) fn add(&mut self, other: Driven) {
        self.elapsed += other.elapsed;
        self.operations += other.operations;
        self.failed += other.failed;
        self.failure = self.failure.take().or(other.failure);
        self.latencies.extend(other.latencies);
    }

    fn fail(&mut self, failure: &str) {
        self.failed += 1;
        self.failure.get_or_insert_with(|| failure.to_owned());
    }

    /// The same, unless an operation failed.
    pub(crate) fn without_failures(self) -> Outcome<Driven> {
        match &self.failure {
            None => Ok(self),
            Some(failure) => Err(format!("{} operations failed: {failure}", self.failed).into()),
        }
    }

    /// Operations per second.
    pub(crate) fn per_second(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }
}
