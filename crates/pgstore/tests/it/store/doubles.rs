//! The stores for tests: one records its calls, one fails on command.

use std::sync::Arc;
use std::time::Duration;

use pgstore::store::conformance::behaviours;
use pgstore::store::{Fault, FaultyStore, SpyStore, Written};
use pgstore::{MemoryStore, Store, StoreErrorKind};

use super::things::{at, fresh, row};
use crate::support::{apply, trial};

#[apply(trial)]
async fn a_wrapped_store_behaves_like_the_store_inside() {
    for behaviour in behaviours() {
        let store = SpyStore::new(FaultyStore::new(MemoryStore::new()));
        behaviour.check(Arc::new(store)).await;
    }
}

#[apply(trial)]
async fn calls_are_recorded_by_name_in_order() {
    let (store, id) = (SpyStore::<MemoryStore>::default(), fresh());
    store.insert(&id, &row("")).await.unwrap();
    store.probe().await.unwrap();
    store.clone().load(&id, at(0)).await.unwrap();
    assert_eq!(store.calls(), ["insert", "probe", "load"]);
    store.inner().load(&id, at(0)).await.unwrap();
    assert!(store.calls().is_empty());
}

#[apply(trial)]
async fn a_held_call_waits_before_it_reaches_the_store() {
    let (store, id) = (SpyStore::<MemoryStore>::default(), fresh());
    let held = store.hold();
    let first = tokio::spawn({
        let (store, id) = (store.clone(), id.clone());
        async move { store.insert(&id, &row("")).await }
    });
    held.reached().await;
    assert!(store.inner().is_empty());
    assert_eq!(store.delete(&id).await.unwrap(), 0, "other calls proceed");
    held.release();
    first.await.unwrap().unwrap();
    assert_eq!(store.inner().len(), 1);
}

#[apply(trial)]
async fn a_call_that_fails_does_not_reach_the_store() {
    let (store, id) = (FaultyStore::<MemoryStore>::default(), fresh());
    for kind in [StoreErrorKind::Unavailable, StoreErrorKind::Forbidden] {
        store.next(Fault::Fails(kind));
        let error = store.insert(&id, &row("")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_in_doubt()), (kind, false));
        assert!(store.inner().is_empty());
    }
}

#[apply(trial)]
async fn a_lost_answer_of_a_write_is_in_doubt_and_of_a_read_is_not() {
    let (store, id) = (FaultyStore::<MemoryStore>::default(), fresh());
    store.next(Fault::LosesTheAnswer);
    let error = store.insert(&id, &row("")).await.unwrap_err();
    assert!(error.is_unavailable() && error.is_in_doubt());
    assert_eq!(store.inner().len(), 1, "the store performed it");
    store.next(Fault::LosesTheAnswer);
    let error = store.load(&id, at(0)).await.unwrap_err();
    assert!(error.is_unavailable() && !error.is_in_doubt());
}

#[apply(trial)]
async fn a_call_without_an_answer_waits_until_it_is_released() {
    let (store, id) = (FaultyStore::<MemoryStore>::default(), fresh());
    let after = row("");
    for release in [FaultyStore::release, FaultyStore::mend] {
        store.next(Fault::NeverAnswers);
        let mut insert = store.insert(&id, &after);
        let waited = tokio::time::timeout(Duration::from_millis(10), &mut insert).await;
        assert!(waited.is_err());
        assert!(store.inner().is_empty());
        release(&store);
        insert.await.unwrap();
        assert_eq!(store.delete(&id).await.unwrap(), 1);
    }
}

#[apply(trial)]
async fn a_call_that_is_dropped_while_it_waits_does_nothing() {
    let (store, id) = (FaultyStore::<MemoryStore>::default(), fresh());
    store.next(Fault::NeverAnswers);
    let after = row("");
    let insert = store.insert(&id, &after);
    assert!(tokio::time::timeout(Duration::ZERO, insert).await.is_err());
    store.release();
    assert!(store.inner().is_empty());
}

#[apply(trial)]
async fn a_call_panics_on_command() {
    let (store, id) = (FaultyStore::<MemoryStore>::default(), fresh());
    store.next(Fault::Panics);
    let panics = tokio::spawn({
        let (store, id) = (store.clone(), id.clone());
        async move { store.insert(&id, &row("")).await }
    });
    assert!(panics.await.unwrap_err().is_panic());
    assert!(store.inner().is_empty());
    store.insert(&id, &row("")).await.unwrap();
}

#[apply(trial)]
async fn faults_apply_in_order_and_those_of_a_method_after_them() {
    let (store, id) = (FaultyStore::<MemoryStore>::default(), fresh());
    let [slow, gone] = [StoreErrorKind::Timeout, StoreErrorKind::Unavailable];
    store.every("update", Fault::Fails(gone));
    store.next(Fault::Fails(slow));
    store.next(Fault::LosesTheAnswer);
    let after = row("");
    let mut kinds = Vec::new();
    for _ in 0..4 {
        let outcome = store.update(&id, at(0), &after).await;
        kinds.push(outcome.map_err(|error| (error.kind(), error.is_in_doubt())));
    }
    let expected = [(slow, false), (gone, true), (gone, false), (gone, false)];
    assert_eq!(kinds, expected.map(Err));
    assert_eq!(store.delete(&id).await.unwrap(), 0, "other methods work");
    store.mend();
    let outcome = store.update(&id, at(0), &after).await;
    assert_eq!(outcome.unwrap(), Written::Missed);
}

#[apply(trial)]
async fn a_fault_of_an_unknown_method_is_refused() {
    let refused = tokio::spawn(async {
        FaultyStore::<MemoryStore>::default().every("lode", Fault::Panics);
    });
    assert!(refused.await.unwrap_err().is_panic());
}
