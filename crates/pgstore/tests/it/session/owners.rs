//! Whose sessions they are: lists of devices, revoking, jobs.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use pgstore::store::{Fault, FaultyStore, Row, RowExtras, Written};
use pgstore::{
    CookieName, MemoryStore, Session, SessionError, SessionHandle, SessionManager,
    SessionManagerBuilder, Store,
};

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
async fn written_by_go<S: Store + Clone>(app: &App<S>, session: &Session, user: &str) {
    write_as_go(app, session, user, |extras| extras).await;
}

/// The same for a row that Go inserted: it has none of our columns.
async fn inserted_by_go<S: Store + Clone>(app: &App<S>, session: &Session, user: &str) {
    write_as_go(app, session, user, |_| RowExtras::default()).await;
}

async fn write_as_go<S: Store + Clone>(
    app: &App<S>,
    session: &Session,
    user: &str,
    extras: impl FnOnce(RowExtras) -> RowExtras,
) {
    let id = session.id().await.unwrap().unwrap();
    let found = app.store.load(&id, app.now()).await.unwrap().into_row();
    let row = found.expect("its row is there");
    let mut values = session.values().await.unwrap();
    values.insert("user", user).unwrap();
    let codec = pgstore::wire::SecureCookie::new(keys());
    let now = app.now();
    let data = codec.seal("s", &values.encode(), now.unix_seconds(), [0; 16]);
    let by_go = Row {
        data: data.unwrap().into_bytes(),
        modified_on: now.plus(std::time::Duration::from_micros(7)),
        extras: RowExtras {
            save_token: None,
            ..extras(row.extras.clone())
        },
        ..row.clone()
    };
    let written = app
        .store
        .update(&id, row.modified_on, &by_go)
        .await
        .unwrap();
    assert_eq!(written, Written::Saved);
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

/// Another manager of the same application, with other settings.
fn with(
    app: &App,
    settings: impl FnOnce(SessionManagerBuilder) -> SessionManagerBuilder,
) -> SessionManager {
    let sessions = SessionManager::builder(app.store.clone(), keys()).clock(app.clock.clone());
    settings(sessions).build().unwrap()
}

/// Whether a manager loads a browser's session, which must be whether it lists it.
async fn is_listed_and_loads(sessions: &SessionManager, browser: &Visitor<'_>) -> bool {
    let session = sessions.get(&browser.cookies.request(), "s").unwrap();
    let loads = !session.is_new().await.unwrap();
    let listed = sessions.sessions_of("ada", None).await.unwrap();
    assert_eq!(
        listed.len(),
        usize::from(loads),
        "listed, but loads: {loads}"
    );
    loads
}

#[apply(trial)]
async fn exactly_the_sessions_that_would_load_are_listed() {
    let app = App::new();
    let phone = device(&app, "ada", "phone").await;
    let shorter = with(&app, |sessions| sessions.max_age(Duration::from_secs(10)));
    let absolute = with(&app, |sessions| {
        sessions.absolute_timeout(Duration::from_secs(20))
    });
    for (passed, expected) in [(0, true), (10, true), (1, false)] {
        app.pass(passed);
        assert_eq!(is_listed_and_loads(&shorter, &phone).await, expected);
        assert!(is_listed_and_loads(&absolute, &phone).await);
    }
    app.pass(9);
    assert!(!is_listed_and_loads(&absolute, &phone).await);
    assert!(is_listed_and_loads(&app.sessions, &phone).await);
}

#[apply(trial)]
async fn a_sessions_own_maximal_age_counts_in_lists_too() {
    let app = App::new();
    let mut phone = device(&app, "ada", "phone").await;
    let lasts = |session: Session| async move { session.set_max_age(100) };
    phone.request(lasts).await.unwrap();
    let shorter = with(&app, |sessions| sessions.max_age(Duration::from_secs(10)));
    app.pass(99);
    assert!(is_listed_and_loads(&shorter, &phone).await);
    app.pass(2);
    assert!(!is_listed_and_loads(&shorter, &phone).await);
}

#[apply(trial)]
async fn a_row_without_a_sealed_session_is_not_listed() {
    let app = App::new();
    let phone = device(&app, "ada", "phone").await;
    let session = phone.session();
    let (id, row) = (
        session.id().await.unwrap().unwrap(),
        app.row(&session).await,
    );
    let damaged = Row {
        data: b"no sealed text".to_vec(),
        modified_on: row.modified_on.plus(Duration::from_micros(1)),
        ..row.clone()
    };
    let written = app.store.update(&id, row.modified_on, &damaged).await;
    assert_eq!(written.unwrap(), Written::Saved);
    let listed = app.sessions.sessions_of("ada", None).await.unwrap();
    assert!(listed.is_empty());
    // It is still one of ada's, and ends with the others.
    assert_eq!(app.sessions.revoke_all("ada").await.unwrap(), 1);
}

#[apply(trial)]
async fn a_session_whose_logout_is_still_to_be_stored_is_not_listed() {
    let store = FaultyStore::new(MemoryStore::new());
    let app = App::over(store.clone());
    let mut phone = Visitor::of(&app);
    let log_in = |session: Session| async move {
        session.set_owner("ada")?;
        session.insert("user", "ada")
    };
    phone.request(log_in).await.unwrap();
    store.every("delete", Fault::Fails(pgstore::StoreErrorKind::Unavailable));
    let session = phone.session();
    session.destroy().unwrap();
    assert!(phone.save(&session).await.1.is_err());
    let listed = app.sessions.sessions_of("ada", None).await.unwrap();
    assert!(listed.is_empty());
}

#[apply(trial)]
async fn every_row_has_a_handle_from_its_first_save_on() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let handle = app.row(&browser.session()).await.extras.handle;
    assert!(handle.is_some());
    assert_eq!(browser.session().handle().await.ok(), handle);
    browser.request(|s| async move { s.renew() }).await.unwrap();
    browser
        .request(|s| async move { s.insert("n", 1) })
        .await
        .unwrap();
    assert_eq!(app.row(&browser.session()).await.extras.handle, handle);
}

#[apply(trial)]
async fn a_row_that_go_wrote_gets_a_handle_at_its_first_save() {
    let app = App::new();
    let mut browser = app.log_in().await;
    inserted_by_go(&app, &browser.session(), "ada").await;
    assert_eq!(app.row(&browser.session()).await.extras.handle, None);
    // A handle that this request was told is the one that is stored.
    let session = browser.session();
    let told = session.handle().await.unwrap();
    session.insert("n", 1).unwrap();
    browser.save(&session).await.1.unwrap();
    assert_eq!(app.row(&session).await.extras.handle, Some(told));

    inserted_by_go(&app, &browser.session(), "ada").await;
    let flash = |session: Session| async move { session.add_flash("seen") };
    browser.request(flash).await.unwrap();
    assert!(app.row(&browser.session()).await.extras.handle.is_some());
}

/// A login of ada by a session value, in a row that Go inserted.
async fn in_a_row_of_go<'a, S: Store + Clone>(app: &'a App<S>) -> Visitor<'a, S> {
    let browser = app.log_in().await;
    inserted_by_go(app, &browser.session(), "ada").await;
    browser
}

#[apply(trial)]
async fn the_current_session_stays_if_it_gets_a_new_id_while_the_others_end() {
    for renews in [true, false] {
        let store = FaultyStore::new(MemoryStore::new());
        let app = App::build(store.clone(), keys(), by_value);
        let mut browser = in_a_row_of_go(&app).await;
        let mut other = in_a_row_of_go(&app).await;
        let current = browser.session();
        store.once("revoke", Fault::NeverAnswers);
        let mut revoked = pin!(app.sessions.revoke_all_except(&current));
        let mut context = Context::from_waker(Waker::noop());
        assert!(revoked.as_mut().poll(&mut context).is_pending());
        let new_id = |session: Session| async move {
            match renews {
                true => session.renew(),
                false => session.rotate_gently(),
            }
        };
        browser.request(new_id).await.unwrap();
        store.release();
        assert_eq!(revoked.await.unwrap(), 1);
        assert_eq!(browser.user().await.as_deref(), Some("ada"));
        assert_eq!(other.user().await, None);
    }
}

#[apply(trial)]
async fn the_current_session_stays_if_it_got_a_new_id_since_it_was_read() {
    for renews in [true, false] {
        let app = App::with(by_value);
        let mut browser = in_a_row_of_go(&app).await;
        let mut other = in_a_row_of_go(&app).await;
        let current = browser.session();
        assert_eq!(current.owner().await.unwrap().as_deref(), Some("ada"));
        let new_id = |session: Session| async move {
            match renews {
                true => session.renew(),
                false => session.rotate_gently(),
            }
        };
        browser.request(new_id).await.unwrap();
        let revoked = app.sessions.revoke_all_except(&current).await;
        match renews {
            // Its ID leads nowhere any more, so it is not known which session not to end.
            true => assert!(matches!(revoked, Err(SessionError::Gone))),
            false => {
                assert_eq!(revoked.unwrap(), 1);
                assert_eq!(other.user().await, None);
            }
        }
        assert_eq!(browser.user().await.as_deref(), Some("ada"));
    }
}

#[apply(trial)]
async fn the_current_session_stays_whatever_this_request_has_done_to_it() {
    type Change = fn(&Session) -> Result<(), SessionError>;
    let changes: [Change; 4] = [
        |session| session.renew(),
        |session| session.rotate_gently(),
        |session| session.insert("n", 1),
        |_| Ok(()),
    ];
    for change in changes {
        let app = App::with(by_value);
        let mut browser = in_a_row_of_go(&app).await;
        let mut other = in_a_row_of_go(&app).await;
        let session = browser.session();
        change(&session).unwrap();
        assert_eq!(app.sessions.revoke_all_except(&session).await.unwrap(), 1);
        browser.save(&session).await.1.unwrap();
        assert_eq!(browser.user().await.as_deref(), Some("ada"));
        assert_eq!(other.user().await, None);
    }
}

#[apply(trial)]
async fn an_owner_is_found_among_the_values_by_a_function() {
    let by_function = |sessions: SessionManagerBuilder| {
        let name = CookieName::new("s").unwrap();
        sessions.owner_from_values(name, |values| {
            let user = values.get::<String>("user").ok()??;
            Some(format!("tenant-1/{user}"))
        })
    };
    let app = App::with(by_function);
    let mut adas = app.log_in().await;
    let by_go = app.log_in().await;
    inserted_by_go(&app, &by_go.session(), "grace").await;
    let owner = adas.session().owner().await.unwrap();
    assert_eq!(owner.as_deref(), Some("tenant-1/ada"));
    let listed = app.sessions.sessions_of("tenant-1/grace", None).await;
    assert_eq!(listed.unwrap().len(), 1);
    assert_eq!(app.sessions.revoke_all("tenant-1/grace").await.unwrap(), 1);
    assert_eq!(app.sessions.revoke_all("ada").await.unwrap(), 0);
    let error = adas.session().set_owner("grace");
    assert!(matches!(error, Err(SessionError::OwnerIsAValue)));
    // What cannot be stored as an owner counts as none.
    for bad in ["", "a\0b"] {
        let name = CookieName::new("s").unwrap();
        let sessions = with(&app, |sessions| {
            sessions.owner_from_values(name, move |_| Some(bad.to_owned()))
        });
        let session = sessions.get(&adas.cookies.request(), "s").unwrap();
        assert_eq!(session.owner().await.unwrap(), None);
    }
    assert_eq!(adas.user().await.as_deref(), Some("ada"));
}

#[apply(trial)]
async fn a_function_that_panics_finds_no_owner_and_ends_no_save() {
    let app = App::with(|sessions| {
        let name = CookieName::new("s").unwrap();
        sessions.owner_from_values(name, |_| panic!("the application's function"))
    });
    let mut browser = app.log_in().await;
    assert_eq!(browser.session().owner().await.unwrap(), None);
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
}
