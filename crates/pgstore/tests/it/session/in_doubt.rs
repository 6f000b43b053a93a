//! Saves of unknown fate: the random save token that they write, or not, tells.

use http::HeaderMap;
use pgstore::Session;
use pgstore::store::{Fault, StoreErrorKind};

use super::Lab;
use crate::support::app::{Told, Visitor};
use crate::support::browser::Cookies;
use crate::support::{apply, trial};

impl Lab {
    /// The number, by a request of its own.
    async fn stored(&self) -> Option<i64> {
        self.session().get("n").await.unwrap()
    }
}

fn add_one(session: &Session) {
    session
        .update("n", |n: Option<i64>| n.unwrap_or(0) + 1)
        .unwrap();
}

/// What is done to a session, and what the store is asked for it.
type Change = (&'static str, fn(&Session));

const CHANGES: [Change; 3] = [
    ("update", |_| {}),
    ("rename", |session| session.renew().unwrap()),
    ("rename", |session| session.rotate_gently().unwrap()),
];

#[apply(trial)]
async fn a_save_whose_answer_was_lost_is_found_by_its_save_token() {
    for (method, change) in CHANGES {
        let mut lab = Lab::new().await;
        let session = lab.session();
        add_one(&session);
        change(&session);
        lab.faults().once(method, Fault::LosesTheAnswer);
        lab.save(&session).await.unwrap();
        assert_eq!(lab.stored().await, Some(1));
        assert_eq!(lab.rows(), 1);
        lab.save(&session).await.unwrap();
        assert_eq!(lab.stored().await, Some(1), "{method}: it is saved");
    }
}

#[apply(trial)]
async fn a_save_that_was_lost_on_its_way_is_done_again() {
    for (method, change) in CHANGES {
        let mut lab = Lab::new().await;
        let session = lab.session();
        add_one(&session);
        change(&session);
        lab.faults().once(method, Fault::LosesTheCall);
        lab.save(&session).await.unwrap();
        assert_eq!(lab.stored().await, Some(1));
        assert_eq!(lab.rows(), 1);
        let calls = lab.app.store.calls();
        let tries = calls.iter().filter(|call| **call == method).count();
        assert_eq!(tries, 2, "{calls:?}");
    }
}

#[apply(trial)]
async fn a_save_that_is_lost_every_time_is_given_up_and_not_called_a_conflict() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    add_one(&session);
    lab.faults().every("update", Fault::LosesTheCall);
    let error = lab.save(&session).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let calls = lab.app.store.calls();
    let tries = calls.iter().filter(|call| **call == "update").count();
    assert_eq!(tries, 3);
    lab.faults().mend();
    lab.save(&session).await.unwrap();
    assert_eq!(lab.stored().await, Some(1));
}

#[apply(trial)]
async fn a_first_row_is_tried_again_under_a_fresh_id_only() {
    for (fault, tries) in [(Fault::LosesTheAnswer, 1), (Fault::LosesTheCall, 2)] {
        let mut lab = Lab::new().await;
        lab.cookies = Cookies::none();
        let session = lab.session();
        add_one(&session);
        lab.faults().once("insert", fault);
        lab.save(&session).await.unwrap();
        assert_eq!(lab.stored().await, Some(1));
        assert_eq!(lab.rows(), 2, "this one, and that of the lab");
        let calls = lab.app.store.calls();
        let inserts = calls.iter().filter(|call| **call == "insert").count();
        assert_eq!(inserts, tries);
    }
}

#[apply(trial)]
async fn a_save_that_others_wrote_over_is_not_done_again() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    session.get::<i64>("n").await.unwrap();
    add_one(&session);
    lab.faults().once("update", Fault::LosesTheAnswer);
    // The update is on its way; what asks for its fate waits.
    let update = lab.app.store.hold();
    let (sessions, extras) = (lab.app.sessions.clone(), session.clone());
    let saving = tokio::spawn(async move {
        let mut response = HeaderMap::new();
        sessions.save(&extras, &mut response).await
    });
    update.reached().await;
    let settling = lab.app.store.hold();
    update.release();
    settling.reached().await;
    // Now somebody else writes over it.
    let elsewhere = lab.elsewhere();
    let other = elsewhere.session(&lab.cookies.request());
    add_one(&other);
    elsewhere.save(&other).await;
    settling.release();
    let error = saving.await.unwrap().unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert_eq!(lab.stored().await, Some(2), "each once");
    // Nor is it when it is saved again.
    assert!(lab.save(&session).await.unwrap_err().is_unavailable());
    assert_eq!(lab.stored().await, Some(2));
}

#[apply(trial)]
async fn saving_again_after_an_outage_does_nothing_twice() {
    for (fault, saved) in [(Fault::LosesTheAnswer, 1), (Fault::LosesTheCall, 0)] {
        let mut lab = Lab::new().await;
        let session = lab.session();
        session.get::<i64>("n").await.unwrap();
        add_one(&session);
        lab.faults().once("update", fault);
        let away = Fault::Fails(StoreErrorKind::Unavailable);
        lab.faults().every("load", away);
        assert!(lab.save(&session).await.unwrap_err().is_unavailable());
        lab.faults().mend();
        assert_eq!(lab.stored().await, Some(saved));
        add_one(&session);
        lab.save(&session).await.unwrap();
        assert_eq!(lab.stored().await, Some(2), "each once");
    }
}

#[apply(trial)]
async fn a_renewal_of_unknown_fate_is_found_by_the_next_save() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    add_one(&session);
    session.renew().unwrap();
    session.get::<i64>("n").await.unwrap();
    lab.faults().once("rename", Fault::LosesTheAnswer);
    let away = Fault::Fails(StoreErrorKind::Unavailable);
    lab.faults().every("load", away);
    assert!(lab.save(&session).await.unwrap_err().is_unavailable());
    lab.faults().mend();
    let before = lab.cookies.clone();
    lab.save(&session).await.unwrap();
    assert_ne!(lab.cookies, before, "the browser is told of the new ID");
    assert_eq!(lab.stored().await, Some(1));
}

#[apply(trial)]
async fn a_logout_whose_answer_was_lost_is_made_up_for() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    session.destroy().unwrap();
    lab.faults().once("delete", Fault::LosesTheAnswer);
    assert!(lab.save(&session).await.unwrap_err().is_unavailable());
    assert_eq!(lab.rows(), 0);
    assert_eq!(lab.app.sessions.stats().logouts_taken_over, 1);
}

#[apply(trial)]
async fn a_store_that_never_answers_is_an_error_in_time() {
    let deadline = std::time::Duration::from_millis(50);
    let mut lab = Lab::with(|sessions| sessions.save_deadline(deadline)).await;
    for change in [
        (|session: &Session| add_one(session)) as fn(&Session),
        |session| session.renew().unwrap(),
        |session| session.destroy().unwrap(),
    ] {
        let session = lab.session();
        change(&session);
        for method in ["update", "rename", "delete"] {
            lab.faults().every(method, Fault::NeverAnswers);
        }
        let error = lab.save(&session).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        lab.faults().mend();
    }
    assert_eq!(lab.app.sessions.stats().logouts_taken_over, 1);
}

#[apply(trial)]
async fn a_save_cut_off_by_its_deadline_is_settled_by_the_next_one() {
    let deadline = std::time::Duration::from_millis(50);
    let mut lab = Lab::with(|sessions| sessions.save_deadline(deadline)).await;
    let session = lab.session();
    session.get::<i64>("n").await.unwrap();
    add_one(&session);
    lab.faults().once("update", Fault::NeverAnswers);
    assert!(lab.save(&session).await.unwrap_err().is_unavailable());
    lab.save(&session).await.unwrap();
    assert_eq!(lab.stored().await, Some(1));
}

#[apply(trial)]
async fn a_logout_after_a_save_of_unknown_fate_ends_the_session() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    session.get::<i64>("n").await.unwrap();
    add_one(&session);
    lab.faults().once("update", Fault::LosesTheAnswer);
    lab.faults()
        .once("load", Fault::Fails(StoreErrorKind::Unavailable));
    lab.save(&session).await.unwrap_err();
    // Another request writes, so that nobody can tell any more.
    let other = lab.session();
    add_one(&other);
    lab.save(&other).await.unwrap();
    session.destroy().unwrap();
    assert_eq!(lab.save(&session).await.unwrap(), Told::Remove);
    assert_eq!(lab.rows(), 0);
}

#[apply(trial)]
async fn a_logout_deletes_a_first_row_of_unknown_fate() {
    for is_away in [false, true] {
        let lab = Lab::new().await;
        let mut browser = Visitor::of(&lab.app);
        let session = browser.session();
        session.insert("n", 1).unwrap();
        lab.faults().once("insert", Fault::LosesTheAnswer);
        lab.faults()
            .once("load", Fault::Fails(StoreErrorKind::Unavailable));
        browser.save(&session).await.1.unwrap_err();
        assert_eq!(lab.rows(), 2);
        session.destroy().unwrap();
        if is_away {
            lab.faults()
                .once("delete", Fault::Fails(StoreErrorKind::Unavailable));
        }
        assert_eq!(browser.save(&session).await.1.is_err(), is_away);
        let long = std::time::Duration::from_secs(60);
        lab.app.sessions.close(long).await.unwrap();
        assert_eq!(lab.rows(), 1);
    }
}

#[apply(trial)]
async fn a_new_id_reaches_the_browser_though_the_session_cannot_be_touched() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    session.get::<i64>("n").await.unwrap();
    session.renew().unwrap();
    lab.faults().once("rename", Fault::LosesTheAnswer);
    lab.faults()
        .once("load", Fault::Fails(StoreErrorKind::Unavailable));
    lab.save(&session).await.unwrap_err();
    lab.faults()
        .once("update", Fault::Fails(StoreErrorKind::Unavailable));
    assert_eq!(lab.save(&session).await.unwrap(), Told::Set);
    assert_eq!(lab.stored().await, Some(0));
}
