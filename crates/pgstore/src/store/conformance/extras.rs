//! The columns that Go's pgstore does not know.

use std::sync::Arc;

use super::behaviour::list;
use super::support::{ageing, at, fresh, id_change, load, put, row, saves};
use crate::handle::SessionHandle;
use crate::store::{Row, RowExtras, Store};

list![
    extra_columns_load_as_they_were_inserted,
    an_update_replaces_the_extra_columns,
    a_rename_writes_the_extra_columns,
    a_row_that_a_peer_wrote_has_no_save_token,
    a_row_that_is_saved_again_has_a_save_token,
    save_tokens_and_ages_may_be_any_number,
    owners_and_labels_may_be_any_text,
    a_store_that_can_be_written_passes_a_probe,
];

fn full() -> RowExtras {
    RowExtras {
        save_token: Some(42),
        max_age: Some(3600),
        owner: Some("alice".to_owned()),
        label: Some("a telephone".to_owned()),
        handle: SessionHandle::parse("GEZDGNBVGY3TQOJQGEZDGNBVGY"),
        id_is_unconfirmed: false,
    }
}

fn with(extras: RowExtras, row: Row) -> Row {
    Row { extras, ..row }
}

async fn extra_columns_load_as_they_were_inserted(store: Arc<dyn Store>) {
    let only_a_token = put(&store, &row("")).await;
    let id = put(&store, &with(full(), row(""))).await;
    assert_eq!(load(&store, &id).await, Some(with(full(), row(""))));
    assert_eq!(load(&store, &only_a_token).await, Some(row("")));
}

async fn an_update_replaces_the_extra_columns(store: Arc<dyn Store>) {
    let id = put(&store, &row("")).await;
    let more = with(full(), ageing("more", 1));
    assert!(saves(store.update(&id, at(0), &more)).await);
    assert_eq!(load(&store, &id).await, Some(more));
    let less = ageing("less", 2);
    assert!(saves(store.update(&id, at(1), &less)).await);
    assert_eq!(load(&store, &id).await, Some(less));
}

async fn a_rename_writes_the_extra_columns(store: Arc<dyn Store>) {
    for seen in [Some(at(0)), None] {
        let (old, new) = (put(&store, &row("")).await, fresh());
        let after = with(full(), ageing("after", 1));
        assert!(saves(store.rename(id_change(&old, seen, &new), &after)).await);
        assert_eq!(load(&store, &new).await, Some(after));
    }
}

/// As a peer writes it: the extra columns keep their values, and there is no save token.
fn peer_written(row: Row) -> Row {
    let extras = RowExtras {
        save_token: None,
        ..row.extras
    };
    Row { extras, ..row }
}

async fn a_row_that_a_peer_wrote_has_no_save_token(store: Arc<dyn Store>) {
    let new = put(&store, &peer_written(row("new"))).await;
    assert_eq!(load(&store, &new).await, Some(peer_written(row("new"))));

    let id = put(&store, &with(full(), row(""))).await;
    let after = peer_written(with(full(), ageing("by a peer", 1)));
    assert!(saves(store.update(&id, at(0), &after)).await);
    assert_eq!(load(&store, &id).await, Some(after));
}

async fn a_row_that_is_saved_again_has_a_save_token(store: Arc<dyn Store>) {
    let id = put(&store, &peer_written(row(""))).await;
    assert!(saves(store.update(&id, at(0), &ageing("by us", 1))).await);
    assert_eq!(load(&store, &id).await, Some(ageing("by us", 1)));
}

async fn save_tokens_and_ages_may_be_any_number(store: Arc<dyn Store>) {
    for (save_token, max_age) in [(i64::MIN, 0), (-1, 1), (0, i64::MAX), (i64::MAX, 60)] {
        let (save_token, max_age) = (Some(save_token), Some(max_age));
        let extras = RowExtras {
            save_token,
            max_age,
            ..full()
        };
        let written = with(extras, row(""));
        let id = put(&store, &written).await;
        assert_eq!(load(&store, &id).await, Some(written));
    }
}

async fn owners_and_labels_may_be_any_text(store: Arc<dyn Store>) {
    for text in [
        "",
        " ",
        "it's \"quoted\" \\ 100%",
        "Zoë 🦀",
        &"x".repeat(255),
    ] {
        let (owner, label) = (Some(text.to_owned()), Some(text.to_owned()));
        let extras = RowExtras {
            owner,
            label,
            ..full()
        };
        let written = with(extras, row(""));
        let id = put(&store, &written).await;
        assert_eq!(load(&store, &id).await, Some(written.clone()));
        let owned = store.owned(text, at(0)).await.ok();
        assert_eq!(owned, Some(vec![(id, written)]), "{text:?}");
    }
}

async fn a_store_that_can_be_written_passes_a_probe(store: Arc<dyn Store>) {
    let id = put(&store, &row("")).await;
    store.probe().await.expect("it can be written");
    assert_eq!(load(&store, &id).await, Some(row("")));
}
