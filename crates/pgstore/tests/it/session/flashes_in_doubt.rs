//! Flashes whose removal is in doubt, of requests that show no page: no message is lost.

use std::time::Duration;

use http::StatusCode;
use pgstore::store::{Fault, FaultyStore, SpyStore};
use pgstore::testing::{Browser, Cookies};
use pgstore::{MemoryStore, Session, SessionError, StoreErrorKind};
use tokio::time::timeout;

use super::Lab;
use crate::support::app::{App, keys};
use crate::support::{apply, trial};

type Doubtful = App<SpyStore<FaultyStore>>;

/// An application, and the cookies of a browser whose session has a message.
async fn with_a_message() -> (Doubtful, Cookies) {
    let store = SpyStore::new(FaultyStore::<MemoryStore>::default());
    let app = App::build(store, keys(), |sessions| {
        sessions.save_deadline(Duration::from_millis(200))
    });
    let add = |session: Session| async move { session.add_flash("hello") };
    let mut browser = Browser::new(app.router(add));
    browser.get("/").await;
    (app, browser.cookies().clone())
}

impl Doubtful {
    /// The messages of a later request, once they are back.
    async fn messages(&self, cookies: &Cookies) -> Vec<String> {
        let asking = async {
            loop {
                let session = self.session(&cookies.request());
                let messages = session.flashes::<String>().await.unwrap();
                if !messages.is_empty() {
                    return messages;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let messages = timeout(Duration::from_secs(20), asking).await;
        messages.expect("the messages are put back")
    }
}

async fn show(session: Session) -> Result<String, SessionError> {
    let messages: Vec<String> = session.flashes().await?;
    Ok(messages.concat())
}

#[apply(trial)]
async fn a_take_in_doubt_of_a_client_that_went_away_loses_no_message() {
    let (app, cookies) = with_a_message().await;
    app.store.calls();
    let mut browser = Browser::with_cookies(app.router(show), cookies.clone());
    let load = app.store.hold();
    let request = tokio::spawn(async move { browser.get("/").await });
    load.reached().await;
    let take = app.store.hold();
    load.release();
    take.reached().await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    take.release();
    assert_eq!(app.messages(&cookies).await, ["hello"]);
}

#[apply(trial)]
async fn a_take_that_lands_after_its_request_has_ended_removes_nothing() {
    let (app, cookies) = with_a_message().await;
    let faults = app.store.inner();
    let store = faults.inner().clone();
    let session = app.session(&cookies.request());
    let id = session.id().await.unwrap().unwrap();
    let read = pgstore::Store::load(&store, &id, app.now()).await.unwrap();
    let version = read.into_row().unwrap().modified_on;
    // The statement is lost on its way, or so it seems: it is in doubt and had no effect so far.
    faults.once("update", Fault::LosesTheCall);
    let mut browser = Browser::with_cookies(app.router(show), cookies.clone());
    let page = browser.get("/").await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    let read = pgstore::Store::load(&store, &id, app.now()).await.unwrap();
    let now = read.into_row().unwrap().modified_on;
    assert_ne!(
        now, version,
        "so that the statement finds another version when it lands"
    );
    assert_eq!(app.messages(&cookies).await, ["hello"]);
}

#[apply(trial)]
async fn a_take_whose_answer_was_lost_in_an_outage_is_put_back_after_it() {
    let (app, cookies) = with_a_message().await;
    let faults = app.store.inner();
    let mut browser = Browser::with_cookies(app.router(show), cookies.clone());
    let load = app.store.hold();
    let request = tokio::spawn(async move { browser.get("/").await });
    load.reached().await;
    faults.once("update", Fault::LosesTheAnswer);
    // After that the store is away, for the read that would tell what became of the statement, too.
    faults.every("load", Fault::Fails(StoreErrorKind::Unavailable));
    faults.every("update", Fault::Fails(StoreErrorKind::Unavailable));
    load.release();
    let page = request.await.unwrap();
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    faults.mend();
    assert_eq!(app.messages(&cookies).await, ["hello"]);
}

#[apply(trial)]
async fn messages_of_a_5xx_that_the_store_cannot_take_back_at_once_come_back_after_the_outage() {
    let (app, cookies) = with_a_message().await;
    let faults = app.store.inner().clone();
    let away = faults.clone();
    let handler = move |session: Session| {
        let away = away.clone();
        async move {
            let shown = show(session).await.unwrap();
            for method in ["load", "update"] {
                away.every(method, Fault::Fails(StoreErrorKind::Unavailable));
            }
            (StatusCode::INTERNAL_SERVER_ERROR, shown)
        }
    };
    let mut browser = Browser::with_cookies(app.router(handler), cookies.clone());
    let page = browser.get("/").await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    faults.mend();
    assert_eq!(app.messages(&cookies).await, ["hello"]);
}

#[apply(trial)]
async fn messages_of_a_page_that_is_not_shown_because_its_save_failed_come_back() {
    let (app, cookies) = with_a_message().await;
    let faults = app.store.inner();
    let handler = |session: Session| async move {
        let shown = show(session.clone()).await?;
        session.insert("big", "x".repeat(70_000))?;
        Ok::<_, SessionError>(shown)
    };
    let mut browser = Browser::with_cookies(app.router(handler), cookies.clone());
    let page = browser.get("/").await;
    assert_eq!(page.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(app.messages(&cookies).await, ["hello"]);
    assert_eq!(faults.inner().len(), 1);
}

#[apply(trial)]
async fn flashes_that_the_store_never_answers_are_an_error_in_time() {
    let deadline = Duration::from_millis(50);
    let lab = Lab::with(|sessions| sessions.save_deadline(deadline)).await;
    let session = lab.session();
    lab.faults().every("update", Fault::NeverAnswers);
    let error = timeout(Duration::from_secs(20), session.flashes::<String>()).await;
    assert!(error.expect("in time").unwrap_err().is_unavailable());
    lab.faults().mend();
}

#[apply(trial)]
async fn messages_that_the_handler_did_not_get_stay() {
    let (app, cookies) = with_a_message().await;
    let session = app.session(&cookies.request());
    let calls = std::sync::atomic::AtomicUsize::new(0);
    // It is repeated on each row that is read; it fails on the one without the messages.
    let third = move |_: Option<u8>| {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert_ne!(call, 2, "the row without the messages");
        1_u8
    };
    session.get::<u8>("n").await.unwrap();
    session.update("n", third).unwrap();
    let error = session.flashes::<String>().await.unwrap_err();
    assert!(matches!(error, SessionError::UpdatePanicked), "{error}");
    app.save(&session).await;
    let session = app.session(&cookies.request());
    assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
    assert_eq!(session.get::<u8>("n").await.unwrap(), Some(1));
}
