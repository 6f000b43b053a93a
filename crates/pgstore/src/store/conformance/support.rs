//! IDs, rows and calls for the behaviours.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::store::{IdChange, Lookup, PreviousId, Row, RowExtras, Store, StoreFuture, Written};

/// The time of all checks, in seconds: an hour in 2023.
pub(super) const NOW: i64 = 1_700_000_000;

/// So many seconds after [`NOW`].
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(NOW + seconds)
}

pub(super) fn fresh() -> SessionId {
    SessionId::generate().expect("the system gives random bytes")
}

/// A row written now that ends in an hour.
pub(super) fn row(data: &str) -> Row {
    Row {
        data: data.as_bytes().to_vec(),
        created_on: at(0),
        modified_on: at(0),
        expires_on: at(3600),
        extras: RowExtras {
            save_token: Some(1),
            ..RowExtras::default()
        },
    }
}

/// The same row, written this many seconds after [`NOW`].
pub(super) fn ageing(data: &str, seconds: i64) -> Row {
    Row {
        modified_on: at(seconds),
        ..row(data)
    }
}

/// A row that expires this many seconds after [`NOW`] and was written an hour before.
pub(super) fn ending(seconds: i64) -> Row {
    Row {
        modified_on: at(seconds - 3600),
        expires_on: at(seconds),
        ..row("ending")
    }
}

/// A row that ends with the browser, written this many seconds after [`NOW`].
pub(super) fn browser(seconds: i64) -> Row {
    Row {
        created_on: at(seconds),
        modified_on: at(seconds),
        expires_on: at(seconds),
        ..row("browser")
    }
}

/// A change of the ID as at a login: the old ID is known as replaced for a minute.
pub(super) fn id_change<'a>(
    old: &'a SessionId,
    seen: Option<Timestamp>,
    new: &'a SessionId,
) -> IdChange<'a> {
    let previous = PreviousId {
        until: at(60),
        grace_until: None,
    };
    IdChange {
        old,
        seen,
        new,
        previous,
    }
}

/// Whether a write found the version that was seen.
pub(super) async fn saves(write: StoreFuture<'_, Written>) -> bool {
    write.await.expect("a row is written") == Written::Saved
}

pub(super) async fn put(store: &Arc<dyn Store>, row: &Row) -> SessionId {
    let id = fresh();
    insert(store, &id, row).await;
    id
}

pub(super) async fn insert(store: &Arc<dyn Store>, id: &SessionId, row: &Row) {
    store.insert(id, row).await.expect("a row is inserted");
}

pub(super) async fn load(store: &Arc<dyn Store>, id: &SessionId) -> Option<Row> {
    load_at(store, id, at(0)).await
}

pub(super) async fn load_at(store: &Arc<dyn Store>, id: &SessionId, now: Timestamp) -> Option<Row> {
    look_up(store, id, now).await.into_row_of(id)
}

/// What an ID leads to, which may be the session of the ID that replaced it.
pub(super) async fn look_up(store: &Arc<dyn Store>, id: &SessionId, now: Timestamp) -> Lookup {
    store.load(id, now).await.expect("a key is looked up")
}

pub(super) async fn delete(store: &Arc<dyn Store>, id: &SessionId) -> u64 {
    store.delete(id).await.expect("a key is deleted")
}
