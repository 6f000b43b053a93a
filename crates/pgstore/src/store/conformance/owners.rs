//! Sessions by owner and by handle, and rows that a peer wrote.

use std::sync::Arc;

use super::behaviour::list;
use super::support::{ageing, at, fresh, id_change, insert, load, put, row, saves};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::{
    OwnerColumn, PeerWrittenCursor, Revocation, Revoked, Row, RowExtras, Store, Which,
};

list![
    a_session_is_found_by_its_handle,
    a_handle_finds_a_live_session_and_no_other,
    a_handle_finds_the_session_after_its_id_has_changed,
    an_owners_sessions_are_listed_newest_first,
    the_newest_row_of_a_key_says_who_owns_it,
    revoking_all_takes_an_owners_sessions_and_no_others,
    revoking_one_takes_it_if_it_is_the_owners,
    revoking_all_but_one_spares_the_one,
    revoking_takes_every_row_of_a_key,
    revoking_by_the_index_spares_rows_that_a_peer_wrote,
    rows_that_a_peer_wrote_are_found_page_by_page,
    a_store_without_a_peer_has_no_rows_of_a_peer,
];

/// A session of this owner.
fn owned_by(owner: &str, seconds: i64) -> Row {
    let extras = RowExtras {
        owner: Some(owner.to_owned()),
        handle: SessionHandle::generate().ok(),
        ..row("").extras
    };
    Row {
        extras,
        ..ageing(owner, seconds)
    }
}

/// The same row as a peer leaves it.
fn peer_written(row: Row) -> Row {
    let extras = RowExtras {
        save_token: None,
        ..row.extras
    };
    Row { extras, ..row }
}

fn handle(row: &Row) -> &SessionHandle {
    row.extras.handle.as_ref().expect("it has one")
}

async fn find(store: &Arc<dyn Store>, row: &Row, now: Timestamp) -> Option<(SessionId, Row)> {
    let found = store.find(handle(row), now).await;
    found.expect("a handle is looked up")
}

async fn owned(store: &Arc<dyn Store>, owner: &str, now: Timestamp) -> Vec<(SessionId, Row)> {
    let owned = store.owned(owner, now).await;
    owned.expect("an owner is looked up")
}

async fn revoke(store: &Arc<dyn Store>, owner: &str, which: Which<'_>) -> Revoked {
    let column = OwnerColumn::IsTheTruth;
    revoke_by(store, owner, which, column).await
}

async fn revoke_by(
    store: &Arc<dyn Store>,
    owner: &str,
    which: Which<'_>,
    column: OwnerColumn,
) -> Revoked {
    let revocation = Revocation {
        owner,
        which,
        column,
    };
    let revoked = store.revoke(&revocation).await;
    revoked.expect("sessions are revoked")
}

const NOTHING: Revoked = Revoked {
    seen: 0,
    removed: 0,
};

async fn a_session_is_found_by_its_handle(store: Arc<dyn Store>) {
    let (one, other) = (owned_by("alice", 0), owned_by("alice", 0));
    let id = put(&store, &one).await;
    put(&store, &row("without one")).await;
    assert_eq!(find(&store, &one, at(0)).await, Some((id, one)));
    assert_eq!(find(&store, &other, at(0)).await, None);
}

async fn a_handle_finds_a_live_session_and_no_other(store: Arc<dyn Store>) {
    let ends = owned_by("alice", 0);
    put(&store, &ends).await;
    assert!(find(&store, &ends, at(3599)).await.is_some());
    assert_eq!(find(&store, &ends, at(3600)).await, None);

    let browser = Row {
        expires_on: at(0),
        ..owned_by("alice", 0)
    };
    put(&store, &browser).await;
    assert!(find(&store, &browser, at(9999)).await.is_some());

    let (id, older) = (fresh(), owned_by("alice", 0));
    insert(&store, &id, &older).await;
    insert(&store, &id, &ageing("newest", 1)).await;
    assert_eq!(find(&store, &older, at(0)).await, None);
}

async fn a_handle_finds_the_session_after_its_id_has_changed(store: Arc<dyn Store>) {
    let (before, new) = (owned_by("alice", 0), fresh());
    let old = put(&store, &before).await;
    let after = Row {
        modified_on: at(1),
        ..before.clone()
    };
    assert!(saves(store.rename(id_change(&old, Some(at(0)), &new), &after)).await);
    let found = find(&store, &before, at(0)).await;
    assert_eq!(found, Some((new.clone(), after)));
    assert_eq!(store.delete(&new).await.ok(), Some(1));
    assert_eq!(find(&store, &before, at(0)).await, None);
}

async fn an_owners_sessions_are_listed_newest_first(store: Arc<dyn Store>) {
    let mut expected = Vec::new();
    for seconds in [-10, -30, -20] {
        let one = owned_by("alice", seconds);
        expected.push((put(&store, &one).await, one));
    }
    let over = Row {
        expires_on: at(0),
        ..owned_by("alice", -5)
    };
    put(&store, &over).await;
    let bobs = owned_by("bob", 0);
    let bobs = (put(&store, &bobs).await, bobs);
    put(&store, &row("without an owner")).await;

    expected.sort_by_key(|(_, row)| -row.modified_on.unix_micros());
    assert_eq!(owned(&store, "alice", at(0)).await, expected);
    assert_eq!(owned(&store, "bob", at(0)).await, [bobs]);
    assert_eq!(owned(&store, "Alice", at(0)).await, []);
    let before = owned(&store, "alice", at(-1)).await;
    assert_eq!(before.len(), 4, "the other one was alive then");
}

async fn the_newest_row_of_a_key_says_who_owns_it(store: Arc<dyn Store>) {
    let (left, come) = (fresh(), fresh());
    insert(&store, &left, &owned_by("alice", 0)).await;
    insert(&store, &left, &ageing("without an owner", 1)).await;
    let hers = owned_by("alice", 1);
    insert(&store, &come, &owned_by("alice", 0)).await;
    insert(&store, &come, &hers).await;
    assert_eq!(owned(&store, "alice", at(0)).await, [(come, hers)]);
}

async fn revoking_all_takes_an_owners_sessions_and_no_others(store: Arc<dyn Store>) {
    let hers = [
        put(&store, &owned_by("alice", 0)).await,
        put(&store, &peer_written(owned_by("alice", -1))).await,
    ];
    let others = [
        put(&store, &owned_by("bob", 0)).await,
        put(&store, &row("without an owner")).await,
    ];
    assert_eq!(revoke(&store, "carol", Which::All).await, NOTHING);
    let revoked = revoke(&store, "alice", Which::All).await;
    assert_eq!((revoked.seen, revoked.removed), (2, 2));
    for id in &hers {
        assert_eq!(load(&store, id).await, None);
    }
    for id in &others {
        assert!(load(&store, id).await.is_some());
    }
    assert_eq!(revoke(&store, "alice", Which::All).await, NOTHING);
}

async fn revoking_one_takes_it_if_it_is_the_owners(store: Arc<dyn Store>) {
    let (hers, bobs) = (owned_by("alice", 0), owned_by("bob", 0));
    let (id, other) = (put(&store, &hers).await, put(&store, &hers_too()).await);
    let of_bob = put(&store, &bobs).await;
    // The handle of another owner's session has no effect, like an unknown one.
    let missing = owned_by("alice", 0);
    for handle in [handle(&bobs), handle(&missing)] {
        let revoked = revoke(&store, "alice", Which::One(handle)).await;
        assert_eq!(revoked, NOTHING);
    }
    let revoked = revoke(&store, "alice", Which::One(handle(&hers))).await;
    assert_eq!((revoked.seen, revoked.removed), (1, 1));
    assert_eq!(load(&store, &id).await, None);
    for id in [other, of_bob] {
        assert!(load(&store, &id).await.is_some());
    }
}

fn hers_too() -> Row {
    owned_by("alice", 0)
}

async fn revoking_all_but_one_spares_the_one(store: Arc<dyn Store>) {
    let kept = owned_by("alice", 0);
    let without_a_handle = Row {
        extras: RowExtras {
            handle: None,
            ..hers_too().extras
        },
        ..hers_too()
    };
    let id = put(&store, &kept).await;
    let (by_id, by_handle) = (Some(&id), Some(handle(&kept)));
    for (id, handle) in [(by_id, None), (None, by_handle), (by_id, by_handle)] {
        put(&store, &hers_too()).await;
        put(&store, &without_a_handle).await;
        let revoked = revoke(&store, "alice", Which::AllBut { id, handle }).await;
        assert_eq!((revoked.seen, revoked.removed), (2, 2));
    }
    let rest = owned(&store, "alice", at(0)).await;
    assert_eq!(rest, [(id, kept)]);
    let (id, handle) = (None, None);
    let revoked = revoke(&store, "alice", Which::AllBut { id, handle }).await;
    assert_eq!((revoked.seen, revoked.removed), (1, 1));
}

async fn revoking_takes_every_row_of_a_key(store: Arc<dyn Store>) {
    let id = fresh();
    insert(&store, &id, &ageing("would come back", -1)).await;
    insert(&store, &id, &owned_by("alice", 0)).await;
    let revoked = revoke(&store, "alice", Which::All).await;
    assert_eq!((revoked.seen, revoked.removed), (2, 2));
    assert_eq!(load(&store, &id).await, None);
}

async fn revoking_by_the_index_spares_rows_that_a_peer_wrote(store: Arc<dyn Store>) {
    let (mine, theirs) = (owned_by("alice", 0), peer_written(owned_by("alice", 0)));
    let (mine, id) = (put(&store, &mine).await, put(&store, &theirs).await);
    let one = Which::One(handle(&theirs));
    let index = OwnerColumn::IsAnIndex;
    assert_eq!(revoke_by(&store, "alice", one, index).await, NOTHING);
    let revoked = revoke_by(&store, "alice", Which::All, index).await;
    assert_eq!((revoked.seen, revoked.removed), (1, 1));
    assert_eq!(load(&store, &mine).await, None);
    assert_eq!(load(&store, &id).await, Some(theirs));
}

/// All rows that a peer wrote, read in batches of this size.
async fn all_peer_written(store: &Arc<dyn Store>, limit: u32) -> Vec<(SessionId, Row)> {
    let (mut rows, mut after) = (Vec::new(), PeerWrittenCursor::START);
    for _ in 0..1000 {
        let batch = store
            .peer_written(after, limit)
            .await
            .expect("rows are read");
        assert!(batch.rows.len() <= limit as usize);
        rows.extend(batch.rows);
        match batch.next {
            Some(next) => after = next,
            None => return rows,
        }
    }
    panic!("the pages do not end");
}

async fn rows_that_a_peer_wrote_are_found_page_by_page(store: Arc<dyn Store>) {
    let mut expected = Vec::new();
    for number in 0..7 {
        put(&store, &owned_by("alice", number)).await;
        let theirs = peer_written(owned_by("alice", number));
        expected.push((put(&store, &theirs).await, theirs));
    }
    for limit in [1, 2, 7, 100] {
        assert_eq!(all_peer_written(&store, limit).await, expected, "{limit}");
    }
    // A row that is saved again is no longer one of a peer.
    let (id, theirs) = expected.remove(3);
    let saved = ageing("saved again", 99);
    assert!(saves(store.update(&id, theirs.modified_on, &saved)).await);
    assert_eq!(all_peer_written(&store, 3).await, expected);
}

async fn a_store_without_a_peer_has_no_rows_of_a_peer(store: Arc<dyn Store>) {
    assert_eq!(all_peer_written(&store, 1).await, []);
    put(&store, &row("")).await;
    assert_eq!(all_peer_written(&store, 1).await, []);
}
