//! One caller, one row or several of a key.

use std::sync::Arc;

use super::list;
use super::support::{at, browser, delete, fresh, insert, load, load_at, put, row};
use crate::clock::Timestamp;
use crate::store::{Row, Store, Written};

list![
    a_key_without_a_row_loads_as_none,
    a_row_loads_as_it_was_inserted,
    data_may_be_empty_large_or_any_bytes,
    times_keep_their_microseconds_on_either_side_of_the_epochs,
    a_row_past_its_time_does_not_load,
    a_row_that_ends_with_the_browser_loads_at_any_time,
    the_newest_of_several_rows_loads,
    of_rows_as_new_as_each_other_the_last_one_inserted_loads,
    a_newest_row_past_its_time_hides_older_ones,
    updating_replaces_all_but_the_beginning,
    updating_writes_every_row_of_the_key,
    updating_what_is_not_there_writes_nothing,
    renaming_moves_the_session_to_the_new_key,
    renaming_takes_every_row_of_the_old_key,
    renaming_what_is_not_there_writes_nothing,
    deleting_takes_every_row_of_the_key_and_no_other,
    deleting_nothing_is_no_error,
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

async fn a_row_past_its_time_does_not_load(store: Arc<dyn Store>) {
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
    // Go reads the clock for expires_on first.
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

async fn of_rows_as_new_as_each_other_the_last_one_inserted_loads(store: Arc<dyn Store>) {
    let id = fresh();
    for data in ["first", "second", "third"] {
        insert(&store, &id, &row(data)).await;
    }
    assert_eq!(load(&store, &id).await, Some(row("third")));
}

async fn a_newest_row_past_its_time_hides_older_ones(store: Arc<dyn Store>) {
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

async fn updating_replaces_all_but_the_beginning(store: Arc<dyn Store>) {
    let id = put(&store, &row("before")).await;
    let bystander = put(&store, &row("bystander")).await;
    let after = Row {
        created_on: at(5),
        modified_on: at(5),
        expires_on: at(7200),
        ..row("after")
    };
    assert_eq!(store.update(&id, &after).await.ok(), Some(Written::Saved));
    let expected = Row {
        created_on: at(0),
        ..after
    };
    assert_eq!(load(&store, &id).await, Some(expected));
    assert_eq!(load(&store, &bystander).await, Some(row("bystander")));
}

async fn updating_writes_every_row_of_the_key(store: Arc<dyn Store>) {
    let id = fresh();
    insert(&store, &id, &row("one")).await;
    insert(&store, &id, &row("two")).await;
    // Older than both: were one left as it is, it would be the newest.
    let after = Row {
        modified_on: at(-5),
        ..row("after")
    };
    assert_eq!(store.update(&id, &after).await.ok(), Some(Written::Saved));
    assert_eq!(load(&store, &id).await, Some(after));
}

async fn updating_what_is_not_there_writes_nothing(store: Arc<dyn Store>) {
    let id = fresh();
    assert_eq!(store.update(&id, &row("")).await.ok(), Some(Written::Gone));
    assert_eq!(load(&store, &id).await, None);
}

async fn renaming_moves_the_session_to_the_new_key(store: Arc<dyn Store>) {
    let (old, new) = (put(&store, &row("before")).await, fresh());
    let after = Row {
        created_on: at(-9),
        modified_on: at(1),
        ..row("after")
    };
    let renamed = store.rename(&old, &new, &after).await.ok();
    assert_eq!(renamed, Some(Written::Saved));
    assert_eq!(load(&store, &old).await, None);
    assert_eq!(load(&store, &new).await, Some(after));
}

async fn renaming_takes_every_row_of_the_old_key(store: Arc<dyn Store>) {
    let (old, new) = (fresh(), fresh());
    for data in ["one", "two", "three"] {
        insert(&store, &old, &row(data)).await;
    }
    let renamed = store.rename(&old, &new, &row("after")).await.ok();
    assert_eq!(renamed, Some(Written::Saved));
    assert_eq!(load(&store, &old).await, None);
    assert_eq!(delete(&store, &new).await, 1);
}

async fn renaming_what_is_not_there_writes_nothing(store: Arc<dyn Store>) {
    let (old, new) = (fresh(), fresh());
    let renamed = store.rename(&old, &new, &row("")).await.ok();
    assert_eq!(renamed, Some(Written::Gone));
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

async fn what_was_deleted_does_not_come_back(store: Arc<dyn Store>) {
    let (id, new) = (put(&store, &row("")).await, fresh());
    assert_eq!(delete(&store, &id).await, 1);
    assert_eq!(store.update(&id, &row("")).await.ok(), Some(Written::Gone));
    let renamed = store.rename(&id, &new, &row("")).await.ok();
    assert_eq!(renamed, Some(Written::Gone));
    assert_eq!(load(&store, &id).await, None);
    assert_eq!(load(&store, &new).await, None);
}
