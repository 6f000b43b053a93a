//! Concurrent callers, and callers that drop their calls.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use tokio::task::JoinSet;

use super::behaviour::list;
use super::support::{ageing, at, delete, fresh, id_change, insert, load, put, row};
use crate::id::SessionId;
use crate::store::{
    OwnerColumn, Revocation, Revoked, Row, RowExtras, Store, StoreError, Which, Written,
};

list![
    of_updates_at_the_same_time_one_succeeds,
    of_renames_at_the_same_time_one_succeeds,
    of_an_update_and_a_rename_at_the_same_time_one_succeeds,
    of_an_update_and_a_delete_of_that_version_at_the_same_time_one_succeeds,
    a_delete_wins_over_updates_at_the_same_time,
    revoking_until_nothing_is_seen_wins_over_renames_at_the_same_time,
    a_hundred_callers_each_find_their_own_row,
    callers_that_drop_their_calls_leave_the_store_usable,
];

async fn of_updates_at_the_same_time_one_succeeds(store: Arc<dyn Store>) {
    let id = fresh();
    insert(&store, &id, &row("as new")).await;
    insert(&store, &id, &row("as that")).await;
    let mut updates = JoinSet::new();
    for number in 0..10 {
        let (store, id) = (Arc::clone(&store), id.clone());
        let written = ageing("after", 1 + number);
        updates.spawn(async move { store.update(&id, at(0), &written).await });
    }
    assert_eq!(saved(&updates.join_all().await), 1);
    let found = load(&store, &id).await.map(|row| row.data);
    assert_eq!(found.as_deref(), Some(&b"after"[..]));
}

/// How many writes took effect. None may have failed.
fn saved(outcomes: &[Result<Written, StoreError>]) -> usize {
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let saved = |outcome: &&Result<_, _>| matches!(outcome, Ok(Written::Saved));
    outcomes.iter().filter(saved).count()
}

async fn of_renames_at_the_same_time_one_succeeds(store: Arc<dyn Store>) {
    let old = put(&store, &row("")).await;
    let mut renames = JoinSet::new();
    for _ in 0..10 {
        let (store, old) = (Arc::clone(&store), old.clone());
        renames.spawn(async move {
            let (new, row) = (fresh(), row(""));
            store.rename(id_change(&old, Some(at(0)), &new), &row).await
        });
    }
    assert_eq!(saved(&renames.join_all().await), 1);
    assert_eq!(load(&store, &old).await, None);
}

async fn of_an_update_and_a_rename_at_the_same_time_one_succeeds(store: Arc<dyn Store>) {
    for _ in 0..50 {
        let (old, new) = (put(&store, &row("before")).await, fresh());
        let (updated, renamed) = (ageing("updated", 1), ageing("renamed", 1));
        let outcomes = tokio::join!(
            store.update(&old, at(0), &updated),
            store.rename(id_change(&old, Some(at(0)), &new), &renamed),
        );
        assert_eq!(saved(&[outcomes.0, outcomes.1]), 1);
        match load(&store, &old).await {
            Some(found) => assert_eq!((found, load(&store, &new).await), (updated, None)),
            None => assert_eq!(load(&store, &new).await, Some(renamed)),
        }
    }
}

async fn of_an_update_and_a_delete_of_that_version_at_the_same_time_one_succeeds(
    store: Arc<dyn Store>,
) {
    for _ in 0..50 {
        let id = put(&store, &row("before")).await;
        let updated = ageing("updated", 1);
        let outcomes = tokio::join!(
            store.update(&id, at(0), &updated),
            store.delete_version(&id, at(0)),
        );
        let was_updated = matches!(outcomes.0, Ok(Written::Saved));
        assert_eq!(saved(&[outcomes.0, outcomes.1]), 1);
        let expected = was_updated.then_some(updated);
        assert_eq!(load(&store, &id).await, expected);
    }
}

async fn a_delete_wins_over_updates_at_the_same_time(store: Arc<dyn Store>) {
    let id = put(&store, &row("")).await;
    let mut updates = JoinSet::new();
    for _ in 0..10 {
        let (store, id) = (Arc::clone(&store), id.clone());
        updates.spawn(async move { store.update(&id, at(0), &row("late")).await });
    }
    delete(&store, &id).await;
    for outcome in updates.join_all().await {
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    assert_eq!(load(&store, &id).await, None);
}

async fn revoking_until_nothing_is_seen_wins_over_renames_at_the_same_time(store: Arc<dyn Store>) {
    let owned = Row {
        extras: RowExtras {
            owner: Some("alice".to_owned()),
            ..row("").extras
        },
        ..row("")
    };
    let all = Revocation {
        owner: "alice",
        which: Which::All,
        column: OwnerColumn::IsTheTruth,
    };
    for _ in 0..5 {
        let mut renames = JoinSet::new();
        for _ in 0..10 {
            let id = put(&store, &owned).await;
            renames.spawn(rename_repeatedly(Arc::clone(&store), id, owned.clone()));
        }
        let mut times = 0;
        while !matches!(store.revoke(&all).await, Ok(Revoked { seen: 0, .. })) {
            times += 1;
            assert!(times < 1000, "revoking does not end");
        }
        for last in renames.join_all().await {
            assert_eq!(load(&store, &last).await, None);
        }
        let left = store.owned("alice", at(0)).await;
        assert_eq!(left.ok(), Some(Vec::new()));
    }
}

/// Gives a session new IDs until it is removed. Returns its last ID.
async fn rename_repeatedly(store: Arc<dyn Store>, mut id: SessionId, row: Row) -> SessionId {
    loop {
        let new = fresh();
        match store.rename(id_change(&id, Some(at(0)), &new), &row).await {
            Ok(Written::Saved) => id = new,
            Ok(Written::Missed) => return id,
            // It may fail against so many others; the session is unchanged then.
            Err(error) => assert!(error.is_unavailable() && !error.is_in_doubt()),
        }
    }
}

async fn a_hundred_callers_each_find_their_own_row(store: Arc<dyn Store>) {
    let mut callers = JoinSet::new();
    for number in 0..100 {
        let store = Arc::clone(&store);
        callers.spawn(async move {
            let mine = row(&format!("row {number}"));
            let id = put(&store, &mine).await;
            assert_eq!(load(&store, &id).await, Some(mine));
            assert_eq!(delete(&store, &id).await, 1);
            assert_eq!(load(&store, &id).await, None);
        });
    }
    callers.join_all().await;
}

async fn callers_that_drop_their_calls_leave_the_store_usable(store: Arc<dyn Store>) {
    let (id, row) = (fresh(), row(""));
    for _ in 0..20 {
        begin(store.insert(&id, &row)).await;
        begin(store.update(&id, at(0), &row)).await;
        begin(store.load(&id, row.modified_on)).await;
        begin(store.delete(&id)).await;
    }
    let id = fresh();
    insert(&store, &id, &row).await;
    assert_eq!(load(&store, &id).await, Some(row));
}

/// Polls a future once, so that its statement is sent, and drops it.
async fn begin<T>(future: impl Future<Output = T>) {
    let mut future = std::pin::pin!(future);
    poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}
