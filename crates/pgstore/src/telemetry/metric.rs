//! The metrics: what each is called and counted in, and what it means.

use metrics::{KeyName, Metadata, Recorder, SharedString, Unit};

/// The origin that each metric names.
pub(super) static METADATA: Metadata<'static> =
    Metadata::new("pgstore", metrics::Level::INFO, Some("pgstore"));

#[derive(Clone, Copy)]
pub(super) enum MetricKind {
    Counter,
    Gauge,
    #[cfg(feature = "postgres")]
    Histogram,
}

/// A metric.
pub(super) struct Metric {
    pub(super) name: &'static str,
    kind: MetricKind,
    unit: Unit,
    meaning: &'static str,
}

impl Metric {
    const fn counter(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, MetricKind::Counter, Unit::Count, meaning)
    }

    const fn gauge(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, MetricKind::Gauge, Unit::Count, meaning)
    }

    const fn new(name: &'static str, kind: MetricKind, unit: Unit, meaning: &'static str) -> Self {
        Self {
            name,
            kind,
            unit,
            meaning,
        }
    }

    pub(super) fn describe(&self, recorder: &dyn Recorder) {
        let (name, unit) = (KeyName::from(self.name), Some(self.unit));
        let meaning = SharedString::from(self.meaning);
        match self.kind {
            MetricKind::Counter => recorder.describe_counter(name, unit, meaning),
            MetricKind::Gauge => recorder.describe_gauge(name, unit, meaning),
            #[cfg(feature = "postgres")]
            MetricKind::Histogram => recorder.describe_histogram(name, unit, meaning),
        }
    }
}

pub(super) static LOADS: Metric = Metric::counter(
    "pgstore.session.loads",
    "Lookups of a session by the ID in a cookie, by what they found",
);
pub(super) static SAVES: Metric = Metric::counter(
    "pgstore.session.saves",
    "Saves of a session that had something to do, by how they ended",
);
pub(super) static REPLAYS: Metric = Metric::counter(
    "pgstore.session.replays",
    "How often a save found that another request had saved first, and was repeated on its result",
);
pub(super) static CONFLICTS: Metric = Metric::counter(
    "pgstore.session.conflicts",
    "Values that a save was to set and that another request had changed meanwhile",
);
pub(super) static REFUSED_COOKIES: Metric = Metric::counter(
    "pgstore.cookies.refused",
    "Cookies that do not count, by the reason",
);
pub(super) static OLDER_KEYS: Metric = Metric::counter(
    "pgstore.older_keys",
    "Cookies and rows that were opened and that older keys had sealed",
);
pub(super) static PENDING_LOGOUTS: Metric = Metric::gauge(
    "pgstore.logouts.pending",
    "Logouts that the store could not take and that continue in the background",
);
pub(super) static GIVEN_UP_LOGOUTS: Metric = Metric::counter(
    "pgstore.logouts.given_up",
    "Logouts that were given up: their sessions live until they expire",
);
pub(super) static SWEEPS: Metric = Metric::counter(
    "pgstore.sweeps",
    "Sweeps of expired rows that have ended, by whether they failed",
);
pub(super) static SWEPT: Metric = Metric::counter(
    "pgstore.sweep.removed",
    "Expired rows that sweeps have removed",
);
pub(super) static SWEEP_LAG: Metric = Metric::new(
    "pgstore.sweep.lag",
    MetricKind::Gauge,
    Unit::Seconds,
    "For how long the oldest row had been expired when the last sweep began",
);
pub(super) static UNDELETABLE: Metric = Metric::gauge(
    "pgstore.sweep.undeletable",
    "Expired rows that the last sweep skipped because they cannot be removed",
);

#[cfg(feature = "postgres")]
pub(super) static DURATION: Metric = Metric::new(
    "db.client.operation.duration",
    MetricKind::Histogram,
    Unit::Seconds,
    "How long a statement took, from the wait for a connection to the answer",
);
#[cfg(feature = "postgres")]
pub(super) static BATCH_SIZE: Metric = Metric::new(
    "pgstore.batch.size",
    MetricKind::Histogram,
    Unit::Count,
    "How many callers' requests a statement carries, of the kinds that may carry several",
);
#[cfg(feature = "postgres")]
pub(super) static QUEUE_LENGTH: Metric = Metric::gauge(
    "pgstore.queue.length",
    "Callers that wait for the next statement of their kind",
);
#[cfg(feature = "postgres")]
pub(super) static QUEUE_REFUSED: Metric = Metric::counter(
    "pgstore.queue.refused",
    "Callers that were refused because too many waited",
);
#[cfg(feature = "postgres")]
pub(super) static CONNECTIONS: Metric = Metric::gauge(
    "pgstore.connections",
    "Connections of the store's own, by what they are doing",
);
#[cfg(feature = "postgres")]
pub(super) static FAILED_CONNECTIONS: Metric = Metric::counter(
    "pgstore.connections.failed",
    "Attempts to connect that failed",
);
#[cfg(feature = "postgres")]
pub(super) static LOST_CONNECTIONS: Metric = Metric::counter(
    "pgstore.connections.lost",
    "Connections that were lost, or given up because they did not answer",
);
