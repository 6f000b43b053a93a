//! What operators hear.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use serde_json::json;
use time::{Duration, OffsetDateTime};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id as SessionId, Record};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::support::Database;

#[tokio::test]
async fn a_save_of_an_ended_session_is_an_event_without_its_id_and_values() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut record = Record {
        id: SessionId::default(),
        data: HashMap::from([("user".to_owned(), json!("ada"))]),
        expiry_date: OffsetDateTime::now_utc() + Duration::hours(1),
    };
    store.create(&mut record).await.unwrap();
    store.delete(&record.id).await.unwrap();

    let heard = Heard::default();
    let listening = tracing::subscriber::set_default(heard.clone());
    store.save(&record).await.unwrap_err();
    drop(listening);
    let events = heard.0.lock().unwrap();
    assert_eq!(events.matches("has ended").count(), 1, "{events}");
    assert!(!events.contains(&record.id.to_string()) && !events.contains("ada"));
}

/// The events of this thread, from the level INFO on.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<String>>);

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &SpanRecord<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}
