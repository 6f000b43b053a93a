//! What was seen of the workload, which runs once for all trials.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use metrics::{Key, Unit};
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use super::recording::{Recording, record};
use super::workload;

/// What was seen of the workload.
pub(super) struct Seen {
    pub(super) recording: Recording,
    pub(super) series: Vec<Series>,
}

/// One series of a metric.
pub(super) struct Series {
    pub(super) key: Key,
    pub(super) kind: MetricKind,
    pub(super) unit: Option<Unit>,
    pub(super) description: String,
    pub(super) value: DebugValue,
}

pub(super) fn seen() -> &'static Seen {
    static SEEN: OnceLock<Seen> = OnceLock::new();
    SEEN.get_or_init(|| {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let recording = record(recorder, workload::run);
        let all = snapshotter.snapshot().into_vec().into_iter();
        let series = all.map(|(key, unit, description, value)| Series {
            kind: key.kind(),
            key: key.key().clone(),
            unit,
            description: description.map_or_else(String::new, |text| text.to_string()),
            value,
        });
        Seen {
            recording,
            series: series.collect(),
        }
    })
}

impl Series {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.key.labels();
        let label = labels.find(|label| label.key() == name);
        label.map(metrics::Label::value)
    }

    /// Whether anything was counted.
    pub(super) fn has_counted(&self) -> bool {
        match &self.value {
            DebugValue::Counter(count) => *count > 0,
            DebugValue::Gauge(_) => true,
            DebugValue::Histogram(values) => !values.is_empty(),
        }
    }
}

impl Seen {
    /// The series of a metric.
    pub(super) fn series(&self, name: &str) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(move |one| one.key.name() == name)
    }

    /// The values of each label of each metric.
    pub(super) fn labels(&self) -> BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> {
        let mut all = BTreeMap::<_, BTreeMap<_, BTreeSet<_>>>::new();
        for one in &self.series {
            let labels = all.entry(one.key.name()).or_default();
            for label in one.key.labels() {
                let values = labels.entry(label.key()).or_default();
                values.insert(label.value());
            }
        }
        all
    }
}
