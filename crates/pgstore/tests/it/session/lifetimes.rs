//! How long sessions last: idle, absolute, of their own, and what that costs.

use std::time::Duration;

use pgstore::store::SweepBatch;
use pgstore::{CookieOptions, MaxAge, Store, Timestamp, Touch};

use crate::support::app::{App, Told, Visitor};
use crate::support::{apply, trial};

const LIFETIME: u64 = 800;

fn app() -> App {
    App::with(|sessions| sessions.max_age(Duration::from_secs(LIFETIME)))
}

/// Whether a row that was written then expires when its session ends, or up to a sixteenth of the
/// lifetime later.
fn is_rounded_up(expires_on: Timestamp, written: Timestamp) -> bool {
    let end = written.plus(Duration::from_secs(LIFETIME));
    (end..=end.plus(Duration::from_secs(LIFETIME / 16))).contains(&expires_on)
}

#[apply(trial)]
async fn an_idle_session_costs_no_write_until_an_eighth_of_its_lifetime_has_passed() {
    let app = app();
    let mut browser = app.log_in().await;
    let written = app.row(&browser.session()).await;
    app.pass(LIFETIME / 8 - 1);
    for _ in 0..3 {
        assert_eq!(browser.read().await, (Some("ada".into()), Told::Nothing));
        assert_eq!(app.row(&browser.session()).await, written);
    }
    app.pass(1);
    assert_eq!(browser.read().await, (Some("ada".into()), Told::Set));
    let touched = app.row(&browser.session()).await;
    assert!(touched.modified_on > written.modified_on);
    assert!(is_rounded_up(touched.expires_on, app.now()), "{touched:?}");
    assert_eq!(touched.created_on, written.created_on);
    assert_eq!(browser.read().await, (Some("ada".into()), Told::Nothing));
    assert_eq!(app.row(&browser.session()).await, touched, "once is enough");
    assert_eq!(app.sessions.stats().touched, 1);
}

#[apply(trial)]
async fn a_session_that_is_read_now_and_then_never_ends() {
    let app = app();
    let mut browser = app.log_in().await;
    for _ in 0..40 {
        app.pass(LIFETIME - LIFETIME / 8);
        assert_eq!(browser.user().await.as_deref(), Some("ada"));
    }
}

// Go: securecookie.go Decode: exactly as old as the maximal age still opens.
#[apply(trial)]
async fn a_session_that_nobody_reads_ends_after_its_lifetime_to_the_second() {
    for (seconds, user) in [(LIFETIME - 1, Some("ada")), (LIFETIME + 1, None)] {
        let app = app();
        let mut browser = app.log_in().await;
        app.pass(seconds);
        assert_eq!(browser.user().await.as_deref(), user, "{seconds}");
    }
}

#[apply(trial)]
async fn the_part_after_which_reading_touches_is_settable() {
    let app = App::with(|sessions| {
        let sessions = sessions.max_age(Duration::from_secs(LIFETIME));
        sessions.touch(Touch::AfterOneIn(2))
    });
    let mut browser = app.log_in().await;
    app.pass(LIFETIME / 2 - 1);
    browser.user().await;
    assert_eq!(app.sessions.stats().touched, 0);
    app.pass(1);
    browser.user().await;
    assert_eq!(app.sessions.stats().touched, 1);
}

#[apply(trial)]
async fn without_touches_a_session_lasts_from_its_last_change() {
    let app = App::with(|sessions| {
        let sessions = sessions.max_age(Duration::from_secs(LIFETIME));
        sessions.touch(Touch::Never)
    });
    let mut browser = app.log_in().await;
    app.pass(LIFETIME - 1);
    assert_eq!(browser.read().await, (Some("ada".into()), Told::Nothing));
    app.pass(2);
    assert_eq!(browser.user().await, None);
}

#[apply(trial)]
async fn the_absolute_timeout_ends_a_session_however_much_it_is_used() {
    let app = App::with(|sessions| {
        let sessions = sessions.max_age(Duration::from_secs(LIFETIME));
        sessions.absolute_timeout(Duration::from_secs(3 * LIFETIME))
    });
    let mut browser = app.log_in().await;
    for _ in 0..29 {
        app.pass(LIFETIME / 10);
        let count = |session: pgstore::Session| async move { session.insert("n", 1) };
        browser.request(count).await.unwrap();
        assert_eq!(browser.user().await.as_deref(), Some("ada"));
    }
    assert_eq!(app.store.len(), 1);
    let end = app.row(&browser.session()).await.expires_on;
    assert_eq!(end, app.now().plus(Duration::from_secs(LIFETIME / 10)));
    app.pass(LIFETIME / 10);
    assert_eq!(browser.user().await, None, "before any sweep");
    assert_eq!(app.store.len(), 1);
}

#[apply(trial)]
async fn a_renewed_session_begins_anew_and_a_rotated_one_does_not() {
    let app = App::with(|sessions| sessions.absolute_timeout(Duration::from_secs(100)));
    let mut renewed = app.log_in().await;
    let mut rotated = app.log_in().await;
    app.pass(60);
    renewed.request(|s| async move { s.renew() }).await.unwrap();
    rotated
        .request(|s| async move { s.rotate_gently() })
        .await
        .unwrap();
    app.pass(60);
    assert_eq!(renewed.user().await.as_deref(), Some("ada"));
    assert_eq!(rotated.user().await, None);
}

#[apply(trial)]
async fn a_lifetime_of_its_own_outlasts_the_request_that_set_it() {
    let app = app();
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.set_max_age(80) })
        .await
        .unwrap();
    // Another request, another save, by which it is not forgotten.
    browser
        .request(|session| async move { session.insert("n", 1) })
        .await
        .unwrap();
    let session = browser.session();
    session.get::<i64>("n").await.unwrap();
    assert_eq!(session.options(), CookieOptions::default().max_age(80));
    app.pass(10);
    assert_eq!(
        browser.read().await,
        (Some("ada".into()), Told::Set),
        "an eighth of 80"
    );
    app.pass(79);
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
    app.pass(81);
    assert_eq!(browser.user().await, None);
}

#[apply(trial)]
async fn a_longer_lifetime_of_its_own_outlasts_the_applications() {
    let app = app();
    let remember_me = Duration::from_secs(10 * LIFETIME);
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.set_max_age(remember_me) })
        .await
        .unwrap();
    app.pass(10 * LIFETIME - 1);
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
    app.pass(10 * LIFETIME + 1);
    assert_eq!(browser.user().await, None);
}

#[apply(trial)]
async fn a_lifetime_of_its_own_may_be_until_the_browser_closes() {
    let app = app();
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.set_max_age(0) })
        .await
        .unwrap();
    let session = browser.session();
    session.get::<String>("user").await.unwrap();
    let max_age = CookieOptions::default().max_age(MaxAge::UntilBrowserCloses);
    assert_eq!(session.options(), max_age);
    app.pass(LIFETIME + 1);
    assert_eq!(
        browser.user().await,
        None,
        "on the server it lasts as all do"
    );
}

#[apply(trial)]
async fn a_touch_that_another_request_overtakes_is_dropped() {
    let app = app();
    let mut browser = app.log_in().await;
    app.pass(LIFETIME / 2);
    let reads = browser.session();
    reads.get::<String>("user").await.unwrap();
    let mut other = browser.clone();
    other
        .request(|session| async move { session.insert("user", "grace") })
        .await
        .unwrap();
    let (told, result) = browser.save(&reads).await;
    result.unwrap();
    let stats = app.sessions.stats();
    assert_eq!((stats.touched, stats.touches_overtaken), (0, 1));
    assert_eq!(told, Told::Nothing, "what it read is out of date");
    assert_eq!(browser.read().await, (Some("grace".into()), Told::Set));
}

#[apply(trial)]
async fn a_touch_that_fails_fails_nothing() {
    let app = app();
    let mut browser = app.log_in().await;
    app.pass(LIFETIME / 2);
    let session = browser.session();
    session.get::<String>("user").await.unwrap();
    app.store
        .fail_with(Some(pgstore::StoreErrorKind::Unavailable));
    let (told, result) = browser.save(&session).await;
    app.store.fail_with(None);
    assert!(result.is_ok());
    assert_eq!(told, Told::Nothing, "no write has confirmed that it lives");
    assert_eq!(app.sessions.stats().touches_failed, 1);
}

#[apply(trial)]
async fn a_session_touched_in_time_is_not_swept() {
    let app = app();
    let mut browser = app.log_in().await;
    let forgotten = app.log_in().await;
    for _ in 0..10 {
        app.pass(LIFETIME / 2);
        browser.user().await;
        let margin = Duration::from_secs(60);
        let idle = app.now().minus(Duration::from_secs(LIFETIME));
        let batch = SweepBatch::new(app.now().minus(margin), idle, 100);
        app.store.sweep(&batch).await.unwrap();
    }
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
    assert_eq!(app.store.len(), 1);
    let mut forgotten: Visitor<'_> = forgotten;
    assert_eq!(forgotten.user().await, None);
}

#[apply(trial)]
async fn the_cookie_is_given_a_new_date_by_its_own_age() {
    let app = app();
    let mut one = app.log_in().await;
    let mut other = one.clone();
    app.pass(LIFETIME / 8);
    assert_eq!(one.read().await.1, Told::Set);
    // The row is young again, the other's cookie is not.
    assert_eq!(other.read().await.1, Told::Set);
    assert_eq!(other.read().await.1, Told::Nothing);
    assert_eq!(app.sessions.stats().touched, 2, "a cookie takes a write");

    // A cookie whose row is gone is not given a new date.
    one.request(|session| async move { session.destroy() })
        .await
        .unwrap();
    app.pass(LIFETIME / 8);
    assert_eq!(other.read().await, (None, Told::Nothing));
}
