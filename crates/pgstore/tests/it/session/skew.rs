//! Nodes whose clocks differ: a time that no honest clock wrote counts as now, and is written again.

use std::time::Duration;

use pgstore::store::{Row, RowExtras};
use pgstore::{MemoryStore, Session, SessionManagerBuilder, Store, Touch};

use crate::support::app::{App, Told, Visitor, keys};
use crate::support::{apply, trial};

const LIFETIME: u64 = 800;
const YEAR: u64 = 365 * 24 * 60 * 60;

fn limits(sessions: SessionManagerBuilder) -> SessionManagerBuilder {
    let sessions = sessions.max_age(Duration::from_secs(LIFETIME));
    sessions.absolute_timeout(Duration::from_secs(2 * LIFETIME))
}

/// Two nodes of one application. The second one's clock is ahead by this many seconds.
fn nodes(
    ahead: u64,
    settings: impl Fn(SessionManagerBuilder) -> SessionManagerBuilder,
) -> (App, App) {
    let store = MemoryStore::new();
    let honest = App::build(store.clone(), keys(), &settings);
    let other = App::build(store, keys(), &settings);
    other.pass(ahead);
    (honest, other)
}

/// The browser of one node's user, at another node.
fn at<'a>(node: &'a App, browser: &Visitor<'_>) -> Visitor<'a> {
    Visitor {
        app: node,
        cookies: browser.cookies.clone(),
    }
}

/// Replaces a session's row by the one that Go would have written at that time.
async fn as_go_writes(node: &App, browser: &Visitor<'_>) {
    let session = browser.session();
    let id = session.id().await.unwrap().unwrap();
    let row = node.row(&session).await;
    node.store.delete(&id).await.unwrap();
    let row = Row {
        extras: RowExtras::default(),
        ..row
    };
    node.store.insert(&id, &row).await.unwrap();
}

#[apply(trial)]
async fn a_session_of_a_node_that_is_a_year_ahead_gets_true_times_at_its_next_use() {
    for by_go in [false, true] {
        for touch in [Touch::default(), Touch::Never] {
            let (honest, ahead) = nodes(YEAR, |sessions| limits(sessions).touch(touch));
            let browser = ahead.log_in().await;
            if by_go {
                as_go_writes(&ahead, &browser).await;
            }
            let mut browser = at(&honest, &browser);
            assert_eq!(browser.user().await.as_deref(), Some("ada"));
            let row = honest.row(&browser.session()).await;
            let (now, second) = (honest.now(), Duration::from_secs(1));
            assert_eq!(row.created_on, now);
            assert!(row.modified_on < now.plus(second), "{row:?}");
            let (end, step) = (Duration::from_secs(LIFETIME), LIFETIME / 16);
            assert!(row.expires_on >= now.plus(end), "{row:?}");
            let latest = now.plus(end).plus(Duration::from_secs(step));
            assert!(row.expires_on <= latest, "{row:?}");
            honest.pass(LIFETIME + 1);
            assert_eq!(browser.user().await, None, "idle for too long");
        }
    }
}

#[apply(trial)]
async fn a_session_that_began_in_the_future_ends_by_the_absolute_timeout() {
    let (honest, ahead) = nodes(YEAR, limits);
    let mut browser = at(&honest, &ahead.log_in().await);
    for _ in 0..3 {
        assert_eq!(browser.user().await.as_deref(), Some("ada"));
        honest.pass(LIFETIME / 2);
    }
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
    honest.pass(LIFETIME / 2);
    assert_eq!(browser.user().await, None);
}

#[apply(trial)]
async fn a_write_lowers_a_beginning_in_the_future_whatever_it_writes() {
    let changes: [fn(&Session); 2] = [
        |session| session.insert("n", 1).unwrap(),
        |session| session.rotate_gently().unwrap(),
    ];
    for change in changes {
        let (honest, ahead) = nodes(YEAR, limits);
        let mut browser = at(&honest, &ahead.log_in().await);
        let session = browser.session();
        change(&session);
        assert_eq!(browser.save(&session).await.0, Told::Set, "the cookie, too");
        let row = honest.row(&browser.session()).await;
        assert_eq!(row.created_on, honest.now());
        assert!(row.modified_on < honest.now().plus(Duration::from_secs(1)));
    }
}

#[apply(trial)]
async fn a_cookie_from_the_future_is_sealed_again_by_the_next_save() {
    let (honest, ahead) = nodes(YEAR, limits);
    let mut browser = at(&honest, &ahead.log_in().await);
    let count = |session: Session| async move { session.insert("n", 1) };
    assert_eq!(browser.request(count).await.unwrap(), Told::Set);
    assert_eq!(browser.request(count).await.unwrap(), Told::Nothing);
    honest.pass(LIFETIME / 8);
    assert_eq!(
        browser.request(count).await.unwrap(),
        Told::Set,
        "it has a true date"
    );
}

#[apply(trial)]
async fn clocks_that_differ_by_less_than_the_tolerance_cost_no_write() {
    let (honest, ahead) = nodes(59, limits);
    let mut browser = at(&honest, &ahead.log_in().await);
    let written = honest.row(&browser.session()).await;
    assert_eq!(browser.read().await, (Some("ada".into()), Told::Nothing));
    assert_eq!(honest.row(&browser.session()).await, written);
    let count = |session: Session| async move { session.insert("n", 1) };
    browser.request(count).await.unwrap();
    let row = honest.row(&browser.session()).await;
    assert!(
        row.modified_on > written.modified_on,
        "versions move forward"
    );
}

#[apply(trial)]
async fn a_version_that_was_left_behind_does_not_come_again() {
    let (honest, ahead) = nodes(YEAR, limits);
    let mut first = honest.log_in().await;
    let stale = first.session();
    stale.insert("user", "stale").unwrap();
    assert!(stale.contains("user").await.unwrap());
    let count = |session: Session| async move { session.insert("n", 1) };
    ahead
        .clock
        .set(honest.now().plus(Duration::from_secs(LIFETIME / 2)));
    at(&ahead, &first).request(count).await.unwrap();
    // The honest clock stands still: the version is as it was, but for a fraction of a second.
    first.request(count).await.unwrap();
    let replayed = honest.sessions.stats().replayed;
    first.save(&stale).await.1.unwrap();
    assert_eq!(honest.sessions.stats().replayed, replayed + 1);
    assert_eq!(first.session().get::<u8>("n").await.unwrap(), Some(1));
}

#[apply(trial)]
async fn lists_agree_with_reading_about_a_session_from_the_future() {
    let (honest, ahead) = nodes(YEAR, limits);
    let mut browser = ahead.log_in().await;
    let own = |session: Session| async move { session.set_owner("ada") };
    browser.request(own).await.unwrap();
    let listed = honest.sessions.sessions_of("ada", None).await.unwrap();
    assert_eq!(listed.len(), 1);
    let mut browser = at(&honest, &browser);
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
    honest.pass(LIFETIME + 1);
    assert_eq!(browser.user().await, None);
    assert!(
        honest
            .sessions
            .sessions_of("ada", None)
            .await
            .unwrap()
            .is_empty()
    );
}
