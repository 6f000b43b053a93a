//! What the library logs.

use std::future::Future;
use std::sync::{Arc, Mutex};

use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// Runs a task on a thread and a runtime of its own, and returns every event and span of it, down
/// to the finest level, as text.
pub(crate) fn heard<F: Future<Output = ()>>(
    task: impl FnOnce() -> F + Send + 'static,
) -> Vec<String> {
    let log = Log::default();
    let heard = Arc::clone(&log.0);
    let on_one_thread = std::thread::spawn(move || {
        // While there is only one, an event that another thread is the first to come to is thought
        // to be of interest to nobody, for ever.
        let _another = Dispatch::new(Log::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the runtime starts");
        tracing::subscriber::with_default(log, || runtime.block_on(task()));
    });
    if let Err(panic) = on_one_thread.join() {
        std::panic::resume_unwind(panic);
    }
    std::mem::take(&mut heard.lock().expect("nobody panicked with it"))
}

/// Every event's fields, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.0.lock().unwrap().push(format!("{attributes:?}"));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.0.lock().unwrap().push(format!("{values:?}"));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
