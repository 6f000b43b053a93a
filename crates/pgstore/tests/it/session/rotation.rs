//! New IDs, and what becomes of the old ones.

use std::time::Duration;

use pgstore::{Session, SessionError};

use super::handlers::{destroy, renew, rotate, write};
use crate::support::app::{App, Told};
use crate::support::{apply, trial};

/// How far the clocks of two nodes may differ, in seconds: the margin of all times that they share.
const CLOCKS_DIFFER_BY: u64 = 60;

#[apply(trial)]
async fn a_request_with_a_renewed_id_is_anonymous_and_its_writes_are_gone() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(renew).await.unwrap();
    assert_eq!(late.read().await, (None, Told::Nothing));
    let session = late.session();
    session.insert("late", true).unwrap();
    let (told, result) = late.save(&session).await;
    assert!(matches!(result, Err(SessionError::Gone)), "{result:?}");
    assert_eq!(told, Told::Nothing);
    assert!(matches!(late.request(renew).await, Err(SessionError::Gone)));
    assert_eq!(app.store.len(), 1);
    assert_eq!(user.user().await.as_deref(), Some("ada"));
    assert_eq!(app.sessions.stats().gone, 2);
}

#[apply(trial)]
async fn a_renewed_id_is_forgotten_after_a_minute() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(renew).await.unwrap();
    app.pass(60 + CLOCKS_DIFFER_BY - 1);
    assert!(matches!(late.request(write).await, Err(SessionError::Gone)));
    app.pass(1);
    assert_eq!(late.request(write).await.unwrap(), Told::Set);
    assert_eq!(
        late.user().await,
        None,
        "a session of its own, and a new one"
    );
    assert_eq!(user.user().await.as_deref(), Some("ada"));
    assert_eq!(app.store.len(), 2);
}

#[apply(trial)]
async fn a_request_under_way_during_a_login_cannot_undo_it() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    let under_way = late.session();
    under_way.get::<String>("user").await.unwrap();
    under_way.insert("late", true).unwrap();
    user.request(renew).await.unwrap();
    let (told, result) = late.save(&under_way).await;
    assert!(matches!(result, Err(SessionError::Gone)));
    assert_eq!(told, Told::Nothing);
}

#[apply(trial)]
async fn a_logout_by_a_renewed_id_ends_the_session() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(renew).await.unwrap();
    assert_eq!(late.request(destroy).await.unwrap(), Told::Remove);
    assert_eq!(user.user().await, None);
    assert_eq!(app.store.len(), 0);
}

#[apply(trial)]
async fn a_rotated_id_leads_to_the_session_and_its_holder_gets_the_new_cookie() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    assert_eq!(user.request(rotate).await.unwrap(), Told::Set);
    assert_ne!(user.cookies, late.cookies);
    app.pass(29);
    assert_eq!(late.read().await, (Some("ada".into()), Told::Set));
    assert_eq!(late.read().await, (Some("ada".into()), Told::Nothing));
    let ids = (user.session().id().await, late.session().id().await);
    assert_eq!(ids.0.unwrap(), ids.1.unwrap());
    assert_eq!(app.store.len(), 1);
}

#[apply(trial)]
async fn a_rotated_id_is_honoured_for_its_grace_time_only() {
    let app = App::with(|sessions| sessions.rotation_grace(Duration::from_secs(5)));
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(rotate).await.unwrap();
    assert_eq!(user.user().await.as_deref(), Some("ada"));
    app.pass(5 + CLOCKS_DIFFER_BY - 1);
    assert_eq!(late.clone().user().await.as_deref(), Some("ada"));
    app.pass(1);
    assert_eq!(late.read().await, (None, Told::Nothing));
    assert!(
        matches!(late.request(write).await, Err(SessionError::Gone)),
        "it is known to be late for longer"
    );
    app.pass(60);
    assert_eq!(late.request(write).await.unwrap(), Told::Set);
}

#[apply(trial)]
async fn what_a_request_under_way_saves_follows_a_rotation() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    let under_way = late.session();
    under_way.get::<String>("user").await.unwrap();
    under_way.insert("late", true).unwrap();
    user.request(rotate).await.unwrap();
    let (told, result) = late.save(&under_way).await;
    result.unwrap();
    assert_eq!(told, Told::Set);
    let session = user.session();
    assert_eq!(session.get::<bool>("late").await.unwrap(), Some(true));
    assert_eq!(app.store.len(), 1);
}

#[apply(trial)]
async fn of_two_rotations_at_the_same_time_one_is_done() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    let under_way = late.session();
    under_way.get::<String>("user").await.unwrap();
    under_way.rotate_gently().unwrap();
    user.request(rotate).await.unwrap();
    let (told, result) = late.save(&under_way).await;
    result.unwrap();
    assert_eq!(told, Told::Set);
    let ids = (user.session().id().await, late.session().id().await);
    assert_eq!(ids.0.unwrap(), ids.1.unwrap());
    assert_eq!(user.user().await.as_deref(), Some("ada"));
}

/// Rotated at t0, this done at t0 + 1 s; what the old cookie is worth at t0 + 2 s.
async fn two_seconds_after_a_rotation(app: &App, then: impl AsyncFnOnce(&mut super::Visitor<'_>)) {
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(rotate).await.unwrap();
    assert_eq!(late.clone().user().await.as_deref(), Some("ada"));
    app.pass(1);
    then(&mut user).await;
    app.pass(1);
    assert_eq!(late.read().await, (None, Told::Nothing));
}

#[apply(trial)]
async fn a_login_ends_the_grace_of_a_rotation() {
    let log_in = async |user: &mut super::Visitor<'_>| {
        user.request(renew).await.unwrap();
    };
    two_seconds_after_a_rotation(&App::new(), log_in).await;
}

#[apply(trial)]
async fn a_second_rotation_leaves_the_first_id_its_grace_time() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    for _ in 0..3 {
        user.request(rotate).await.unwrap();
    }
    assert_eq!(late.clone().read().await, (Some("ada".into()), Told::Set));
    app.pass(30 + CLOCKS_DIFFER_BY);
    assert_eq!(late.user().await, None);
    assert_eq!(user.user().await.as_deref(), Some("ada"));
}

#[apply(trial)]
async fn the_end_of_the_session_ends_the_grace_of_a_rotation() {
    let log_out = async |user: &mut super::Visitor<'_>| {
        user.request(destroy).await.unwrap();
    };
    two_seconds_after_a_rotation(&App::new(), log_out).await;
}

#[apply(trial)]
async fn another_owner_ends_the_grace_of_a_rotation() {
    let change = async |user: &mut super::Visitor<'_>| {
        user.request(|session| async move { session.set_owner("grace") })
            .await
            .unwrap();
    };
    two_seconds_after_a_rotation(&App::new(), change).await;
    let name = pgstore::CookieName::new("s").unwrap();
    let by_value = App::with(|sessions| sessions.owner_from(name, "user"));
    let change = async |user: &mut super::Visitor<'_>| {
        user.request(|session| async move { session.insert("user", "grace") })
            .await
            .unwrap();
    };
    two_seconds_after_a_rotation(&by_value, change).await;
}

#[apply(trial)]
async fn a_logout_with_a_rotated_id_ends_the_session() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(rotate).await.unwrap();
    assert_eq!(late.request(destroy).await.unwrap(), Told::Remove);
    assert_eq!(user.user().await, None);
    assert_eq!(app.store.len(), 0);
}

#[apply(trial)]
async fn a_renewal_is_more_than_a_rotation() {
    for renewal_first in [true, false] {
        let app = App::new();
        let mut user = app.log_in().await;
        let mut late = user.clone();
        let both = |session: Session| async move {
            if renewal_first {
                session.renew()?;
                session.rotate_gently()
            } else {
                session.rotate_gently()?;
                session.renew()
            }
        };
        user.request(both).await.unwrap();
        assert_eq!(late.user().await, None);
        assert_eq!(user.user().await.as_deref(), Some("ada"));
    }
}
