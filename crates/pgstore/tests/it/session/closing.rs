//! The end of a process: what runs in the background is waited for, within bounds.

use std::time::Duration;

use http::HeaderMap;
use pgstore::store::Fault;
use pgstore::testing::Browser;
use pgstore::{Session, SessionError, StoreErrorKind};
use tokio::time::timeout;

use super::Lab;
use crate::support::{apply, trial};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

#[apply(trial)]
async fn closing_waits_for_logouts_that_the_store_could_not_take() {
    let mut lab = Lab::new().await;
    lab.faults()
        .every("delete", Fault::Fails(StoreErrorKind::Unavailable));
    let session = lab.session();
    session.destroy().unwrap();
    lab.save(&session).await.unwrap_err();
    let left = lab.app.sessions.close(SHORT).await.unwrap_err();
    assert_eq!((left.saves, left.logouts), (0, 1), "{left}");
    assert_eq!(lab.rows(), 1);
    lab.faults().mend();
    lab.app.sessions.close(LONG).await.unwrap();
    assert_eq!(lab.rows(), 0);
}

#[apply(trial)]
async fn a_logout_that_pauses_for_long_is_tried_at_once_when_closing() {
    let mut lab = Lab::new().await;
    lab.faults()
        .every("delete", Fault::Fails(StoreErrorKind::Unavailable));
    let session = lab.session();
    session.destroy().unwrap();
    lab.save(&session).await.unwrap_err();
    // After ten tries the pause is half a minute.
    let tries = || {
        lab.app
            .store
            .calls()
            .iter()
            .filter(|call| **call == "delete")
            .count()
    };
    let mut made = 0;
    while made < 7 {
        made += tries();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    lab.faults().mend();
    let closing = timeout(Duration::from_secs(2), lab.app.sessions.close(LONG));
    closing.await.expect("without the pause").unwrap();
    assert_eq!(lab.rows(), 0);
}

#[apply(trial)]
async fn closing_waits_for_a_save_whose_client_went_away() {
    let lab = Lab::new().await;
    let session = lab.session();
    session.insert("n", 7).unwrap();
    let load = lab.app.store.hold();
    let (sessions, saved) = (lab.app.sessions.clone(), session.clone());
    let saving = tokio::spawn(async move {
        let _ = sessions.save(&saved, &mut HeaderMap::new()).await;
    });
    load.reached().await;
    saving.abort();
    assert!(saving.await.unwrap_err().is_cancelled());
    let left = lab.app.sessions.close(SHORT).await.unwrap_err();
    assert_eq!((left.saves, left.logouts), (1, 0), "{left}");
    load.release();
    lab.app.sessions.close(LONG).await.unwrap();
    assert_eq!(lab.session().get::<i64>("n").await.unwrap(), Some(7));
}

#[apply(trial)]
async fn after_closing_nothing_new_is_saved_and_reading_works() {
    let mut lab = Lab::new().await;
    lab.app.sessions.close(Duration::MAX).await.unwrap();
    let session = lab.session();
    assert_eq!(session.get::<i64>("n").await.unwrap(), Some(0));
    lab.save(&session).await.unwrap();
    session.insert("n", 1).unwrap();
    let error = lab.save(&session).await.unwrap_err();
    let SessionError::Store(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind(), StoreErrorKind::Closed);
    assert_eq!(lab.session().get::<i64>("n").await.unwrap(), Some(0));
}

#[apply(trial)]
async fn closing_waits_for_a_logout_that_fails_while_it_waits() {
    let lab = Lab::new().await;
    lab.faults()
        .every("delete", Fault::Fails(StoreErrorKind::Unavailable));
    let session = lab.session();
    session.destroy().unwrap();
    let delete = lab.app.store.hold();
    let sessions = lab.app.sessions.clone();
    let saving = tokio::spawn(async move {
        let saved = sessions.save(&session, &mut HeaderMap::new()).await;
        saved.unwrap_err();
    });
    delete.reached().await;
    let left = lab.app.sessions.close(SHORT).await.unwrap_err();
    assert_eq!((left.saves, left.logouts), (1, 0), "{left}");
    delete.release();
    saving.await.unwrap();
    let left = lab.app.sessions.close(SHORT).await.unwrap_err();
    assert_eq!((left.saves, left.logouts), (0, 1), "{left}");
    lab.faults().mend();
    lab.app.sessions.close(LONG).await.unwrap();
    assert_eq!(lab.rows(), 0);
}

#[apply(trial)]
async fn closing_waits_for_flashes_that_go_back_while_it_waits() {
    let lab = Lab::new().await;
    lab.faults()
        .every("rename", Fault::Fails(StoreErrorKind::Unavailable));
    let logs_in = |session: Session| async move {
        let messages = session.flashes::<String>().await.unwrap();
        session.renew().unwrap();
        messages.concat()
    };
    let mut browser = Browser::with_cookies(lab.app.router(logs_in), (*lab.cookies).clone());
    let load = lab.app.store.hold();
    let request = tokio::spawn(async move { browser.get("/").await });
    load.reached().await;
    let take = lab.app.store.hold();
    load.release();
    take.reached().await;
    let rename = lab.app.store.hold();
    take.release();
    rename.reached().await;
    let left = lab.app.sessions.close(SHORT).await.unwrap_err();
    assert_eq!((left.saves, left.logouts), (1, 0), "{left}");
    // The client goes away, too.
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    rename.release();
    lab.app.sessions.close(LONG).await.unwrap();
    let messages = lab.session().flashes::<String>().await.unwrap();
    assert_eq!(messages, ["hello"]);
}
