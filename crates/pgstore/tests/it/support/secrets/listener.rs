//! Hears every event and span of `tracing` and every record of `log`, of whatever level and target.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::capture::heard;

/// Makes this process talk to the capture.
pub(super) fn listen() {
    tracing::subscriber::set_global_default(Listener).expect("nobody else listens");
    log::set_logger(&Listener).expect("nobody else listens");
    log::set_max_level(log::LevelFilter::Trace);
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let mut said = Said::by(span.metadata());
        span.record(&mut said);
        heard(span.metadata().target(), said.0);
        Id::from_u64(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut said = Said(String::new());
        values.record(&mut said);
        heard("span", said.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::by(event.metadata());
        event.record(&mut said);
        heard(event.metadata().target(), said.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let said = format_args!("{} {}", record.level(), record.args());
        heard(record.target(), said);
    }

    fn flush(&self) {}
}

/// An event's level and fields.
struct Said(String);

impl Said {
    fn by(metadata: &Metadata<'_>) -> Self {
        Self(format!("{} {}", metadata.level(), metadata.name()))
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}"); // A `String` takes everything.
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let _ = write!(self.0, " {field}={}", super::shown::Telling(error));
    }
}
