//! Callers that save and read, and what each was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgstore::store::{Row, RowExtras, Written};
use pgstore::{PgStore, SessionId, Store, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::gaps::Gaps;
use crate::{DEADLINE, SLACK};

/// Between two saves of a caller.
const PAUSE: Duration = Duration::from_millis(30);

/// Callers at work.
pub(crate) struct Load {
    store: PgStore,
    stop: Arc<AtomicBool>,
    saving: JoinSet<Caller>,
    reading: JoinSet<Caller>,
}

/// What became of one caller's operations, and what it knows of its session.
#[derive(Default)]
struct Caller {
    session: Option<(SessionId, i64)>,
    report: Report,
}

/// What became of the operations.
#[derive(Clone, Copy, Default)]
pub(crate) struct Report {
    pub(crate) saved: u64,
    pub(crate) failed: u64,
    /// How long the slowest operation took.
    pub(crate) slowest: Duration,
    /// How many took longer than their deadline.
    pub(crate) late: u64,
    /// How many acknowledged saves are not there any more.
    pub(crate) lost: i64,
}

impl Load {
    pub(crate) fn start(
        store: &PgStore,
        saving: usize,
        reading: usize,
        saves: &Arc<Gaps>,
        reads: &Arc<Gaps>,
    ) -> Self {
        let mut load = Self {
            store: store.clone(),
            stop: Arc::default(),
            saving: JoinSet::new(),
            reading: JoinSet::new(),
        };
        for _ in 0..saving {
            let (store, stop) = (store.clone(), Arc::clone(&load.stop));
            load.saving.spawn(save(store, stop, Arc::clone(saves)));
        }
        for _ in 0..reading {
            let (store, stop) = (store.clone(), Arc::clone(&load.stop));
            load.reading.spawn(read(store, stop, Arc::clone(reads)));
        }
        load
    }

    /// Stops the callers and counts which acknowledged saves are missing.
    pub(crate) async fn finish(mut self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        let mut total = Report::default();
        while let Some(Ok(caller)) = self.reading.join_next().await {
            total.add(&caller.report);
        }
        while let Some(Ok(caller)) = self.saving.join_next().await {
            total.add(&caller.report);
            if let Some((id, number)) = caller.session {
                let found = self.store.load(&id, at(0)).await.ok();
                let row = found.and_then(|found| found.into_row());
                let there = row.map_or(-1, |row| number_of(&row));
                total.lost += (number - there).max(0);
            }
        }
        total
    }
}

impl Report {
    fn add(&mut self, other: &Report) {
        self.saved += other.saved;
        self.failed += other.failed;
        self.slowest = self.slowest.max(other.slowest);
        self.late += other.late;
        self.lost += other.lost;
    }

    /// Waits for an operation and notes how long it took.
    async fn timed<T, E>(&mut self, operation: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let begun = Instant::now();
        let outcome = operation.await;
        let took = begun.elapsed();
        self.slowest = self.slowest.max(took);
        self.late += u64::from(took > DEADLINE + SLACK);
        self.failed += u64::from(outcome.is_err());
        outcome
    }
}

/// Writes successive numbers to a session. After a failure it reads what is there.
async fn save(store: PgStore, stop: Arc<AtomicBool>, saves: Arc<Gaps>) -> Caller {
    let mut caller = Caller::default();
    while !stop.load(Ordering::Relaxed) {
        let outcome = match caller.session.take() {
            None => insert(&store, &mut caller).await,
            Some((id, number)) => update(&store, &mut caller, id, number).await,
        };
        if outcome {
            caller.report.saved += 1;
            saves.success();
            sleep(PAUSE).await;
        }
    }
    caller
}

async fn insert(store: &PgStore, caller: &mut Caller) -> bool {
    let Ok(id) = SessionId::generate() else {
        return false;
    };
    let row = numbered(0);
    let saved = caller.report.timed(store.insert(&id, &row)).await.is_ok();
    if saved {
        caller.session = Some((id, 0));
    }
    saved
}

async fn update(store: &PgStore, caller: &mut Caller, id: SessionId, number: i64) -> bool {
    let (seen, next) = (numbered(number).modified_on, numbered(number + 1));
    let operation = caller.report.timed(store.update(&id, seen, &next));
    if let Ok(Written::Saved) = operation.await {
        caller.session = Some((id, number + 1));
        return true;
    }
    // In doubt, or an acknowledged save was lost: what is there tells.
    let found = loop {
        match caller.report.timed(store.load(&id, at(0))).await {
            Ok(found) => break found.into_row(),
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    };
    let there = found.as_ref().map_or(-1, number_of);
    caller.report.lost += (number - there).max(0);
    caller.session = found.map(|row| (id, number_of(&row)));
    false
}

/// Reads one session again and again.
async fn read(store: PgStore, stop: Arc<AtomicBool>, reads: Arc<Gaps>) -> Caller {
    let mut caller = Caller::default();
    while !stop.load(Ordering::Relaxed) {
        let Ok(id) = SessionId::generate() else {
            continue;
        };
        if caller.report.timed(store.load(&id, at(0))).await.is_ok() {
            reads.success();
        }
        sleep(PAUSE).await;
    }
    caller
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_700_000_000_000_000 + micros)
}

/// A row that says how often it was written.
fn numbered(number: i64) -> Row {
    Row {
        data: number.to_string().into_bytes(),
        created_on: at(0),
        modified_on: at(number),
        expires_on: at(3_600_000_000),
        extras: RowExtras {
            save_token: Some(number),
            ..RowExtras::default()
        },
    }
}

fn number_of(row: &Row) -> i64 {
    row.modified_on.unix_micros() - at(0).unix_micros()
}
