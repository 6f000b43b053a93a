//! IDs that another one has replaced.

use std::sync::Arc;

use super::list;
use super::support::{ageing, at, fresh, insert, load, put, renaming, row, saves};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{OwnerColumn, Which, Written};
use crate::store::{Renaming, Retired, Retirement, Revocation, Row, RowExtras, Store};

list![
    a_key_that_was_never_replaced_is_not_retired,
    a_replaced_key_is_dead_until_it_is_forgotten,
    an_honoured_key_leads_to_the_session_until_it_is_dead,
    a_key_replaced_whatever_its_version_is_retired_likewise,
    a_rename_that_misses_retires_nothing,
    an_honoured_key_leads_to_the_session_as_it_is_now,
    a_session_remembers_the_last_key_alone,
    the_end_of_a_session_is_the_end_of_its_last_key,
    a_change_of_owner_ends_the_grace,
    a_write_by_somebody_else_ends_the_grace_for_good,
    a_session_past_its_time_is_not_led_to,
    a_row_that_is_not_the_newest_is_not_led_to,
];

async fn retired(store: &Arc<dyn Store>, id: &SessionId, seconds: i64) -> Option<Retired> {
    let retired = store.retired(id, at(seconds)).await;
    retired.expect("a key is looked up")
}

/// A new ID in passing: the old one is honoured for half a minute, and remembered for one.
fn gently<'a>(old: &'a SessionId, seen: Option<Timestamp>, new: &'a SessionId) -> Renaming<'a> {
    Renaming {
        retirement: Retirement {
            until: at(60),
            previous_grace_until: Some(at(30)),
        },
        ..renaming(old, seen, new)
    }
}

/// A session that has just got another ID in passing: the old one and the new one.
async fn rotated(store: &Arc<dyn Store>) -> (SessionId, SessionId) {
    let (old, new) = (put(store, &row("before")).await, fresh());
    assert!(saves(store.rename(gently(&old, Some(at(0)), &new), &row("after"))).await);
    (old, new)
}

fn led_to(id: &SessionId, row: &Row) -> Option<Retired> {
    Some(Retired::Honoured(id.clone(), Box::new(row.clone())))
}

async fn a_key_that_was_never_replaced_is_not_retired(store: Arc<dyn Store>) {
    let id = put(&store, &row("")).await;
    rotated(&store).await;
    for key in [id, fresh()] {
        assert_eq!(retired(&store, &key, 0).await, None);
    }
}

async fn a_replaced_key_is_dead_until_it_is_forgotten(store: Arc<dyn Store>) {
    let (old, new) = (put(&store, &row("before")).await, fresh());
    assert!(saves(store.rename(renaming(&old, Some(at(0)), &new), &row("after"))).await);
    assert_eq!(retired(&store, &old, 0).await, Some(Retired::Dead));
    assert_eq!(retired(&store, &old, 59).await, Some(Retired::Dead));
    assert_eq!(retired(&store, &old, 60).await, None);
    assert_eq!(retired(&store, &new, 0).await, None);
    assert_eq!(load(&store, &old).await, None);
}

async fn an_honoured_key_leads_to_the_session_until_it_is_dead(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    assert_eq!(retired(&store, &old, 0).await, led_to(&new, &row("after")));
    assert_eq!(retired(&store, &old, 29).await, led_to(&new, &row("after")));
    assert_eq!(retired(&store, &old, 30).await, Some(Retired::Dead));
    assert_eq!(retired(&store, &old, 60).await, None);
    assert_eq!(load(&store, &old).await, None);
}

async fn a_key_replaced_whatever_its_version_is_retired_likewise(store: Arc<dyn Store>) {
    let (one, other, new) = (put(&store, &row("")).await, fresh(), fresh());
    assert!(saves(store.rename(gently(&one, None, &other), &row("after"))).await);
    assert_eq!(
        retired(&store, &one, 0).await,
        led_to(&other, &row("after"))
    );
    assert!(saves(store.rename(renaming(&other, None, &new), &row("again"))).await);
    assert_eq!(retired(&store, &other, 0).await, Some(Retired::Dead));
}

async fn a_rename_that_misses_retires_nothing(store: Arc<dyn Store>) {
    let (old, new) = (put(&store, &row("")).await, fresh());
    let late = store
        .rename(gently(&old, Some(at(1)), &new), &row(""))
        .await;
    assert_eq!(late.ok(), Some(Written::Missed));
    assert_eq!(retired(&store, &old, 0).await, None);
}

async fn an_honoured_key_leads_to_the_session_as_it_is_now(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    let labelled = RowExtras {
        label: Some("a telephone".to_owned()),
        max_age: Some(60),
        ..row("").extras
    };
    let later = Row {
        extras: labelled,
        ..ageing("later", 1)
    };
    assert!(saves(store.update(&new, at(0), &later)).await);
    assert_eq!(retired(&store, &old, 2).await, led_to(&new, &later));
    assert!(saves(store.update(&new, at(1), &ageing("last", 2))).await);
    let last = ageing("last", 2);
    assert_eq!(retired(&store, &old, 2).await, led_to(&new, &last));
}

async fn a_session_remembers_the_last_key_alone(store: Arc<dyn Store>) {
    let (first, second) = rotated(&store).await;
    let third = fresh();
    assert!(saves(store.rename(gently(&second, Some(at(0)), &third), &row("third"))).await);
    assert_eq!(retired(&store, &first, 0).await, None);
    assert_eq!(
        retired(&store, &second, 0).await,
        led_to(&third, &row("third"))
    );

    // A login ends the grace.
    let fourth = fresh();
    assert!(saves(store.rename(renaming(&third, Some(at(0)), &fourth), &row("fourth"))).await);
    assert_eq!(retired(&store, &second, 0).await, None);
    assert_eq!(retired(&store, &third, 0).await, Some(Retired::Dead));
}

async fn the_end_of_a_session_is_the_end_of_its_last_key(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    assert_eq!(store.delete(&new).await.ok(), Some(1));
    assert_eq!(retired(&store, &old, 0).await, None);

    let (old, new) = rotated(&store).await;
    assert!(saves(store.delete_version(&new, at(0))).await);
    assert_eq!(retired(&store, &old, 0).await, None);

    let (old, new) = (put(&store, &row("")).await, fresh());
    let renaming = gently(&old, Some(at(0)), &new);
    assert!(saves(store.rename(renaming, &owned_by("alice", 0))).await);
    let all = Revocation {
        owner: "alice",
        which: Which::All,
        column: OwnerColumn::IsTheTruth,
    };
    store.revoke(&all).await.expect("it is revoked");
    assert_eq!(retired(&store, &old, 0).await, None);
}

fn owned_by(owner: &str, seconds: i64) -> Row {
    let extras = RowExtras {
        owner: Some(owner.to_owned()),
        ..row("").extras
    };
    Row {
        extras,
        ..ageing("owned", seconds)
    }
}

async fn a_change_of_owner_ends_the_grace(store: Arc<dyn Store>) {
    for (before, after) in [
        (row(""), owned_by("alice", 1)),
        (owned_by("alice", 0), ageing("", 1)),
        (owned_by("alice", 0), owned_by("bob", 1)),
    ] {
        let (old, new) = (put(&store, &row("")).await, fresh());
        assert!(saves(store.rename(gently(&old, Some(at(0)), &new), &before)).await);
        assert_eq!(retired(&store, &old, 1).await, led_to(&new, &before));
        assert!(saves(store.update(&new, at(0), &after)).await);
        assert_eq!(retired(&store, &old, 1).await, Some(Retired::Dead));
        // For good, also if it is undone.
        let undone = Row {
            modified_on: at(2),
            ..before
        };
        assert!(saves(store.update(&new, at(1), &undone)).await);
        assert_eq!(retired(&store, &old, 2).await, Some(Retired::Dead));
        assert_eq!(retired(&store, &old, 60).await, None);
    }
}

async fn a_write_by_somebody_else_ends_the_grace_for_good(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    let theirs = Row {
        extras: RowExtras::default(),
        ..ageing("theirs", 1)
    };
    assert!(saves(store.update(&new, at(0), &theirs)).await);
    assert_eq!(retired(&store, &old, 1).await, Some(Retired::Dead));
    assert!(saves(store.update(&new, at(1), &ageing("ours", 2))).await);
    assert_eq!(retired(&store, &old, 2).await, Some(Retired::Dead));
}

async fn a_session_past_its_time_is_not_led_to(store: Arc<dyn Store>) {
    let (old, new) = (put(&store, &row("")).await, fresh());
    let short = Row {
        expires_on: at(10),
        ..row("short")
    };
    assert!(saves(store.rename(gently(&old, Some(at(0)), &new), &short)).await);
    assert_eq!(retired(&store, &old, 9).await, led_to(&new, &short));
    assert_eq!(retired(&store, &old, 10).await, Some(Retired::Dead));
}

async fn a_row_that_is_not_the_newest_is_not_led_to(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    // As a peer in Go makes it.
    insert(&store, &new, &ageing("duplicate", 1)).await;
    assert_eq!(retired(&store, &old, 1).await, Some(Retired::Dead));
}
