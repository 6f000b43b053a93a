//! One caller; keys with one row or several.

use std::sync::Arc;

use super::behaviour::list;
use super::support::{
    ageing, at, browser, delete, fresh, id_change, insert, load, load_at, put, row, saves,
};
use crate::clock::Timestamp;
use crate::store::{Row, Store, Written};

list![
    a_key_without_a_row_loads_as_none,
    a_row_loads_as_it_was_inserted,
    data_may_be_empty_large_or_any_bytes,
    times_keep_their_microseconds_on_either_side_of_the_epochs,
    an_expired_row_does_not_load,
    a_row_that_ends_with_the_browser_loads_at_any_time,
    the_newest_of_several_rows_loads,
    of_equally_new_rows_the_last_one_inserted_loads,
    an_expired_newest_row_hides_older_ones,
    an_update_replaces_everything_but_created_on,
    an_update_moves_the_beginning_back_and_never_forward,
    updating_another_version_writes_nothing,
    updating_a_version_that_is_not_the_newest_writes_nothing,
    a_version_may_go_back_in_time,
    an_update_of_one_of_two_equally_new_rows_is_what_loads,
    updating_what_is_not_there_writes_nothing,
    renaming_moves_the_session_to_the_new_key,
    renaming_takes_every_row_of_the_old_key,
    renaming_another_version_changes_nothing,
    renaming_without_a_version_takes_rows_of_any_version,
    renaming_what_is_not_there_writes_nothing,
    deleting_takes_every_row_of_the_key_and_no_other,
    deleting_nothing_is_no_error,
    deleting_a_version_takes_every_row_of_the_key,
    deleting_another_version_takes_nothing,
    what_was_deleted_does_not_come_back,
];

async fn a_key_without_a_row_loads_as_none(store: Arc<dyn Store>) {
    assert_eq!(load(&store, &fresh()).await, None);
}

async fn a_row_loads_as_it_was_inserted(store: Arc<dyn Store>) {
    let one = Row {
        created_on: at(-3),
        modified_on: at(-2),
        expires_on: at(1),
        ..row("one")
    };
    let id = put(&store, &one).await;
    put(&store, &row("other")).await;
    assert_eq!(load(&store, &id).await, Some(one));
}

async fn data_may_be_empty_large_or_any_bytes(store: Arc<dyn Store>) {
    let every_byte: Vec<u8> = (0..=255).collect();
    for data in [Vec::new(), every_byte, vec![b'x'; 1 << 20]] {
        let written = Row { data, ..row("") };
        let id = put(&store, &written).await;
        assert!(load(&store, &id).await == Some(written));
    }
}

async fn times_keep_their_microseconds_on_either_side_of_the_epochs(store: Arc<dyn Store>) {
    let year_2000 = 946_684_800_000_000;
    for micros in [1, -1, year_2000 + 1, year_2000 - 1, -62_135_596_799_999_999] {
        let time = Timestamp::from_unix_micros(micros);
        let written = Row {
            created_on: time,
            modified_on: time,
            expires_on: Timestamp::from_unix_micros(micros + 2),
            ..row("")
        };
        let id = put(&store, &written).await;
        let a_moment_later = Timestamp::from_unix_micros(micros + 1);
        assert_eq!(load_at(&store, &id, a_moment_later).await, Some(written));
    }
}

async fn an_expired_row_does_not_load(store: Arc<dyn Store>) {
    let written = row("");
    let id = put(&store, &written).await;
    let end = written.expires_on;
    let just_before = Timestamp::from_unix_micros(end.unix_micros() - 1);
    assert_eq!(load_at(&store, &id, just_before).await, Some(written));
    assert_eq!(load_at(&store, &id, end).await, None);
}

async fn a_row_that_ends_with_the_browser_loads_at_any_time(store: Arc<dyn Store>) {
    let a_year = 365 * 24 * 3600;
    let same_time = browser(0);
    // Go reads the clock for expires_on before it reads it for modified_on.
    let just_earlier = Row {
        expires_on: Timestamp::from_unix_micros(at(0).unix_micros() - 1),
        ..browser(0)
    };
    for written in [same_time, just_earlier] {
        let id = put(&store, &written).await;
        assert_eq!(load_at(&store, &id, at(a_year)).await, Some(written));
    }
}

async fn the_newest_of_several_rows_loads(store: Arc<dyn Store>) {
    let id = fresh();
    for (data, seconds) in [("old", -20), ("new", -1), ("middle", -10)] {
        let written = Row {
            modified_on: at(seconds),
            ..row(data)
        };
        insert(&store, &id, &written).await;
    }
    let found = load(&store, &id).await.map(|row| row.data);
    assert_eq!(found.as_deref(), Some(&b"new"[..]));
}

async fn of_equally_new_rows_the_last_one_inserted_loads(store: Arc<dyn Store>) {
    let id = fresh();
    for data in ["first", "second", "third"] {
        insert(&store, &id, &row(data)).await;
    }
    assert_eq!(load(&store, &id).await, Some(row("third")));
}

async fn an_expired_newest_row_hides_older_ones(store: Arc<dyn Store>) {
    let id = fresh();
    let short = Row {
        modified_on: at(1),
        expires_on: at(10),
        ..row("short")
    };
    insert(&store, &id, &row("long")).await;
    insert(&store, &id, &short).await;
    assert_eq!(load_at(&store, &id, at(10)).await, None);
}

async fn an_update_replaces_everything_but_created_on(store: Arc<dyn Store>) {
    let id = put(&store, &row("before")).await;
    let bystander = put(&store, &row("bystander")).await;
    let after = Row {
        created_on: at(5),
        modified_on: at(5),
        expires_on: at(7200),
        ..row("after")
    };
    assert_eq!(
        store.update(&id, at(0), &after).await.ok(),
        Some(Written::Saved)
    );
    let expected = Row {
        created_on: at(0),
        ..after
    };
    assert_eq!(load(&store, &id).await, Some(expected));
    assert_eq!(load(&store, &bystander).await, Some(row("bystander")));
}

async fn an_update_moves_the_beginning_back_and_never_forward(store: Arc<dyn Store>) {
    let id = put(&store, &row("from a clock that is ahead")).await;
    for (seen, begun, expected) in [(0, -7, -7), (1, -3, -7)] {
        let next = Row {
            created_on: at(begun),
            ..ageing("next", seen + 1)
        };
        let updated = store.update(&id, at(seen), &next).await.ok();
        assert_eq!(updated, Some(Written::Saved));
        let stored = load(&store, &id).await.expect("it is there");
        assert_eq!(stored.created_on, at(expected));
    }
}

async fn updating_another_version_writes_nothing(store: Arc<dyn Store>) {
    let id = put(&store, &row("before")).await;
    for micros in [-1, 1] {
        let seen = Timestamp::from_unix_micros(at(0).unix_micros() + micros);
        let updated = store.update(&id, seen, &ageing("after", 1)).await.ok();
        assert_eq!(updated, Some(Written::Missed));
    }
    assert_eq!(load(&store, &id).await, Some(row("before")));
}

async fn updating_a_version_that_is_not_the_newest_writes_nothing(store: Arc<dyn Store>) {
    let id = fresh();
    insert(&store, &id, &row("newest")).await;
    insert(&store, &id, &ageing("older", -1)).await;
    let updated = store.update(&id, at(-1), &ageing("after", 1)).await.ok();
    assert_eq!(updated, Some(Written::Missed));
    assert_eq!(load(&store, &id).await, Some(row("newest")));
}

// Go writes the time of its own clock, which may be behind.
async fn a_version_may_go_back_in_time(store: Arc<dyn Store>) {
    let (id, new) = (put(&store, &row("before")).await, fresh());
    let behind = ageing("by a clock that is behind", -5);
    let updated = store.update(&id, at(0), &behind).await.ok();
    assert_eq!(updated, Some(Written::Saved));
    let late = store.update(&id, at(0), &ageing("late", 1)).await.ok();
    assert_eq!(late, Some(Written::Missed));
    let renamed = store
        .rename(id_change(&id, Some(at(0)), &new), &row("late"))
        .await
        .ok();
    assert_eq!(renamed, Some(Written::Missed));
    assert_eq!(load(&store, &id).await, Some(behind));
}

async fn an_update_of_one_of_two_equally_new_rows_is_what_loads(store: Arc<dyn Store>) {
    let id = fresh();
    insert(&store, &id, &row("one")).await;
    insert(&store, &id, &row("two")).await;
    let after = ageing("after", 1);
    let updated = store.update(&id, at(0), &after).await.ok();
    assert_eq!(updated, Some(Written::Saved));
    assert_eq!(load(&store, &id).await, Some(after.clone()));
    // The other row still has the version that was seen, and must not count as the newest.
    let again = store.update(&id, at(0), &row("again")).await.ok();
    assert_eq!(again, Some(Written::Missed));
    assert_eq!(load(&store, &id).await, Some(after));
}

async fn updating_what_is_not_there_writes_nothing(store: Arc<dyn Store>) {
    let id = fresh();
    let updated = store.update(&id, at(0), &row("")).await.ok();
    assert_eq!(updated, Some(Written::Missed));
    assert_eq!(load(&store, &id).await, None);
}

async fn renaming_moves_the_session_to_the_new_key(store: Arc<dyn Store>) {
    let (old, new) = (put(&store, &row("before")).await, fresh());
    let after = Row {
        created_on: at(-9),
        modified_on: at(1),
        ..row("after")
    };
    let renamed = store
        .rename(id_change(&old, Some(at(0)), &new), &after)
        .await
        .ok();
    assert_eq!(renamed, Some(Written::Saved));
    assert_eq!(load(&store, &old).await, None);
    assert_eq!(load(&store, &new).await, Some(after));
}

async fn renaming_takes_every_row_of_the_old_key(store: Arc<dyn Store>) {
    let (old, new) = (fresh(), fresh());
    for data in ["one", "two", "three"] {
        insert(&store, &old, &row(data)).await;
    }
    let renamed = store
        .rename(id_change(&old, Some(at(0)), &new), &row("after"))
        .await
        .ok();
    assert_eq!(renamed, Some(Written::Saved));
    assert_eq!(load(&store, &old).await, None);
    assert_eq!(delete(&store, &new).await, 1);
}

async fn renaming_another_version_changes_nothing(store: Arc<dyn Store>) {
    let (old, new) = (fresh(), fresh());
    insert(&store, &old, &ageing("old", -1)).await;
    insert(&store, &old, &row("newest")).await;
    for seen in [at(-2), at(-1), at(1)] {
        let renamed = store
            .rename(id_change(&old, Some(seen), &new), &row("after"))
            .await
            .ok();
        assert_eq!(renamed, Some(Written::Missed));
    }
    assert_eq!(load(&store, &old).await, Some(row("newest")));
    assert_eq!(load(&store, &new).await, None);
}

async fn renaming_without_a_version_takes_rows_of_any_version(store: Arc<dyn Store>) {
    let (old, new) = (fresh(), fresh());
    for seconds in [-1, 0, 1] {
        insert(&store, &old, &ageing("before", seconds)).await;
    }
    let renamed = store
        .rename(id_change(&old, None, &new), &row("after"))
        .await
        .ok();
    assert_eq!(renamed, Some(Written::Saved));
    assert_eq!(load(&store, &old).await, None);
    assert_eq!(load(&store, &new).await, Some(row("after")));
    assert_eq!(delete(&store, &new).await, 1);
}

async fn renaming_what_is_not_there_writes_nothing(store: Arc<dyn Store>) {
    let (old, new) = (fresh(), fresh());
    for seen in [None, Some(at(0))] {
        let renamed = store
            .rename(id_change(&old, seen, &new), &row(""))
            .await
            .ok();
        assert_eq!(renamed, Some(Written::Missed));
    }
    assert_eq!(load(&store, &new).await, None);
}

async fn deleting_takes_every_row_of_the_key_and_no_other(store: Arc<dyn Store>) {
    let (id, bystander) = (fresh(), put(&store, &row("bystander")).await);
    insert(&store, &id, &row("one")).await;
    insert(&store, &id, &row("two")).await;
    assert_eq!(delete(&store, &id).await, 2);
    assert_eq!(load(&store, &id).await, None);
    assert_eq!(load(&store, &bystander).await, Some(row("bystander")));
}

async fn deleting_nothing_is_no_error(store: Arc<dyn Store>) {
    assert_eq!(delete(&store, &fresh()).await, 0);
}

async fn deleting_a_version_takes_every_row_of_the_key(store: Arc<dyn Store>) {
    let (id, bystander) = (fresh(), put(&store, &row("bystander")).await);
    insert(&store, &id, &ageing("older", -1)).await;
    insert(&store, &id, &row("newest")).await;
    assert!(saves(store.delete_version(&id, at(0))).await);
    assert_eq!(load(&store, &id).await, None);
    assert_eq!(load(&store, &bystander).await, Some(row("bystander")));
    assert!(!saves(store.delete_version(&id, at(0))).await);
}

async fn deleting_another_version_takes_nothing(store: Arc<dyn Store>) {
    let id = fresh();
    insert(&store, &id, &ageing("older", -1)).await;
    insert(&store, &id, &row("newest")).await;
    for seen in [at(-1), at(1)] {
        assert!(!saves(store.delete_version(&id, seen)).await);
    }
    assert_eq!(load(&store, &id).await, Some(row("newest")));
    assert!(!saves(store.delete_version(&fresh(), at(0))).await);
}

async fn what_was_deleted_does_not_come_back(store: Arc<dyn Store>) {
    let (id, new) = (put(&store, &row("")).await, fresh());
    assert_eq!(delete(&store, &id).await, 1);
    let updated = store.update(&id, at(0), &row("")).await.ok();
    assert_eq!(updated, Some(Written::Missed));
    for seen in [None, Some(at(0))] {
        let renamed = store
            .rename(id_change(&id, seen, &new), &row(""))
            .await
            .ok();
        assert_eq!(renamed, Some(Written::Missed));
    }
    assert_eq!(load(&store, &id).await, None);
    assert_eq!(load(&store, &new).await, None);
}
