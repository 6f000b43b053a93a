//! What the crate and its dependencies log, as text.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// Runs a task on a thread and a runtime of its own, and returns every event of it.
pub(crate) fn heard<F: Future<Output = ()>>(task: impl FnOnce() -> F + Send + 'static) -> String {
    let log = Log::default();
    let heard = Arc::clone(&log.0);
    let on_one_thread = std::thread::spawn(move || {
        // With a single dispatcher, tracing caches that others' threads are not interested.
        let _another = Dispatch::new(Log::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        tracing::subscriber::with_default(log, || runtime.block_on(task()));
    });
    on_one_thread.join().unwrap();
    std::mem::take(&mut heard.lock().unwrap())
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{}:", event.metadata().level()));
        event.record(&mut line);
        *self.0.lock().unwrap() += &format!("{}\n", line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
