//! `start_over`: the session ends and the request continues with an empty new one.

use pgstore::store::{Fault, FaultyStore, MemoryStore};
use pgstore::{Session, SessionError, StoreErrorKind};

use crate::support::app::{App, Told, Visitor};
use crate::support::{apply, trial};

/// Logs out, and leaves a message for the next page.
async fn log_out(session: Session) -> Result<(), SessionError> {
    session.start_over()?;
    session.add_flash("You are logged out.")
}

#[apply(trial)]
async fn the_old_session_ends_and_the_browser_gets_a_new_one_with_what_was_set_afterwards() {
    let app = App::new();
    let mut user = app.log_in().await;
    let (old, old_id) = (user.clone(), user.session().id().await.unwrap());
    assert_eq!(user.request(log_out).await.unwrap(), Told::Set);
    assert_eq!(app.store.len(), 1);

    let session = user.session();
    assert_ne!(session.id().await.unwrap(), old_id);
    assert_eq!(session.get::<String>("user").await.unwrap(), None);
    let messages: Vec<String> = session.flashes().await.unwrap();
    assert_eq!(messages, ["You are logged out."]);
    assert!(old.session().is_new().await.unwrap());
}

#[apply(trial)]
async fn if_nothing_is_set_afterwards_the_browser_drops_the_cookie() {
    let app = App::new();
    let mut user = app.log_in().await;
    let start_over = |session: Session| async move { session.start_over() };
    assert_eq!(user.request(start_over).await.unwrap(), Told::Remove);
    assert_eq!(app.store.len(), 0);
}

#[apply(trial)]
async fn a_request_without_a_session_gets_one() {
    let app = App::new();
    let mut visitor = Visitor::of(&app);
    assert_eq!(visitor.request(log_out).await.unwrap(), Told::Set);
    assert_eq!(visitor.user().await, None);
    assert_eq!(app.store.len(), 1);
}

#[apply(trial)]
async fn nothing_of_the_old_session_is_kept() {
    let app = App::new();
    let mut user = app.log_in().await;
    let session = user.session();
    session.set_owner("ada").unwrap();
    session.set_label("telephone").unwrap();
    session.set_max_age(7).unwrap();
    let token = session.csrf_token().await.unwrap();
    let handle = session.handle().await.unwrap();
    user.save(&session).await.1.unwrap();

    user.request(log_out).await.unwrap();
    let session = user.session();
    assert_eq!(session.owner().await.unwrap(), None);
    assert_eq!(session.label().await.unwrap(), None);
    assert_ne!(session.handle().await.unwrap(), handle);
    assert_eq!(app.row(&session).await.extras.max_age, None);
    let forged = session.check_csrf(token.as_str()).await;
    assert!(matches!(forged, Err(SessionError::CsrfMismatch)));
}

#[apply(trial)]
async fn a_save_under_way_does_not_bring_the_old_session_back() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    let session = late.session();
    session.insert("late", true).unwrap();
    assert!(!session.is_new().await.unwrap());
    user.request(log_out).await.unwrap();
    let (told, result) = late.save(&session).await;
    assert!(matches!(result, Err(SessionError::Gone)), "{result:?}");
    assert_eq!(told, Told::Nothing);
    assert_eq!(app.store.len(), 1);
}

#[apply(trial)]
async fn an_end_that_the_store_cannot_take_is_no_success_and_continues_in_the_background() {
    let store = FaultyStore::new(MemoryStore::new());
    let app = App::over(store);
    let mut user = app.log_in().await;
    let other = user.clone();
    let unavailable = Fault::Fails(StoreErrorKind::Unavailable);
    app.store.every("delete", unavailable);

    let session = user.session();
    log_out(session.clone()).await.unwrap();
    let (told, result) = user.save(&session).await;
    assert!(result.unwrap_err().is_unavailable());
    assert_eq!(told, Told::Remove);
    assert!(other.session().is_new().await.unwrap(), "this node ended it");
    assert_eq!(app.sessions.stats().logouts_taken_over, 1);
    assert_eq!(app.store.inner().len(), 1, "nothing new was stored");

    app.store.mend();
    let (told, result) = user.save(&session).await;
    result.unwrap();
    assert_eq!(told, Told::Set);
    assert_eq!(app.store.inner().len(), 1);
    assert!(other.session().is_new().await.unwrap());
}

#[apply(trial)]
async fn a_failed_insert_after_the_end_still_removes_the_cookie() {
    let app = App::over(FaultyStore::new(MemoryStore::new()));
    let mut user = app.log_in().await;
    let unavailable = Fault::Fails(StoreErrorKind::Unavailable);
    app.store.every("insert", unavailable);
    let session = user.session();
    log_out(session.clone()).await.unwrap();
    let (told, result) = user.save(&session).await;
    assert!(result.unwrap_err().is_unavailable());
    assert_eq!(told, Told::Remove);
    assert_eq!(app.store.inner().len(), 0);
    assert_eq!(app.sessions.stats().logouts_taken_over, 0);
}

#[apply(trial)]
async fn discarding_the_changes_keeps_the_end() {
    let app = App::new();
    let mut user = app.log_in().await;
    let session = user.session();
    log_out(session.clone()).await.unwrap();
    session.discard_changes();
    let (told, result) = user.save(&session).await;
    result.unwrap();
    assert_eq!((told, app.store.len()), (Told::Remove, 0));
}

#[apply(trial)]
async fn the_new_session_can_be_renewed_and_destroyed_in_the_same_request() {
    let app = App::new();
    let mut user = app.log_in().await;
    let log_in_again = |session: Session| async move {
        session.start_over()?;
        session.renew()?;
        session.insert("user", "grace")
    };
    assert_eq!(user.request(log_in_again).await.unwrap(), Told::Set);
    assert_eq!(user.user().await.as_deref(), Some("grace"));
    assert_eq!(app.store.len(), 1);

    let end = |session: Session| async move {
        log_out(session.clone()).await?;
        session.destroy()
    };
    assert_eq!(user.request(end).await.unwrap(), Told::Remove);
    assert_eq!(app.store.len(), 0);
}

#[apply(trial)]
async fn a_destroyed_session_cannot_start_over() {
    let app = App::new();
    let mut user = app.log_in().await;
    let session = user.session();
    session.destroy().unwrap();
    let error = session.start_over().unwrap_err();
    assert!(matches!(error, SessionError::Destroyed), "{error:?}");
    let (told, result) = user.save(&session).await;
    result.unwrap();
    assert_eq!(told, Told::Remove);
}
