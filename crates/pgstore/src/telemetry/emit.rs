//! Counts with the recorder that the application has installed in the crate `metrics`.

use std::fmt;
use std::sync::LazyLock;

use metrics::{Counter, Gauge, Key, Label, with_recorder};

use super::SweepFigures;
use super::metric::{self, METADATA, Metric};
use super::{Conflicting, CookieKind, CookieRefusal, LoadOutcome, SaveOutcome, Sealed};

/// The keys of a metric's series, one for each word of a label. They are made once, so that counting
/// allocates nothing.
type Series = LazyLock<Vec<Key>>;

static LOADS: Series = LazyLock::new(|| series(&metric::LOADS, "outcome", LoadOutcome::WORDS));
static SAVES: Series = LazyLock::new(|| series(&metric::SAVES, "outcome", SaveOutcome::WORDS));
static CONFLICTS: Series =
    LazyLock::new(|| series(&metric::CONFLICTS, "outcome", Conflicting::WORDS));
static OLDER_KEYS: Series = LazyLock::new(|| series(&metric::OLDER_KEYS, "sealed", Sealed::WORDS));
static REFUSED_COOKIES: LazyLock<Vec<Vec<Key>>> = LazyLock::new(|| {
    let of_kind = |kind: &&'static str| {
        let reasons = CookieRefusal::WORDS.iter();
        let labels = |reason: &&'static str| vec![label("cookie", kind), label("reason", reason)];
        let keys = reasons.map(|reason| key(&metric::REFUSED_COOKIES, labels(reason)));
        keys.collect()
    };
    CookieKind::WORDS.iter().map(of_kind).collect()
});
static REPLAYS: LazyLock<Key> = LazyLock::new(|| key(&metric::REPLAYS, Vec::new()));
static PENDING_LOGOUTS: LazyLock<Key> = LazyLock::new(|| key(&metric::PENDING_LOGOUTS, Vec::new()));
static GIVEN_UP_LOGOUTS: LazyLock<Key> =
    LazyLock::new(|| key(&metric::GIVEN_UP_LOGOUTS, Vec::new()));

/// One of the things that a gauge counts. Dropping it ends it.
///
/// It keeps the recorder that it began with, so that a recorder which is installed later never counts
/// an end without its beginning.
pub(crate) struct Gauged(Gauge);

impl Gauged {
    pub(super) fn new(key: &Key) -> Self {
        let gauge = with_recorder(|recorder| recorder.register_gauge(key, &METADATA));
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for Gauged {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

impl fmt::Debug for Gauged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gauged")
    }
}

/// Tells the recorder what the metrics of sessions mean, and begins their counts at zero: the first event
/// of a kind is seen as an increase then.
pub(crate) fn describe_sessions() {
    describe(&[
        &metric::LOADS,
        &metric::SAVES,
        &metric::REPLAYS,
        &metric::CONFLICTS,
        &metric::REFUSED_COOKIES,
        &metric::OLDER_KEYS,
        &metric::PENDING_LOGOUTS,
        &metric::GIVEN_UP_LOGOUTS,
        &metric::SWEEPS,
        &metric::SWEPT,
        &metric::SWEEP_LAG,
        &metric::UNDELETABLE,
    ]);
    let of_one_label = [&LOADS, &SAVES, &CONFLICTS, &OLDER_KEYS].into_iter();
    let alone = [&*REPLAYS, &*GIVEN_UP_LOGOUTS].into_iter();
    for key in alone
        .chain(of_one_label.flat_map(|series| series.iter()))
        .chain(REFUSED_COOKIES.iter().flatten())
    {
        count(key, 0);
    }
    drop(pending_logout());
}

pub(super) fn describe(all: &[&Metric]) {
    with_recorder(|recorder| all.iter().for_each(|metric| metric.describe(recorder)));
}

pub(crate) fn loaded(outcome: LoadOutcome) {
    count(&LOADS[outcome as usize], 1);
}

pub(crate) fn saved(outcome: SaveOutcome) {
    count(&SAVES[outcome as usize], 1);
}

pub(crate) fn replayed() {
    count(&REPLAYS, 1);
}

pub(crate) fn conflicting(outcome: Conflicting, values: u64) {
    if values > 0 {
        count(&CONFLICTS[outcome as usize], values);
    }
}

pub(crate) fn cookie_refused(kind: CookieKind, reason: CookieRefusal) {
    count(&REFUSED_COOKIES[kind as usize][reason as usize], 1);
}

pub(crate) fn has_older_keys(sealed: Sealed) {
    count(&OLDER_KEYS[sealed as usize], 1);
}

/// A logout continues in the background until this is dropped.
pub(crate) fn pending_logout() -> Gauged {
    Gauged::new(&PENDING_LOGOUTS)
}

pub(crate) fn logout_given_up() {
    count(&GIVEN_UP_LOGOUTS, 1);
}

/// A sweep has ended. `table`: that of the store, if it has a name.
pub(crate) fn swept(table: Option<&str>, sweep: SweepFigures) {
    let table: Vec<_> = table.map(collection).into_iter().collect();
    let outcome = label("outcome", if sweep.has_failed { "failed" } else { "done" });
    let sweeps = [&table[..], &[outcome]].concat();
    count(&key(&metric::SWEEPS, sweeps), 1);
    count(&key(&metric::SWEPT, table.clone()), sweep.removed);
    set(
        &key(&metric::SWEEP_LAG, table.clone()),
        sweep.lag.as_secs_f64(),
    );
    // A count of rows is far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    set(&key(&metric::UNDELETABLE, table), sweep.undeletable as f64);
}

pub(super) fn count(key: &Key, more: u64) {
    let counter: Counter = with_recorder(|recorder| recorder.register_counter(key, &METADATA));
    counter.increment(more);
}

fn set(key: &Key, value: f64) {
    with_recorder(|recorder| recorder.register_gauge(key, &METADATA)).set(value);
}

fn series(metric: &Metric, name: &'static str, words: &[&'static str]) -> Vec<Key> {
    let words = words.iter();
    words
        .map(|word| key(metric, vec![label(name, word)]))
        .collect()
}

pub(super) fn key(metric: &Metric, labels: Vec<Label>) -> Key {
    Key::from_parts(metric.name, labels)
}

pub(super) fn label(name: &'static str, word: &'static str) -> Label {
    Label::from_static_parts(name, word)
}

/// The label that names a store's table.
pub(super) fn collection(table: &str) -> Label {
    Label::new("db.collection.name", table.to_owned())
}
