//! The meters of one store. Their series name its table.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use metrics::{Key, Label, with_recorder};

use super::emit::{Gauged, collection, count, describe, key, label};
use super::metric::{self, METADATA, Metric};
use super::{ConnectionPhase, Operation, Table};

/// Measures the statements of a store. Clones are the same.
#[derive(Clone)]
pub(crate) struct StoreMeter(Arc<Meters>);

struct Meters {
    tables: [Label; 2],
    /// By table and operation.
    durations: [Vec<Key>; 2],
    connections: ConnectionMeter,
}

/// Counts the connections of a store.
#[derive(Clone)]
pub(crate) struct ConnectionMeter(Arc<ConnectionKeys>);

struct ConnectionKeys {
    phases: Vec<Key>,
    failed: Key,
    lost: Key,
}

/// Measures a queue of callers.
#[derive(Clone)]
pub(crate) struct QueueMeter(Arc<QueueKeys>);

struct QueueKeys {
    length: Key,
    refused: Key,
    batch_size: Key,
}

/// How long a statement takes.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl StoreMeter {
    /// The meter of a store with these tables.
    pub(crate) fn new(sessions: &str, earlier_ids: &str) -> Self {
        describe(&[
            &metric::DURATION,
            &metric::BATCH_SIZE,
            &metric::QUEUE_LENGTH,
            &metric::QUEUE_REFUSED,
            &metric::CONNECTIONS,
            &metric::FAILED_CONNECTIONS,
            &metric::LOST_CONNECTIONS,
        ]);
        let tables = [collection(sessions), collection(earlier_ids)];
        let durations = tables.each_ref().map(|table| {
            let operations = Operation::WORDS.iter();
            let keys = operations.map(|word| key(&metric::DURATION, of_statement(table, word)));
            keys.collect()
        });
        let connections = ConnectionMeter::new(&tables[0]);
        Self(Arc::new(Meters {
            tables,
            durations,
            connections,
        }))
    }

    pub(crate) fn connections(&self) -> ConnectionMeter {
        self.0.connections.clone()
    }

    /// The meter of the queue for this kind of statement.
    pub(crate) fn queue(&self, operation: Operation, table: Table) -> QueueMeter {
        QueueMeter::new(operation, &self.0.tables[table as usize])
    }

    /// A statement has ended, perhaps with this type of error.
    pub(crate) fn ended(
        &self,
        began: &Stopwatch,
        operation: Operation,
        table: Table,
        error: Option<&str>,
    ) {
        let duration = began.0.elapsed().as_secs_f64();
        let key = &self.0.durations[table as usize][operation as usize];
        match error {
            None => record(key, duration),
            Some(error) => {
                let error = Label::new("error.type", error.to_owned());
                record(&key.with_extra_labels(vec![error]), duration);
            }
        }
    }
}

impl ConnectionMeter {
    fn new(table: &Label) -> Self {
        let of_store = |metric: &Metric| key(metric, vec![table.clone()]);
        let phases = ConnectionPhase::WORDS.iter();
        let phase = |word: &&'static str| {
            let labels = vec![table.clone(), label("state", word)];
            key(&metric::CONNECTIONS, labels)
        };
        let meter = Self(Arc::new(ConnectionKeys {
            phases: phases.map(phase).collect(),
            failed: of_store(&metric::FAILED_CONNECTIONS),
            lost: of_store(&metric::LOST_CONNECTIONS),
        }));
        count(&meter.0.failed, 0);
        count(&meter.0.lost, 0);
        meter
    }

    /// A connection is in this phase until the answer is dropped.
    pub(crate) fn is(&self, phase: ConnectionPhase) -> Gauged {
        Gauged::new(&self.0.phases[phase as usize])
    }

    /// An attempt to connect has failed.
    pub(crate) fn failed(&self) {
        count(&self.0.failed, 1);
    }

    /// A connection was lost.
    pub(crate) fn lost(&self) {
        count(&self.0.lost, 1);
    }
}

impl QueueMeter {
    fn new(operation: Operation, table: &Label) -> Self {
        let of_queue = |metric: &Metric| {
            let operation = label("db.operation.name", operation.word());
            key(metric, vec![table.clone(), operation])
        };
        let meter = Self(Arc::new(QueueKeys {
            length: of_queue(&metric::QUEUE_LENGTH),
            refused: of_queue(&metric::QUEUE_REFUSED),
            batch_size: of_queue(&metric::BATCH_SIZE),
        }));
        count(&meter.0.refused, 0);
        drop(meter.waits());
        meter
    }

    /// A caller waits until the answer is dropped.
    pub(crate) fn waits(&self) -> Gauged {
        Gauged::new(&self.0.length)
    }

    /// A caller was refused because too many wait.
    pub(crate) fn refused(&self) {
        count(&self.0.refused, 1);
    }

    /// A statement was sent for this many callers.
    pub(crate) fn sent(&self, requests: usize) {
        // There are 512 at most.
        #[allow(clippy::cast_precision_loss)]
        record(&self.0.batch_size, requests as f64);
    }
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

fn of_statement(table: &Label, operation: &'static str) -> Vec<Label> {
    vec![
        label("db.system.name", "postgresql"),
        table.clone(),
        label("db.operation.name", operation),
    ]
}

fn record(key: &Key, value: f64) {
    let histogram = with_recorder(|recorder| recorder.register_histogram(key, &METADATA));
    histogram.record(value);
}

/// They hold names alone, and many of them.
macro_rules! debug_as_name {
    ($($meter:ident),*) => {
        $(impl fmt::Debug for $meter {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($meter))
            }
        })*
    };
}

debug_as_name!(StoreMeter, ConnectionMeter, QueueMeter);
