//! A save whose values are those of the row writes nothing, and promises what every save promises.

use std::time::Duration;

use pgstore::store::Fault;
use pgstore::{MaxAge, OnConflict, Session, SessionError, Touch};

use super::Lab;
use crate::support::app::{App, Told, Visitor};
use crate::support::{apply, trial};

const LIFETIME: u64 = 800;

fn app() -> App {
    App::with(|sessions| sessions.max_age(Duration::from_secs(LIFETIME)))
}

/// A browser whose session has an owner, a label and a lifetime of its own.
async fn log_in(app: &App) -> Visitor<'_> {
    let mut browser = Visitor::of(app);
    let log_in = |session: Session| async move {
        session.insert("user", "ada")?;
        session.insert("tags", ["a", "b"])?;
        session.set_owner("ada")?;
        session.set_label("phone")?;
        session.set_max_age(LIFETIME as i64)
    };
    browser.request(log_in).await.unwrap();
    browser
}

/// Everything that leaves the session as it was.
async fn changes_nothing(session: &Session) -> Result<(), SessionError> {
    session.insert("user", "grace")?;
    session.insert("user", "ada")?;
    session.insert("tags", ["a", "b"])?;
    session.insert("new", 1)?;
    session.remove("new")?;
    session.remove("absent")?;
    session.update("user", |user: Option<String>| user.unwrap_or_default())?;
    session.set_owner("ada")?;
    session.set_label("phone")
}

#[apply(trial)]
async fn a_save_that_changes_nothing_writes_nothing() {
    for reads_first in [true, false] {
        let app = app();
        let mut browser = log_in(&app).await;
        let before = app.row(&browser.session()).await;
        let session = browser.session();
        if reads_first {
            session.get::<String>("user").await.unwrap();
        }
        changes_nothing(&session).await.unwrap();
        let (told, saved) = browser.save(&session).await;
        saved.unwrap();
        assert_eq!(told, Told::Nothing);
        assert_eq!(app.row(&browser.session()).await, before);
        assert_eq!(app.sessions.stats().unchanged, 1);
        // Its changes are done: a later one is a change of its own.
        session.insert("n", 1).unwrap();
        browser.save(&session).await.1.unwrap();
        assert_ne!(app.row(&browser.session()).await, before);
    }
}

#[apply(trial)]
async fn every_difference_is_written() {
    type Change = fn(&Session) -> Result<(), SessionError>;
    let changes: [Change; 8] = [
        |session| session.insert("user", "grace"),
        |session| session.insert("tags", ["b", "a"]),
        |session| session.insert("n", 0),
        |session| session.remove("tags"),
        |session| session.add_flash("hello"),
        |session| session.set_owner("grace"),
        |session| session.set_label("desk"),
        |session| session.set_max_age(MaxAge::UntilBrowserCloses),
    ];
    for (number, change) in changes.iter().enumerate() {
        let app = app();
        let mut browser = log_in(&app).await;
        let before = app.row(&browser.session()).await;
        let session = browser.session();
        session.get::<String>("user").await.unwrap();
        change(&session).unwrap();
        browser.save(&session).await.1.unwrap();
        let after = app.row(&browser.session()).await;
        assert_ne!(after.modified_on, before.modified_on, "{number}");
        assert_eq!(app.sessions.stats().unchanged, 0, "{number}");
    }
}

#[apply(trial)]
async fn it_costs_one_query() {
    for reads_first in [true, false] {
        let mut lab = Lab::new().await;
        let session = lab.session();
        if reads_first {
            session.get::<String>("user").await.unwrap();
            lab.app.store.calls();
        }
        session.insert("user", "ada").unwrap();
        assert_eq!(lab.save(&session).await.unwrap(), Told::Nothing);
        assert_eq!(lab.app.store.calls(), ["load"]);
    }
}

#[apply(trial)]
async fn success_is_told_only_if_the_session_still_lives() {
    let app = app();
    let mut browser = log_in(&app).await;
    let session = browser.session();
    session.get::<String>("user").await.unwrap();
    changes_nothing(&session).await.unwrap();
    let mut other = browser.clone();
    let log_out = |session: Session| async move { session.destroy() };
    other.request(log_out).await.unwrap();
    let saved = browser.save(&session).await.1;
    assert!(matches!(saved, Err(SessionError::Gone)), "{saved:?}");
}

#[apply(trial)]
async fn what_another_request_has_changed_meanwhile_is_overwritten_as_by_any_save() {
    for on_conflict in [OnConflict::LastWriterWins, OnConflict::Error] {
        let app = App::with(|sessions| sessions.on_conflict(on_conflict));
        let mut browser = log_in(&app).await;
        let session = browser.session();
        session.get::<String>("user").await.unwrap();
        session.insert("user", "ada").unwrap();
        let mut other = browser.clone();
        let renames = |session: Session| async move { session.insert("user", "grace") };
        other.request(renames).await.unwrap();
        let saved = browser.save(&session).await.1;
        let user = browser.user().await.unwrap();
        match on_conflict {
            OnConflict::Error => {
                assert!(matches!(saved, Err(SessionError::Conflict(_))), "{saved:?}");
                assert_eq!(user, "grace");
            }
            _ => {
                saved.unwrap();
                assert_eq!(user, "ada", "the later save wins");
            }
        }
        assert_eq!(app.sessions.stats().unchanged, 0);
    }
}

#[apply(trial)]
async fn a_save_is_a_use_though_it_changes_nothing() {
    for touch in [Touch::default(), Touch::Never] {
        let app = App::with(|sessions| {
            let sessions = sessions.max_age(Duration::from_secs(LIFETIME));
            sessions.touch(touch)
        });
        let mut browser = log_in(&app).await;
        let same = |session: Session| async move { session.insert("user", "ada") };
        for _ in 0..40 {
            app.pass(LIFETIME / 2);
            browser.request(same).await.unwrap();
        }
        app.pass(LIFETIME / 8 - 1);
        browser.request(same).await.unwrap();
        assert_eq!(app.sessions.stats().unchanged, 1, "{touch:?}");
        app.pass(LIFETIME - LIFETIME / 8);
        assert_eq!(browser.user().await.as_deref(), Some("ada"));
    }
}

/// The statement in doubt may land later. A write of the row makes sure that it does not.
#[apply(trial)]
async fn a_change_in_doubt_that_is_taken_back_is_written() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    session.get::<String>("user").await.unwrap();
    session.insert("user", "grace").unwrap();
    lab.faults().every("update", Fault::LosesTheCall);
    lab.save(&session).await.unwrap_err();
    lab.faults().mend();
    session.insert("user", "ada").unwrap();
    lab.app.store.calls();
    lab.save(&session).await.unwrap();
    assert!(lab.app.store.calls().contains(&"update"));
}
