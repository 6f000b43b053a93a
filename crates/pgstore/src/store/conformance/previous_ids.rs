//! IDs that were replaced: how long they lead to the session, and how long they are known.

use std::sync::Arc;

use super::behaviour::list;
use super::support::{ageing, at, fresh, id_change, insert, load, look_up, put, row, saves};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{IdChange, Lookup, PreviousId, Revocation, Row, RowExtras, Store};
use crate::store::{OwnerColumn, Which, Written};

list![
    an_id_that_was_never_replaced_is_absent,
    a_replaced_id_answers_replaced_until_it_is_forgotten,
    an_id_in_its_grace_time_leads_to_the_session,
    an_id_replaced_without_a_version_is_remembered_likewise,
    a_rename_that_misses_remembers_nothing,
    an_id_in_its_grace_time_leads_to_the_session_as_it_is_now,
    a_session_remembers_only_its_last_id,
    the_end_of_a_session_is_the_end_of_its_previous_id,
    a_change_of_owner_ends_the_grace_time,
    a_write_by_another_program_ends_the_grace_time_for_good,
    an_id_does_not_lead_to_an_expired_session,
    an_id_does_not_lead_to_a_row_that_is_not_the_newest,
];

async fn lookup(store: &Arc<dyn Store>, id: &SessionId, seconds: i64) -> Lookup {
    look_up(store, id, at(seconds)).await
}

/// A gentle rotation: the old ID leads to the session for 30 seconds and is known for 60.
fn gently<'a>(old: &'a SessionId, seen: Option<Timestamp>, new: &'a SessionId) -> IdChange<'a> {
    IdChange {
        previous: PreviousId {
            until: at(60),
            grace_until: Some(at(30)),
        },
        ..id_change(old, seen, new)
    }
}

/// A session after a gentle rotation: its old ID and its new one.
async fn rotated(store: &Arc<dyn Store>) -> (SessionId, SessionId) {
    let (old, new) = (put(store, &row("before")).await, fresh());
    assert!(saves(store.rename(gently(&old, Some(at(0)), &new), &row("after"))).await);
    (old, new)
}

fn found(id: &SessionId, row: &Row) -> Lookup {
    Lookup::Row(id.clone(), row.clone())
}

async fn an_id_that_was_never_replaced_is_absent(store: Arc<dyn Store>) {
    let id = put(&store, &row("")).await;
    rotated(&store).await;
    assert_eq!(lookup(&store, &id, 0).await, found(&id, &row("")));
    assert_eq!(lookup(&store, &fresh(), 0).await, Lookup::Absent);
}

async fn a_replaced_id_answers_replaced_until_it_is_forgotten(store: Arc<dyn Store>) {
    let (old, new) = (put(&store, &row("before")).await, fresh());
    assert!(saves(store.rename(id_change(&old, Some(at(0)), &new), &row("after"))).await);
    assert_eq!(lookup(&store, &old, 0).await, Lookup::Replaced);
    assert_eq!(lookup(&store, &old, 59).await, Lookup::Replaced);
    assert_eq!(lookup(&store, &old, 60).await, Lookup::Absent);
    assert_eq!(lookup(&store, &new, 0).await, found(&new, &row("after")));
    assert_eq!(load(&store, &old).await, None);
}

async fn an_id_in_its_grace_time_leads_to_the_session(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    assert_eq!(lookup(&store, &old, 0).await, found(&new, &row("after")));
    assert_eq!(lookup(&store, &old, 29).await, found(&new, &row("after")));
    assert_eq!(lookup(&store, &old, 30).await, Lookup::Replaced);
    assert_eq!(lookup(&store, &old, 60).await, Lookup::Absent);
    assert_eq!(load(&store, &old).await, None);
}

async fn an_id_replaced_without_a_version_is_remembered_likewise(store: Arc<dyn Store>) {
    let (one, other, new) = (put(&store, &row("")).await, fresh(), fresh());
    assert!(saves(store.rename(gently(&one, None, &other), &row("after"))).await);
    assert_eq!(lookup(&store, &one, 0).await, found(&other, &row("after")));
    assert!(saves(store.rename(id_change(&other, None, &new), &row("again"))).await);
    assert_eq!(lookup(&store, &other, 0).await, Lookup::Replaced);
}

async fn a_rename_that_misses_remembers_nothing(store: Arc<dyn Store>) {
    let (old, new) = (put(&store, &row("")).await, fresh());
    let late = store
        .rename(gently(&old, Some(at(1)), &new), &row(""))
        .await;
    assert_eq!(late.ok(), Some(Written::Missed));
    assert_eq!(lookup(&store, &old, 0).await, found(&old, &row("")));
    assert_eq!(lookup(&store, &new, 0).await, Lookup::Absent);
}

async fn an_id_in_its_grace_time_leads_to_the_session_as_it_is_now(store: Arc<dyn Store>) {
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
    assert_eq!(lookup(&store, &old, 2).await, found(&new, &later));
    assert!(saves(store.update(&new, at(1), &ageing("last", 2))).await);
    let last = ageing("last", 2);
    assert_eq!(lookup(&store, &old, 2).await, found(&new, &last));
}

async fn a_session_remembers_only_its_last_id(store: Arc<dyn Store>) {
    let (first, second) = rotated(&store).await;
    let third = fresh();
    assert!(saves(store.rename(gently(&second, Some(at(0)), &third), &row("third"))).await);
    assert_eq!(lookup(&store, &first, 0).await, Lookup::Absent);
    assert_eq!(
        lookup(&store, &second, 0).await,
        found(&third, &row("third"))
    );

    // A login ends the grace time.
    let fourth = fresh();
    assert!(saves(store.rename(id_change(&third, Some(at(0)), &fourth), &row("fourth"))).await);
    assert_eq!(lookup(&store, &second, 0).await, Lookup::Absent);
    assert_eq!(lookup(&store, &third, 0).await, Lookup::Replaced);
}

async fn the_end_of_a_session_is_the_end_of_its_previous_id(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    assert_eq!(store.delete(&new).await.ok(), Some(1));
    assert_eq!(lookup(&store, &old, 0).await, Lookup::Absent);

    let (old, new) = rotated(&store).await;
    assert!(saves(store.delete_version(&new, at(0))).await);
    assert_eq!(lookup(&store, &old, 0).await, Lookup::Absent);

    let (old, new) = (put(&store, &row("")).await, fresh());
    let id_change = gently(&old, Some(at(0)), &new);
    assert!(saves(store.rename(id_change, &owned_by("alice", 0))).await);
    let all = Revocation {
        owner: "alice",
        which: Which::All,
        column: OwnerColumn::IsTheTruth,
    };
    store.revoke(&all).await.expect("it is revoked");
    assert_eq!(lookup(&store, &old, 0).await, Lookup::Absent);
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

async fn a_change_of_owner_ends_the_grace_time(store: Arc<dyn Store>) {
    for (before, after) in [
        (row(""), owned_by("alice", 1)),
        (owned_by("alice", 0), ageing("", 1)),
        (owned_by("alice", 0), owned_by("bob", 1)),
    ] {
        let (old, new) = (put(&store, &row("")).await, fresh());
        assert!(saves(store.rename(gently(&old, Some(at(0)), &new), &before)).await);
        assert_eq!(lookup(&store, &old, 1).await, found(&new, &before));
        assert!(saves(store.update(&new, at(0), &after)).await);
        assert_eq!(lookup(&store, &old, 1).await, Lookup::Replaced);
        // For good, also if it is undone.
        let undone = Row {
            modified_on: at(2),
            ..before
        };
        assert!(saves(store.update(&new, at(1), &undone)).await);
        assert_eq!(lookup(&store, &old, 2).await, Lookup::Replaced);
        assert_eq!(lookup(&store, &old, 60).await, Lookup::Absent);
    }
}

async fn a_write_by_another_program_ends_the_grace_time_for_good(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    let theirs = Row {
        extras: RowExtras::default(),
        ..ageing("theirs", 1)
    };
    assert!(saves(store.update(&new, at(0), &theirs)).await);
    assert_eq!(lookup(&store, &old, 1).await, Lookup::Replaced);
    assert!(saves(store.update(&new, at(1), &ageing("ours", 2))).await);
    assert_eq!(lookup(&store, &old, 2).await, Lookup::Replaced);
}

async fn an_id_does_not_lead_to_an_expired_session(store: Arc<dyn Store>) {
    let (old, new) = (put(&store, &row("")).await, fresh());
    let short = Row {
        expires_on: at(10),
        ..row("short")
    };
    assert!(saves(store.rename(gently(&old, Some(at(0)), &new), &short)).await);
    assert_eq!(lookup(&store, &old, 9).await, found(&new, &short));
    assert_eq!(lookup(&store, &old, 10).await, Lookup::Replaced);
}

async fn an_id_does_not_lead_to_a_row_that_is_not_the_newest(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    // As a peer in Go makes it.
    insert(&store, &new, &ageing("duplicate", 1)).await;
    assert_eq!(lookup(&store, &old, 1).await, Lookup::Replaced);
}
