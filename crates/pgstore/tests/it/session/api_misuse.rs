//! Handlers that use their session in odd ways: each has a defined result, none panics or is
//! silent.

use pgstore::{OnConflict, Session, SessionError};

use crate::support::app::{App, Told, Visitor};
use crate::support::{apply, trial};

#[apply(trial)]
async fn saving_twice_saves_what_changed_in_between() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let session = browser.session();
    for n in 1..=2 {
        session
            .update("n", |n: Option<i64>| n.unwrap_or(0) + 1)
            .unwrap();
        browser.save(&session).await.1.unwrap();
        browser.save(&session).await.1.unwrap();
        let stored = browser.session().get::<i64>("n").await.unwrap();
        assert_eq!(stored, Some(n));
    }
    // Also when it is renewed, and destroyed.
    session.renew().unwrap();
    assert_eq!(browser.save(&session).await.0, Told::Set);
    assert_eq!(browser.save(&session).await.0, Told::Nothing);
    session.destroy().unwrap();
    assert_eq!(browser.save(&session).await.0, Told::Remove);
    assert!(browser.save(&session).await.1.is_ok());
    assert!(app.store.is_empty());
}

#[apply(trial)]
async fn renewing_after_destroying_is_an_error() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let session = browser.session();
    session.destroy().unwrap();
    for error in [
        session.renew(),
        session.rotate_gently(),
        session.insert("n", 1),
        session.set_owner("ada"),
        session.set_label("phone"),
        session.set_max_age(60),
    ] {
        assert!(matches!(error, Err(SessionError::Destroyed)), "{error:?}");
    }
    let (told, result) = browser.save(&session).await;
    assert_eq!((told, result.is_ok()), (Told::Remove, true));
    assert!(app.store.is_empty());
}

#[apply(trial)]
async fn reading_after_destroying_reads_nothing() {
    let app = App::new();
    let session = app.log_in().await.session();
    assert!(session.get::<String>("user").await.unwrap().is_some());
    session.destroy().unwrap();
    assert_eq!(session.get::<String>("user").await.unwrap(), None);
    assert!(session.is_new().await.unwrap());
    assert_eq!(session.id().await.unwrap(), None);
    assert_eq!(session.owner().await.unwrap(), None);
    let flashes = session.flashes::<String>().await;
    assert!(matches!(flashes, Err(SessionError::Destroyed)));
}

#[apply(trial)]
async fn destroying_after_renewing_destroys() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let both = |session: Session| async move {
        session.renew()?;
        session.destroy()
    };
    assert_eq!(browser.request(both).await.unwrap(), Told::Remove);
    assert!(app.store.is_empty());
}

#[apply(trial)]
async fn two_tasks_of_one_request_lose_nothing() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let session = browser.session();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move {
                session.get::<String>("user").await.unwrap();
                session.update("n", |n: Option<i64>| n.unwrap_or(0) + 1)
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    browser.save(&session).await.1.unwrap();
    assert_eq!(browser.session().get("n").await.unwrap(), Some(20));
}

/// Two requests read; one saves `n`, then the other saves it.
async fn overlapping(app: &App) -> (Visitor<'_>, Result<(), SessionError>) {
    let mut browser = app.log_in().await;
    let session = browser.session();
    session.get::<i64>("n").await.unwrap();
    session.insert("n", "late").unwrap();
    session.insert("other", 1).unwrap();
    let mut first = browser.clone();
    first
        .request(|session| async move { session.insert("n", "early") })
        .await
        .unwrap();
    let result = browser.save(&session).await.1;
    (browser, result)
}

#[apply(trial)]
async fn a_plain_insert_over_anothers_is_won_by_the_later_save() {
    let app = App::new();
    let (browser, result) = overlapping(&app).await;
    result.unwrap();
    let stored = browser.session().get::<String>("n").await.unwrap();
    assert_eq!(stored.as_deref(), Some("late"));
    let stats = app.sessions.stats();
    assert_eq!((stats.replayed, stats.overwritten), (1, 1));
}

#[apply(trial)]
async fn by_policy_a_plain_insert_over_anothers_is_a_conflict() {
    let app = App::with(|sessions| sessions.on_conflict(OnConflict::Error));
    let (browser, result) = overlapping(&app).await;
    assert!(
        matches!(result, Err(SessionError::Conflict(_))),
        "{result:?}"
    );
    let session = browser.session();
    let stored = session.get::<String>("n").await.unwrap();
    assert_eq!(stored.as_deref(), Some("early"));
    assert_eq!(session.get::<i64>("other").await.unwrap(), None);
    assert_eq!(app.sessions.stats().overwritten, 0);
}

/// An update that is done again to what another request has put.
async fn updated_over<F>(text: &'static str, update: F) -> Result<(), SessionError>
where
    F: FnMut(Option<i64>) -> i64 + Send + 'static,
{
    let app = App::new();
    let mut browser = app.log_in().await;
    let session = browser.session();
    session.get::<i64>("n").await.unwrap();
    session.update("n", update).unwrap();
    session.insert("other", 1).unwrap();
    let mut first = browser.clone();
    first
        .request(|session| async move { session.insert("n", text) })
        .await
        .unwrap();
    let result = browser.save(&session).await.1;
    let session = browser.session();
    let stored = session.get::<String>("n").await.unwrap();
    assert_eq!(stored.as_deref(), Some(text));
    assert_eq!(session.get::<i64>("other").await.unwrap(), None);
    result
}

#[apply(trial)]
async fn a_stored_value_of_another_type_fails_an_update_on_replay() {
    let result = updated_over("text", |n| n.unwrap_or(0) + 1).await;
    assert!(matches!(result, Err(SessionError::Value(_))), "{result:?}");
}

#[apply(trial)]
async fn a_panic_of_an_update_on_replay_saves_nothing() {
    let mut calls = 0;
    let panics_the_second_time = move |n: Option<i64>| {
        calls += 1;
        assert!(calls < 2, "on purpose");
        n.unwrap_or(0)
    };
    // Its value must read as a number for the closure to be called again.
    let app = App::new();
    let mut browser = app.log_in().await;
    let session = browser.session();
    session.get::<i64>("n").await.unwrap();
    session.update("n", panics_the_second_time).unwrap();
    let mut first = browser.clone();
    first
        .request(|session| async move { session.insert("n", 7) })
        .await
        .unwrap();
    let result = browser.save(&session).await.1;
    assert!(matches!(result, Err(SessionError::UpdatePanicked)));
    assert_eq!(browser.session().get::<i64>("n").await.unwrap(), Some(7));
}

#[apply(trial)]
async fn a_flash_is_taken_by_one_of_two_requests() {
    let app = App::new();
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.add_flash("hello") })
        .await
        .unwrap();
    let (one, other) = (browser.session(), browser.session());
    one.get::<String>("user").await.unwrap();
    other.get::<String>("user").await.unwrap();
    assert_eq!(one.flashes::<String>().await.unwrap(), ["hello"]);
    assert!(other.flashes::<String>().await.unwrap().is_empty());
    other.add_flash("later").unwrap();
    browser.save(&one).await.1.unwrap();
    browser.save(&other).await.1.unwrap();
    let left = browser.session().flashes::<String>().await.unwrap();
    assert_eq!(left, ["later"]);
}

#[apply(trial)]
async fn flashes_of_a_session_that_has_ended_are_none_and_no_error() {
    let app = App::new();
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.add_flash("hello") })
        .await
        .unwrap();
    let session = browser.session();
    session.get::<String>("user").await.unwrap();
    browser
        .clone()
        .request(|session| async move { session.destroy() })
        .await
        .unwrap();
    assert!(session.flashes::<String>().await.unwrap().is_empty());
    let (told, result) = browser.save(&session).await;
    result.unwrap();
    assert_eq!(told, Told::Nothing);
    assert!(app.store.is_empty());
}

#[apply(trial)]
async fn taking_flashes_saves_nothing_else() {
    let app = App::new();
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.add_flash("hello") })
        .await
        .unwrap();
    let session = browser.session();
    session.insert("half", true).unwrap();
    session.renew().unwrap();
    assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
    assert_eq!(session.get::<bool>("half").await.unwrap(), Some(true));
    let looked_at = browser.session();
    assert!(!looked_at.contains("half").await.unwrap());
    assert!(!looked_at.contains("_flash").await.unwrap());
    browser.save(&session).await.1.unwrap();
    let session = browser.session();
    assert_eq!(session.get::<bool>("half").await.unwrap(), Some(true));
}

#[apply(trial)]
async fn a_message_added_and_taken_in_one_request_is_gone() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let session = browser.session();
    session.add_flash("now").unwrap();
    assert_eq!(session.flashes::<String>().await.unwrap(), ["now"]);
    assert!(session.flashes::<String>().await.unwrap().is_empty());
    browser.save(&session).await.1.unwrap();
    assert!(!browser.session().contains("_flash").await.unwrap());
}

#[apply(trial)]
async fn a_row_of_another_cookie_name_does_not_open() {
    let app = App::new();
    let browser = app.log_in().await;
    let handle = browser.session().handle().await.unwrap();
    let found = app.sessions.by_handle("s", &handle).await.unwrap();
    assert!(
        found.is_some(),
        "a row has its handle from its first save on"
    );
    let session = browser.session();
    session.set_owner("ada").unwrap();
    let handle = session.handle().await.unwrap();
    browser.clone().save(&session).await.1.unwrap();
    assert!(
        app.sessions
            .by_handle("s", &handle)
            .await
            .unwrap()
            .is_some()
    );
    let error = app.sessions.by_handle("other", &handle).await.unwrap_err();
    assert!(matches!(error, SessionError::Undecodable(_)), "{error:?}");
}
