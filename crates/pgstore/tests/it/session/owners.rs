//! Whose sessions they are: lists of devices, revoking, jobs.

use pgstore::store::{Row, RowExtras};
use pgstore::{CookieName, Session, SessionError, SessionHandle, SessionManagerBuilder, Store};

use crate::support::app::{App, NOW, Told, Visitor, keys};
use crate::support::{apply, trial};

async fn device<'a>(app: &'a App, owner: &'static str, label: &'static str) -> Visitor<'a> {
    let mut browser = Visitor::of(app);
    let log_in = |session: Session| async move {
        session.renew()?;
        session.set_owner(owner)?;
        session.set_label(label)?;
        session.insert("user", owner)
    };
    browser.request(log_in).await.unwrap();
    browser
}

fn labels(infos: &[pgstore::SessionInfo]) -> Vec<(&str, bool)> {
    let one = |info: &'_ pgstore::SessionInfo| info.is_current;
    infos
        .iter()
        .map(|info| (info.label.as_deref().unwrap_or_default(), one(info)))
        .collect()
}

#[apply(trial)]
async fn an_owner_sees_all_their_sessions_and_which_one_this_is() {
    let app = App::new();
    let phone = device(&app, "ada", "phone").await;
    app.pass(5);
    let _laptop = device(&app, "ada", "laptop").await;
    let _other = device(&app, "grace", "tablet").await;
    let session = phone.session();
    let all = app
        .sessions
        .sessions_of("ada", Some(&session))
        .await
        .unwrap();
    assert_eq!(labels(&all), [("laptop", false), ("phone", true)]);
    assert_eq!(all[1].created.unix_seconds(), NOW);
    assert_eq!(all[1].last_used, all[1].created);
    assert!(all[1].expires > app.now());
    assert_eq!(session.owner().await.unwrap().as_deref(), Some("ada"));
    assert_eq!(session.label().await.unwrap().as_deref(), Some("phone"));
    let nobodys = app.sessions.sessions_of("nobody", None).await.unwrap();
    assert!(nobodys.is_empty());
}

#[apply(trial)]
async fn a_handle_survives_new_ids() {
    let app = App::new();
    let mut phone = device(&app, "ada", "phone").await;
    let handle = phone.session().handle().await.unwrap();
    phone.request(|s| async move { s.renew() }).await.unwrap();
    phone
        .request(|s| async move { s.rotate_gently() })
        .await
        .unwrap();
    assert_eq!(phone.session().handle().await.unwrap(), handle);
    assert!(app.sessions.revoke("ada", &handle).await.unwrap());
    assert_eq!(phone.user().await, None);
}

#[apply(trial)]
async fn one_session_is_revoked_by_its_handle() {
    let app = App::new();
    let mut phone = device(&app, "ada", "phone").await;
    let mut laptop = device(&app, "ada", "laptop").await;
    let handle = laptop.session().handle().await.unwrap();
    assert!(app.sessions.revoke("ada", &handle).await.unwrap());
    assert!(!app.sessions.revoke("ada", &handle).await.unwrap());
    assert_eq!(laptop.user().await, None);
    assert_eq!(phone.user().await.as_deref(), Some("ada"));
}

#[apply(trial)]
async fn another_owners_handle_answers_like_a_missing_one() {
    let app = App::new();
    let mut phone = device(&app, "ada", "phone").await;
    let handle = phone.session().handle().await.unwrap();
    let missing = SessionHandle::generate().unwrap();
    for handle in [&handle, &missing] {
        assert!(!app.sessions.revoke("mallory", handle).await.unwrap());
    }
    assert_eq!(phone.user().await.as_deref(), Some("ada"));
}

#[apply(trial)]
async fn all_sessions_of_an_owner_are_revoked_and_no_others() {
    let app = App::new();
    let mut adas = [
        device(&app, "ada", "1").await,
        device(&app, "ada", "2").await,
    ];
    let mut grace = device(&app, "grace", "3").await;
    assert_eq!(app.sessions.revoke_all("ada").await.unwrap(), 2);
    assert_eq!(app.sessions.revoke_all("ada").await.unwrap(), 0);
    for browser in &mut adas {
        assert_eq!(browser.read().await, (None, Told::Nothing));
    }
    assert_eq!(grace.user().await.as_deref(), Some("grace"));
}

#[apply(trial)]
async fn all_but_the_current_session_are_revoked() {
    let app = App::new();
    let mut phone = device(&app, "ada", "phone").await;
    let mut laptop = device(&app, "ada", "laptop").await;
    let session = phone.session();
    let revoked = app.sessions.revoke_all_except(&session).await.unwrap();
    assert_eq!(revoked, 1);
    assert_eq!(laptop.user().await, None);
    assert_eq!(phone.user().await.as_deref(), Some("ada"));

    // At a login, before it is saved.
    let mut tablet = Visitor::of(&app);
    let session = tablet.session();
    session.set_owner("ada").unwrap();
    session.insert("user", "ada").unwrap();
    let revoked = app.sessions.revoke_all_except(&session).await.unwrap();
    assert_eq!(revoked, 1);
    tablet.save(&session).await.1.unwrap();
    assert_eq!(tablet.user().await.as_deref(), Some("ada"));
    assert_eq!(phone.user().await, None);
}

#[apply(trial)]
async fn what_a_revoked_session_has_under_way_is_gone() {
    let app = App::new();
    let mut phone = device(&app, "ada", "phone").await;
    let session = phone.session();
    session.get::<String>("user").await.unwrap();
    session.insert("n", 1).unwrap();
    app.sessions.revoke_all("ada").await.unwrap();
    let (told, result) = phone.save(&session).await;
    assert!(matches!(result, Err(SessionError::Gone)));
    assert_eq!(told, Told::Nothing);
    assert!(app.store.is_empty());
}

#[apply(trial)]
async fn a_session_without_an_owner_has_no_others() {
    let app = App::new();
    let browser = app.log_in().await;
    let error = app.sessions.revoke_all_except(&browser.session()).await;
    assert!(matches!(error, Err(SessionError::NoOwner)));
}

fn by_value(sessions: SessionManagerBuilder) -> SessionManagerBuilder {
    sessions.owner_from(CookieName::new("s").unwrap(), "user")
}

#[apply(trial)]
async fn an_owner_by_value_follows_the_value() {
    let app = App::with(by_value);
    let mut browser = app.log_in().await;
    let session = browser.session();
    assert_eq!(session.owner().await.unwrap().as_deref(), Some("ada"));
    let sessions = app.sessions.sessions_of("ada", None).await.unwrap();
    assert_eq!(sessions.len(), 1);
    browser
        .request(|session| async move { session.insert("user", 42) })
        .await
        .unwrap();
    assert!(
        app.sessions
            .sessions_of("ada", None)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(app.sessions.sessions_of("42", None).await.unwrap().len(), 1);
    browser
        .request(|session| async move { session.remove("user") })
        .await
        .unwrap();
    assert_eq!(app.sessions.revoke_all("42").await.unwrap(), 0);
    assert_eq!(app.store.len(), 1);
}

/// Rewrites the row of a session as a Go program does: with data of its own, and without knowing
/// of our columns.
async fn written_by_go(app: &App, session: &Session, user: &str) {
    let row = app.row(session).await;
    let mut values = session.values().await.unwrap();
    values.insert("user", user).unwrap();
    let codec = pgstore::wire::SecureCookie::new(keys());
    let now = app.now();
    let data = codec.seal("s", &values.encode(), now.unix_seconds(), [0; 16]);
    let id = session.id().await.unwrap().unwrap();
    let by_go = Row {
        data: data.unwrap().into_bytes(),
        modified_on: now.plus(std::time::Duration::from_micros(7)),
        extras: RowExtras {
            save_token: None,
            ..row.extras.clone()
        },
        ..row.clone()
    };
    let written = app
        .store
        .update(&id, row.modified_on, &by_go)
        .await
        .unwrap();
    assert_eq!(written, pgstore::store::Written::Saved);
}

#[apply(trial)]
async fn what_a_go_program_wrote_is_looked_into() {
    let app = App::with(by_value);
    let mut once_adas = app.log_in().await;
    let mut adas = app.log_in().await;
    let mut never_listed = app.log_in().await;
    never_listed
        .request(|session| async move { session.insert("user", "nobody") })
        .await
        .unwrap();
    written_by_go(&app, &once_adas.session(), "grace").await;
    written_by_go(&app, &never_listed.session(), "ada").await;

    let listed = app.sessions.sessions_of("ada", None).await.unwrap();
    assert_eq!(listed.len(), 2);
    let graces = app.sessions.sessions_of("grace", None).await.unwrap();
    assert_eq!(graces.len(), 1);
    written_by_go(&app, &once_adas.session(), "grace").await;
    written_by_go(&app, &never_listed.session(), "ada").await;
    assert_eq!(app.sessions.revoke_all("ada").await.unwrap(), 2);
    assert_eq!(adas.user().await, None);
    assert_eq!(never_listed.user().await, None);
    assert_eq!(once_adas.user().await.as_deref(), Some("grace"));

    written_by_go(&app, &once_adas.session(), "grace").await;
    assert!(!app.sessions.revoke("ada", &graces[0].handle).await.unwrap());
    assert!(
        app.sessions
            .revoke("grace", &graces[0].handle)
            .await
            .unwrap()
    );
    assert_eq!(once_adas.user().await, None);
}

#[apply(trial)]
async fn an_owner_by_value_is_not_set_by_hand() {
    let app = App::with(by_value);
    let error = app.log_in().await.session().set_owner("grace");
    assert!(matches!(error, Err(SessionError::OwnerIsAValue)));
}

#[apply(trial)]
async fn a_label_by_value_follows_the_value_also_when_go_writes_it() {
    let name = CookieName::new("s").unwrap();
    let app = App::with(|sessions| by_value(sessions).label_from(name, "device"));
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.insert("device", "phone") })
        .await
        .unwrap();
    let session = browser.session();
    assert_eq!(session.label().await.unwrap().as_deref(), Some("phone"));
    assert!(matches!(
        session.set_label("tablet"),
        Err(SessionError::LabelIsAValue)
    ));
    written_by_go(&app, &browser.session(), "grace").await;
    let listed = app.sessions.sessions_of("grace", None).await.unwrap();
    assert_eq!(labels(&listed), [("phone", false)]);
}

#[apply(trial)]
async fn owners_and_labels_that_cannot_be_stored_are_refused() {
    let app = App::new();
    let session = Visitor::of(&app).session();
    for bad in ["", "a\0b", &"x".repeat(1001)] {
        let error = session.set_owner(bad);
        assert!(matches!(error, Err(SessionError::Text(_))), "{bad:?}");
    }
    assert!(session.set_label("").is_ok());
    assert!(session.set_label("a\0b").is_err());
}

#[apply(trial)]
async fn a_job_finds_a_session_by_its_handle_and_does_not_prolong_it() {
    let app = App::new();
    let phone = device(&app, "ada", "phone").await;
    let handle = phone.session().handle().await.unwrap();
    let before = app.row(&phone.session()).await;
    app.pass(20 * 24 * 60 * 60);
    let job = app.sessions.by_handle("s", &handle).await.unwrap().unwrap();
    assert_eq!(
        job.get::<String>("user").await.unwrap().as_deref(),
        Some("ada")
    );
    job.add_flash("done").unwrap();
    let mut nowhere = http::HeaderMap::new();
    app.sessions.save(&job, &mut nowhere).await.unwrap();
    assert_eq!(app.row(&job).await.expires_on, before.expires_on);
    app.pass(10 * 24 * 60 * 60 - 1);
    let messages = phone.session().flashes::<String>().await.unwrap();
    assert_eq!(messages, ["done"]);

    let mut idle = device(&app, "ada", "idle").await;
    let handle = idle.session().handle().await.unwrap();
    app.pass(20 * 24 * 60 * 60);
    let job = app.sessions.by_handle("s", &handle).await.unwrap().unwrap();
    job.insert("n", 1).unwrap();
    app.sessions.save(&job, &mut nowhere).await.unwrap();
    app.pass(10 * 24 * 60 * 60 + 1);
    assert_eq!(idle.user().await, None);
    let gone = app.sessions.by_handle("s", &handle).await.unwrap();
    assert!(gone.is_none());
}

#[apply(trial)]
async fn sessions_past_their_absolute_timeout_are_not_listed() {
    let app = App::with(|sessions| sessions.absolute_timeout(std::time::Duration::from_secs(10)));
    let _phone = device(&app, "ada", "phone").await;
    assert_eq!(
        app.sessions.sessions_of("ada", None).await.unwrap().len(),
        1
    );
    app.pass(10);
    assert!(
        app.sessions
            .sessions_of("ada", None)
            .await
            .unwrap()
            .is_empty()
    );
}
