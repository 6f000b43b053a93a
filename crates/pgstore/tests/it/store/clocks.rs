//! This machine's clock compared with the server's.

use std::time::Duration;

use pgstore::testing::TestClock;
use pgstore::{Clock, PgStoreOptions, Store, SystemClock, Timestamp};

use super::things::{at, fresh};
use crate::support::database::Database;
use crate::support::log;
use crate::support::{apply, trial};

/// What the log says about clocks while a store with this clock connects and loads.
async fn said_of(clock: impl Clock) -> Vec<String> {
    let database = Database::fresh().await;
    database.store().await;
    let url = database.url();
    let heard = log::heard(|| async move {
        let options = PgStoreOptions::new().connections(1).clock(clock);
        let store = options.connect(&url).await.unwrap();
        for _ in 0..3 {
            store.load(&fresh(), at(0)).await.unwrap();
        }
        store.close().await;
    });
    let about_clocks = |event: &String| event.contains("clock differs from");
    heard.into_iter().filter(about_clocks).collect()
}

#[apply(trial)]
async fn a_clock_far_off_the_servers_warns_once_for_each_connection() {
    let events = said_of(TestClock::at(4_102_444_800)).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].contains("Level(Warn)"), "{events:?}");
    assert!(events[0].contains("seconds_ahead: "), "{events:?}");
    assert!(!events[0].contains("seconds_ahead: -"), "{events:?}");
    let events = said_of(TestClock::at(0)).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].contains("seconds_ahead: -"), "{events:?}");
}

#[apply(trial)]
async fn a_clock_close_to_the_servers_logs_nothing() {
    #[derive(Debug)]
    struct Ahead(Duration);
    impl Clock for Ahead {
        fn now(&self) -> Timestamp {
            SystemClock::default().now().plus(self.0)
        }
    }
    for seconds in [0, 50] {
        let events = said_of(Ahead(Duration::from_secs(seconds))).await;
        assert!(events.is_empty(), "{events:?}");
    }
    let events = said_of(Ahead(Duration::from_secs(70))).await;
    assert_eq!(events.len(), 1, "{events:?}");
}
