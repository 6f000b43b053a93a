//! A subscriber that keeps spans and events, and a task that it and a recorder of metrics listen to.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics_util::debugging::DebuggingRecorder;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};
use tracing_core::span::Current;

/// A span, as it was when it ended.
#[derive(Clone, Debug)]
pub(crate) struct SpanRecord {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) target: &'static str,
    pub(crate) fields: BTreeMap<String, String>,
    /// Its place among all spans, and those of the span around it and of those that it follows from.
    pub(crate) parent: Option<usize>,
    pub(crate) follows: Vec<usize>,
}

impl SpanRecord {
    /// The value of a field; empty if it has none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// All that was heard of a task.
#[derive(Clone, Default)]
pub(crate) struct Recording(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    spans: Vec<SpanRecord>,
    metadata: Vec<&'static Metadata<'static>>,
    /// The target and the text of each event.
    events: Vec<(&'static str, String)>,
    /// The spans that are entered. The task has one thread.
    entered: Vec<Id>,
}

impl Recording {
    pub(crate) fn spans(&self) -> Vec<SpanRecord> {
        self.heard().spans.clone()
    }

    pub(crate) fn events(&self) -> Vec<(&'static str, String)> {
        self.heard().events.clone()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a task on a thread and a runtime of its own, where it is heard and its metrics are recorded.
pub(crate) fn record<F: Future<Output = ()>>(
    recorder: DebuggingRecorder,
    task: impl FnOnce() -> F + Send + 'static,
) -> Recording {
    let recording = Recording::default();
    let listener = recording.clone();
    let on_one_thread = std::thread::spawn(move || {
        // While there is only one, a callsite that another thread is the first to come to is thought
        // to be of interest to nobody, for ever.
        let _another = Dispatch::new(Recording::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the runtime starts");
        let run = || runtime.block_on(task());
        let run = || tracing::subscriber::with_default(listener, run);
        metrics::with_local_recorder(&recorder, run);
    });
    if let Err(panic) = on_one_thread.join() {
        std::panic::resume_unwind(panic);
    }
    recording
}

fn place(id: &Id) -> usize {
    usize::try_from(id.into_u64() - 1).expect("there are few spans")
}

impl Subscriber for Recording {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let (metadata, mut fields) = (attributes.metadata(), Fields::default());
        attributes.record(&mut fields);
        let mut heard = self.heard();
        let parent = match attributes.parent() {
            Some(parent) => Some(place(parent)),
            None if attributes.is_contextual() => heard.entered.last().map(place),
            None => None,
        };
        heard.metadata.push(metadata);
        heard.spans.push(SpanRecord {
            name: metadata.name(),
            level: *metadata.level(),
            target: metadata.target(),
            fields: fields.0,
            parent,
            follows: Vec::new(),
        });
        Id::from_u64(heard.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        self.heard().spans[place(id)].fields.extend(fields.0);
    }

    fn record_follows_from(&self, id: &Id, from: &Id) {
        self.heard().spans[place(id)].follows.push(place(from));
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let text = format!("{:?}", fields.0);
        self.heard().events.push((event.metadata().target(), text));
    }

    fn enter(&self, id: &Id) {
        self.heard().entered.push(id.clone());
    }

    fn exit(&self, id: &Id) {
        let mut heard = self.heard();
        if let Some(last) = heard.entered.iter().rposition(|entered| entered == id) {
            heard.entered.remove(last);
        }
    }

    fn current_span(&self) -> Current {
        let heard = self.heard();
        match heard.entered.last() {
            Some(id) => Current::new(id.clone(), heard.metadata[place(id)]),
            None => Current::none(),
        }
    }
}

/// The fields of a span or an event, as text.
#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        self.0.insert(field.name().to_owned(), text);
    }
}
