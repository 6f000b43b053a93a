//! IDs that were replaced: how long they lead to the session, and how long they are known.

use std::sync::Arc;

use super::behaviour::list;
use super::support::{ageing, at, fresh, id_change, insert, load, look_up, put, row, saves};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{IdChange, Lookup, PreviousId, Revocation, Row, RowExtras, Store};
use crate::store::{OwnerColumn, SweepBatch, Which, Written};

list![
    an_id_that_was_never_replaced_is_absent,
    a_replaced_id_answers_replaced_until_it_is_forgotten,
    an_id_in_its_grace_time_leads_to_the_session,
    an_id_replaced_without_a_version_is_remembered_likewise,
    a_rename_that_misses_remembers_nothing,
    an_id_in_its_grace_time_leads_to_the_session_as_it_is_now,
    every_id_of_a_chain_leads_to_the_session,
    a_login_kills_every_earlier_id,
    a_session_ends_by_any_of_its_ids,
    an_id_stays_known_as_replaced_after_the_session_has_ended,
    the_grace_time_ends_after_the_new_id_has_come_back,
    only_the_first_confirmation_counts,
    a_confirmation_changes_neither_the_row_nor_a_session_that_did_not_rotate,
    a_save_keeps_an_id_unconfirmed,
    several_ids_are_looked_up_like_one,
    a_sweep_forgets_ids_that_end_nothing_any_more,
    a_change_of_owner_ends_the_grace_time,
    a_write_by_another_program_ends_the_grace_time_for_good,
    an_id_does_not_lead_to_an_expired_session,
    an_id_does_not_lead_to_a_row_that_is_not_the_newest,
];

/// What an ID leads to, without regard to whether the row's ID is confirmed.
async fn lookup(store: &Arc<dyn Store>, id: &SessionId, seconds: i64) -> Lookup {
    plainly(look_up(store, id, at(seconds)).await)
}

fn plainly(lookup: Lookup) -> Lookup {
    lookup.map(|mut row| {
        row.extras.id_is_unconfirmed = false;
        row
    })
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

async fn every_id_of_a_chain_leads_to_the_session(store: Arc<dyn Store>) {
    let (first, second) = rotated(&store).await;
    let third = fresh();
    assert!(saves(store.rename(gently(&second, Some(at(0)), &third), &row("third"))).await);
    for old in [&first, &second] {
        assert_eq!(lookup(&store, old, 29).await, found(&third, &row("third")));
        assert_eq!(lookup(&store, old, 30).await, Lookup::Replaced);
    }
}

async fn a_login_kills_every_earlier_id(store: Arc<dyn Store>) {
    let (first, second) = rotated(&store).await;
    let third = fresh();
    let login = IdChange {
        previous: PreviousId {
            until: at(90),
            grace_until: None,
        },
        ..id_change(&second, Some(at(0)), &third)
    };
    assert!(saves(store.rename(login, &row("third"))).await);
    for old in [&first, &second] {
        assert_eq!(lookup(&store, old, 89).await, Lookup::Replaced);
        assert_eq!(lookup(&store, old, 90).await, Lookup::Absent);
    }
    // A later rotation does not revive them.
    let fourth = fresh();
    assert!(saves(store.rename(gently(&third, Some(at(0)), &fourth), &row("fourth"))).await);
    assert_eq!(lookup(&store, &first, 1).await, Lookup::Replaced);
    assert_eq!(lookup(&store, &second, 1).await, Lookup::Replaced);
    assert!(lookup(&store, &third, 1).await.row().is_some());
}

async fn a_session_ends_by_any_of_its_ids(store: Arc<dyn Store>) {
    for used in 0..4 {
        let (first, second) = rotated(&store).await;
        let (third, fourth) = (fresh(), fresh());
        assert!(saves(store.rename(id_change(&second, Some(at(0)), &third), &row("3"))).await);
        assert!(saves(store.rename(gently(&third, Some(at(0)), &fourth), &row("4"))).await);
        let ids = [first, second, third, fourth];
        assert_eq!(store.delete(&ids[used]).await.ok(), Some(1));
        for id in &ids {
            assert_eq!(load(&store, id).await, None);
            assert_eq!(store.delete(id).await.ok(), Some(0));
        }
    }
}

async fn an_id_stays_known_as_replaced_after_the_session_has_ended(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    assert_eq!(store.delete(&new).await.ok(), Some(1));
    assert_eq!(lookup(&store, &old, 0).await, Lookup::Replaced);
    assert_eq!(lookup(&store, &new, 0).await, Lookup::Absent);

    let (old, new) = rotated(&store).await;
    assert!(saves(store.delete_version(&new, at(0))).await);
    assert_eq!(lookup(&store, &old, 0).await, Lookup::Replaced);

    let (old, new) = (put(&store, &row("")).await, fresh());
    let id_change = gently(&old, Some(at(0)), &new);
    assert!(saves(store.rename(id_change, &owned_by("alice", 0))).await);
    let all = Revocation {
        owner: "alice",
        which: Which::All,
        column: OwnerColumn::IsTheTruth,
    };
    store.revoke(&all).await.expect("it is revoked");
    assert_eq!(lookup(&store, &old, 59).await, Lookup::Replaced);
    assert_eq!(lookup(&store, &old, 60).await, Lookup::Absent);
}

/// A session after a gentle rotation whose old ID leads to it until its end, and its two IDs.
async fn rotated_for_long(store: &Arc<dyn Store>) -> (SessionId, SessionId) {
    let (old, new) = (put(store, &row("before")).await, fresh());
    let change = IdChange {
        previous: PreviousId {
            until: at(60),
            grace_until: Some(at(3600)),
        },
        ..id_change(&old, Some(at(0)), &new)
    };
    assert!(saves(store.rename(change, &row("after"))).await);
    (old, new)
}

async fn is_unconfirmed(store: &Arc<dyn Store>, id: &SessionId) -> bool {
    let row = load(store, id).await.expect("there is a row");
    row.extras.id_is_unconfirmed
}

async fn confirm(store: &Arc<dyn Store>, id: &SessionId, until: i64, grace_until: i64) {
    let confirmed = store.confirm(id, at(until), at(grace_until)).await;
    confirmed.expect("it is confirmed");
}

async fn the_grace_time_ends_after_the_new_id_has_come_back(store: Arc<dyn Store>) {
    let (old, new) = rotated_for_long(&store).await;
    assert!(is_unconfirmed(&store, &new).await);
    assert!(lookup(&store, &old, 1000).await.row().is_some());
    confirm(&store, &new, 1060, 1030).await;
    assert!(!is_unconfirmed(&store, &new).await);
    assert_eq!(lookup(&store, &old, 1029).await, found(&new, &row("after")));
    assert_eq!(lookup(&store, &old, 1030).await, Lookup::Replaced);
    assert_eq!(lookup(&store, &old, 1060).await, Lookup::Absent);
}

async fn only_the_first_confirmation_counts(store: Arc<dyn Store>) {
    let (old, new) = rotated_for_long(&store).await;
    confirm(&store, &new, 60, 30).await;
    confirm(&store, &new, 160, 130).await;
    assert_eq!(lookup(&store, &old, 30).await, Lookup::Replaced);
    // That of a later ID does not lengthen it either.
    let third = fresh();
    let (until, grace_until) = (at(160), Some(at(3600)));
    let change = IdChange {
        previous: PreviousId { until, grace_until },
        ..id_change(&new, Some(at(0)), &third)
    };
    assert!(saves(store.rename(change, &row("third"))).await);
    confirm(&store, &third, 160, 130).await;
    assert_eq!(lookup(&store, &old, 30).await, Lookup::Replaced);
    assert_eq!(
        lookup(&store, &new, 129).await,
        found(&third, &row("third"))
    );
    assert_eq!(lookup(&store, &new, 130).await, Lookup::Replaced);
}

async fn a_confirmation_changes_neither_the_row_nor_a_session_that_did_not_rotate(
    store: Arc<dyn Store>,
) {
    let id = put(&store, &row("")).await;
    confirm(&store, &id, 60, 30).await;
    confirm(&store, &fresh(), 60, 30).await;
    assert_eq!(load(&store, &id).await, Some(row("")));
    let (_, new) = rotated_for_long(&store).await;
    confirm(&store, &new, 60, 30).await;
    assert_eq!(load(&store, &new).await, Some(row("after")));
    assert!(saves(store.update(&new, at(0), &ageing("later", 1))).await);
}

async fn a_save_keeps_an_id_unconfirmed(store: Arc<dyn Store>) {
    let (_, new) = rotated_for_long(&store).await;
    assert!(saves(store.update(&new, at(0), &ageing("later", 1))).await);
    assert!(is_unconfirmed(&store, &new).await);
    confirm(&store, &new, 60, 30).await;
    assert!(saves(store.update(&new, at(1), &ageing("last", 2))).await);
    assert!(!is_unconfirmed(&store, &new).await);
}

async fn several_ids_are_looked_up_like_one(store: Arc<dyn Store>) {
    let (old, new) = rotated(&store).await;
    let (dead, alive) = (put(&store, &row("")).await, fresh());
    assert!(saves(store.rename(id_change(&dead, Some(at(0)), &alive), &row("alive"))).await);
    let ids = [fresh(), old, dead, alive, new];
    let mut singly = Vec::new();
    for id in &ids {
        singly.push(lookup(&store, id, 1).await);
    }
    let found = store.load_all(&ids, at(1)).await.expect("they are found");
    let found: Vec<_> = found.into_iter().filter_map(Result::ok).collect();
    assert_eq!(found.into_iter().map(plainly).collect::<Vec<_>>(), singly);
    let none = store.load_all(&[], at(1)).await.expect("nothing is found");
    assert!(none.is_empty());
}

async fn a_sweep_forgets_ids_that_end_nothing_any_more(store: Arc<dyn Store>) {
    const HOUR: i64 = 3600;
    let (old, new) = rotated(&store).await;
    let last = Row {
        expires_on: at(100 * HOUR),
        ..ageing("last", 1)
    };
    assert!(saves(store.update(&new, at(0), &last)).await);
    sweep_at(&store, 2 * HOUR).await;
    assert_eq!(
        store.delete(&old).await.ok(),
        Some(1),
        "it still ends the session"
    );

    let (old, new) = rotated(&store).await;
    assert!(saves(store.update(&new, at(0), &last)).await);
    sweep_at(&store, 4 * HOUR).await;
    assert_eq!(store.delete(&old).await.ok(), Some(0), "it is forgotten");
    assert_eq!(store.delete(&new).await.ok(), Some(1));
}

async fn sweep_at(store: &Arc<dyn Store>, seconds: i64) {
    let batch = SweepBatch::new(at(seconds), at(seconds), 100);
    store.sweep(&batch).await.expect("it sweeps");
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
