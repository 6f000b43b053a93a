//! Saves of one session take turns on a node: a thousand at once all succeed.

use std::time::{Duration, Instant};

use axum::Router;
use http::{HeaderMap, StatusCode};
use pgstore::{PgStore, Session, SessionError};
use tokio::task::JoinSet;

use super::Lab;
use crate::support::app::{App, Told, Visitor, keys};
use crate::support::browser::ask;
use crate::support::database::Database;
use crate::support::{apply, trial};

/// Reads the number before it adds one.
async fn count_after_a_read(session: Session) -> Result<&'static str, SessionError> {
    session.get::<u64>("n").await?;
    count(session).await
}

async fn count(session: Session) -> Result<&'static str, SessionError> {
    session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok("counted")
}

/// A node on the database, with a handler that reads first and one that does not. Its deadline leaves
/// time for unoptimized code on a busy machine.
fn node(store: PgStore) -> (App<PgStore>, [Router; 2]) {
    let patient = Duration::from_secs(60);
    let app = App::build(store, keys(), |sessions| sessions.save_deadline(patient));
    let routers = [app.router(count_after_a_read), app.router(count)];
    (app, routers)
}

/// Sends this many requests of one browser to each of the routers at once. All are answered 200.
async fn count_at_once(routers: &[Router], requests: usize, cookie: &str) {
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for router in routers {
        for _ in 0..requests {
            let (router, cookie) = (router.clone(), cookie.to_owned());
            tasks.spawn(async move { ask(router, "GET", "/", &cookie).await.status() });
        }
    }
    let answers = tasks.join_all().await;
    let refused = answers.iter().filter(|status| **status != StatusCode::OK);
    println!("{} requests took {:?}", answers.len(), began.elapsed());
    assert_eq!(refused.count(), 0);
}

async fn log_in(app: &App<PgStore>) -> Visitor<'_, PgStore> {
    let mut browser = Visitor::of(app);
    let log_in = |session: Session| async move { session.insert("user", "ada") };
    browser.request(log_in).await.unwrap();
    browser
}

fn cookie_of(browser: &Visitor<'_, PgStore>) -> String {
    let cookie = browser.cookies.header().expect("it has a cookie");
    cookie.to_str().expect("it is text").to_owned()
}

#[apply(trial)]
async fn a_thousand_changes_of_one_session_at_once_are_all_saved() {
    let database = Database::fresh().await;
    let (app, routers) = node(database.store().await);
    let browser = log_in(&app).await;
    count_at_once(&routers, 500, &cookie_of(&browser)).await;
    let n = browser.session().get::<u64>("n").await.unwrap();
    assert_eq!(n, Some(1000));
}

#[apply(trial)]
async fn two_nodes_save_four_hundred_changes_of_one_session_at_once() {
    let database = Database::fresh().await;
    let (one, [first, _]) = node(database.store().await);
    let (other, [second, _]) = node(database.store().await);
    let browser = log_in(&one).await;
    count_at_once(&[first, second], 200, &cookie_of(&browser)).await;
    let n = browser.session().get::<u64>("n").await.unwrap();
    assert_eq!(n, Some(400));
    let replayed = [&one, &other].map(|app| app.sessions.stats().replayed);
    println!("replayed: {replayed:?}");
}

#[apply(trial)]
async fn a_logout_waits_for_no_save_and_saves_that_wait_find_the_session_ended() {
    let mut lab = Lab::new().await;
    let late: Vec<_> = (0..3).map(|_| lab.session()).collect();
    for session in &late {
        session.get::<String>("user").await.unwrap();
        session.insert("late", true).unwrap();
    }
    let update = lab.app.store.hold();
    let saves = JoinSet::from_iter(late.into_iter().map(|session| {
        let sessions = lab.app.sessions.clone();
        async move { sessions.save(&session, &mut HeaderMap::new()).await }
    }));
    update.reached().await;
    let session = lab.session();
    session.destroy().unwrap();
    assert_eq!(lab.save(&session).await.unwrap(), Told::Remove);
    update.release();
    for saved in saves.join_all().await {
        assert!(matches!(saved, Err(SessionError::Gone)), "{saved:?}");
    }
}

/// Each begins a session of its own; there is none to take turns for.
#[apply(trial)]
async fn requests_with_a_cookie_of_an_ended_session_do_not_wait_for_each_other() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let late = browser.clone();
    browser
        .request(|session| async move { session.destroy() })
        .await
        .unwrap();
    for _ in 0..3 {
        let mut late = late.clone();
        let write = |session: Session| async move { session.insert("n", 1) };
        late.request(write).await.unwrap();
    }
    assert_eq!(app.store.len(), 3);
}
