//! Removing expired rows.

use std::sync::Arc;

use super::behaviour::list;
use super::support::{at, browser, delete, ending, load, put, row};
use crate::clock::Timestamp;
use crate::store::{Store, SweepBatch, Swept};

list![
    sweeping_removes_what_expired_before_and_nothing_else,
    a_row_that_ends_with_the_browser_is_swept_once_it_is_idle,
    a_batch_is_bounded_and_the_oldest_go_first,
    batches_get_past_rows_that_stay,
    rows_that_expire_at_the_same_instant_do_not_stop_a_sweep,
    sweeping_an_empty_store_ends_at_once,
];

fn batch(limit: u32) -> SweepBatch {
    SweepBatch::new(at(0), at(-1000), limit)
}

async fn sweep(store: &Arc<dyn Store>, batch: &SweepBatch) -> Swept {
    store.sweep(batch).await.expect("a batch is swept")
}

/// Sweeps to the end: how many rows were removed, in how many batches.
async fn sweep_all(store: &Arc<dyn Store>, mut batch: SweepBatch) -> (u64, usize) {
    let mut removed = 0;
    for batches in 1..1000 {
        let swept = sweep(store, &batch).await;
        removed += swept.removed;
        match swept.next {
            Some(next) => batch = batch.after(next),
            None => return (removed, batches),
        }
    }
    panic!("the sweep does not end");
}

async fn sweeping_removes_what_expired_before_and_nothing_else(store: Arc<dyn Store>) {
    let expired = put(&store, &ending(-1)).await;
    let at_the_limit = put(&store, &ending(0)).await;
    let alive = put(&store, &row("alive")).await;
    let swept = sweep(&store, &batch(100)).await;
    assert_eq!((swept.removed, swept.next), (1, None));
    assert_eq!((swept.undeletable, swept.oldest), (0, Some(at(-1))));
    assert_eq!(delete(&store, &expired).await, 0);
    assert_eq!(delete(&store, &at_the_limit).await, 1);
    assert!(load(&store, &alive).await.is_some());
}

async fn a_row_that_ends_with_the_browser_is_swept_once_it_is_idle(store: Arc<dyn Store>) {
    let idle = put(&store, &browser(-1001)).await;
    let fresh = put(&store, &browser(-1000)).await;
    let swept = sweep(&store, &batch(100)).await;
    assert_eq!((swept.removed, swept.next, swept.oldest), (1, None, None));
    assert!(load(&store, &idle).await.is_none());
    assert!(load(&store, &fresh).await.is_some());
}

async fn a_batch_is_bounded_and_the_oldest_go_first(store: Arc<dyn Store>) {
    let youngest = put(&store, &ending(-1)).await;
    for seconds in 2..=7 {
        put(&store, &ending(-seconds)).await;
    }
    let first = sweep(&store, &batch(6)).await;
    assert_eq!(first.removed, 6);
    let next = first.next.expect("a full batch may have a next one");
    let second = sweep(&store, &batch(6).after(next)).await;
    assert_eq!((second.removed, second.next), (1, None));
    assert_eq!(delete(&store, &youngest).await, 0);
}

async fn batches_get_past_rows_that_stay(store: Arc<dyn Store>) {
    for seconds in 10..=20 {
        put(&store, &browser(-seconds)).await;
    }
    let expired = put(&store, &ending(-1)).await;
    let (removed, batches) = sweep_all(&store, batch(3)).await;
    assert_eq!(removed, 1);
    assert_eq!(batches, 5);
    assert_eq!(delete(&store, &expired).await, 0);
}

async fn rows_that_expire_at_the_same_instant_do_not_stop_a_sweep(store: Arc<dyn Store>) {
    for _ in 0..5 {
        put(&store, &browser(-10)).await;
    }
    for _ in 0..5 {
        put(&store, &ending(-10)).await;
    }
    let (removed, _) = sweep_all(&store, batch(2)).await;
    assert_eq!(removed, 5);
}

async fn sweeping_an_empty_store_ends_at_once(store: Arc<dyn Store>) {
    assert_eq!(sweep(&store, &batch(1)).await, Swept::new(0, None));
    let far = Timestamp::from_unix_micros(i64::MAX);
    let everything = SweepBatch::new(far, far, 1);
    assert_eq!(sweep(&store, &everything).await, Swept::new(0, None));
}
