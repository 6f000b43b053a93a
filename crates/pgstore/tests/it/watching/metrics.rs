//! The metrics: those that the manual lists, with labels from closed lists.

use std::collections::{BTreeMap, BTreeSet};

use metrics::Unit;
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use pgstore::PgStoreOptions;

use super::documented;
use super::recording::record;
use super::seen::{Series, seen};
use super::workload::OF_A_USER;
use crate::support::database::Database;
use crate::support::{apply, trial};

const LOADS: &[&str] = &[
    "found",
    "absent",
    "replaced",
    "expired",
    "undecodable",
    "unavailable",
    "error",
];

const SAVES: &[&str] = &[
    "inserted",
    "updated",
    "touched",
    "touch_overtaken",
    "touch_failed",
    "renamed",
    "deleted",
    "unchanged",
    "conflict",
    "gone",
    "contended",
    "unavailable",
    "error",
];

/// The values that a label of a metric may have.
fn allowed(metric: &str, label: &str) -> &'static [&'static str] {
    match (metric, label) {
        ("pgstore.session.loads", "outcome") => LOADS,
        ("pgstore.session.saves", "outcome") => SAVES,
        ("pgstore.session.conflicts", "outcome") => &["overwritten", "refused"],
        ("pgstore.sweeps", "outcome") => &["done", "failed"],
        (_, "cookie") => &["session", "csrf"],
        (_, "reason") => &[
            "too_long",
            "encoding",
            "not_signed",
            "date",
            "too_new",
            "expired",
            "not_decrypted",
            "content",
            "too_many",
        ],
        (_, "sealed") => &["cookie", "row"],
        (_, "state") => &["connecting", "open"],
        (_, "db.system.name") => &["postgresql"],
        (_, "db.collection.name") => &["http_sessions", "http_sessions_ids"],
        (_, "db.operation.name") => &[
            "SELECT",
            "INSERT",
            "UPDATE",
            "DELETE",
            "BATCH SELECT",
            "BATCH INSERT",
            "BATCH UPDATE",
            "BATCH DELETE",
        ],
        // 42P01: the workload asks a table that is missing. 57P01: it ends a connection.
        (_, "error.type") => &["42P01", "57P01", "timeout", "unavailable", "closed"],
        _ => &[],
    }
}

#[apply(trial)]
fn the_metrics_are_those_that_the_manual_lists() {
    let documented = documented::metrics();
    let seen = seen();
    let names: BTreeSet<_> = seen.labels().into_keys().collect();
    assert_eq!(names, documented.keys().copied().collect());
    for (name, documented) in documented {
        for one in seen.series(name) {
            let kind = match one.kind {
                MetricKind::Counter => "counter",
                MetricKind::Gauge => "gauge",
                MetricKind::Histogram => "histogram",
            };
            assert_eq!(kind, documented.kind, "{name}");
            let unit = one.unit.filter(|unit| *unit != Unit::Count);
            assert_eq!(unit.map(|unit| unit.as_str()), documented.unit, "{name}");
            assert!(!one.description.is_empty(), "{name}");
        }
        let labels = &seen.labels()[name];
        let labels: BTreeSet<_> = labels.keys().copied().collect();
        assert_eq!(labels, documented.labels, "{name}");
    }
}

#[apply(trial)]
fn the_workload_moves_each_metric() {
    let seen = seen();
    for name in documented::metrics().into_keys() {
        let has_counted = seen.series(name).any(Series::has_counted);
        assert!(has_counted, "{name} has counted nothing");
    }
    let counted = |name: &str, label: &str| -> BTreeSet<_> {
        let series = seen.series(name).filter(|one| one.has_counted());
        series.filter_map(|one| one.label(label)).collect()
    };
    let loads = ["absent", "expired", "found", "replaced", "undecodable"];
    assert_eq!(counted("pgstore.session.loads", "outcome"), loads.into());
    let saves = [
        "conflict",
        "deleted",
        "gone",
        "inserted",
        "renamed",
        "touched",
        "unavailable",
        "unchanged",
        "updated",
        "error",
    ];
    assert_eq!(counted("pgstore.session.saves", "outcome"), saves.into());
    let reasons = ["encoding", "not_signed", "too_long", "too_many"];
    assert_eq!(counted("pgstore.cookies.refused", "reason"), reasons.into());
    assert_eq!(
        counted("pgstore.older_keys", "sealed"),
        ["cookie", "row"].into()
    );
    let conflicts = counted("pgstore.session.conflicts", "outcome");
    assert_eq!(conflicts, ["overwritten", "refused"].into());
    let errors = counted("db.client.operation.duration", "error.type");
    assert!(
        errors.is_superset(&["42P01", "unavailable"].into()),
        "{errors:?}"
    );
    let batches = seen.series("pgstore.batch.size");
    let is_large = |one: &Series| match &one.value {
        DebugValue::Histogram(sizes) => sizes.iter().any(|size| size.0 > 10.0),
        _ => false,
    };
    assert!(batches.into_iter().any(is_large), "callers waited together");
}

#[apply(trial)]
fn every_label_is_from_a_closed_list() {
    for (metric, labels) in seen().labels() {
        for (label, values) in labels {
            let allowed: BTreeSet<_> = allowed(metric, label).iter().copied().collect();
            let others: Vec<_> = values.difference(&allowed).collect();
            assert!(others.is_empty(), "{metric} {label}: {others:?}");
        }
    }
}

#[apply(trial)]
fn the_manual_explains_each_word_of_a_label() {
    let manual = include_str!("../../../docs/operations.md");
    let explained: BTreeSet<_> = documented::quoted(manual).collect();
    let words = LOADS.iter().chain(SAVES);
    let of_cookies = allowed("pgstore.cookies.refused", "reason").iter();
    for word in words.chain(of_cookies) {
        assert!(explained.contains(word), "{word}");
    }
}

#[apply(trial)]
fn nothing_that_an_operator_sees_has_data_of_a_user() {
    let seen = seen();
    for one in &seen.series {
        let text = format!("{:?}", one.key);
        assert!(!text.contains(OF_A_USER), "{text}");
    }
    for span in seen.recording.spans() {
        let text = format!("{span:?}");
        assert!(!text.contains(OF_A_USER), "{text}");
    }
    let events = seen.recording.events();
    assert!(!events.is_empty());
    for (target, text) in events {
        assert!(!text.contains(OF_A_USER), "{target}: {text}");
    }
}

#[apply(trial)]
async fn gauges_return_to_where_they_were() {
    let at_the_end = gauges(async |database: Database| {
        let store = database.store().await;
        store.close().await;
    });
    for (name, value) in at_the_end {
        assert_eq!(value, 0.0, "{name}");
    }
    let in_between = gauges(async |database: Database| {
        let store = PgStoreOptions::new().connect(&database.url()).await;
        // Its connection stays open until the runtime has ended.
        std::mem::forget(store.unwrap());
    });
    assert_eq!(in_between["pgstore.connections open"], 1.0);
    assert_eq!(in_between["pgstore.connections connecting"], 0.0);
}

/// The gauges of the store when a task has ended.
fn gauges<F: Future<Output = ()>>(
    task: impl FnOnce(Database) -> F + Send + 'static,
) -> BTreeMap<String, f64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    record(recorder, async move || task(Database::fresh().await).await);
    let all = snapshotter.snapshot().into_vec().into_iter();
    let gauges = all.filter_map(|(key, _, _, value)| match value {
        DebugValue::Gauge(value) => {
            let state = key.key().labels().find(|label| label.key() == "state");
            let state = state.map_or("", metrics::Label::value);
            Some((format!("{} {state}", key.key().name()), value.0))
        }
        _ => None,
    });
    gauges.collect()
}
