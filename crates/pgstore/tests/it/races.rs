//! Requests that change one session at the same time, on real PostgreSQL.

use std::future::Future;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use libtest_mimic::Trial;
use pgstore::{Session, SessionError, SessionManager};
use tokio::sync::Barrier;

use crate::support::database::Database;
use crate::support::secrets::{self, Shown, Told};
use crate::support::trials;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        fifty_writers_of_different_keys_lose_nothing,
        fifty_updates_of_one_number_add_up,
        messages_added_at_the_same_time_are_all_there,
        a_logout_wins_against_a_hundred_saves,
        of_many_logins_at_the_same_time_one_id_lives,
    ]
}

const ROUNDS: usize = 10;

/// A session in the database, and the request that carries its cookie.
struct Fixture {
    _database: Database,
    sessions: SessionManager,
    request: HeaderMap,
}

impl Fixture {
    async fn new() -> Self {
        let database = Database::fresh().await;
        let keys = secrets::keys(&[b"the hash key of this file"]);
        let sessions = SessionManager::new(database.store().await, keys).max_length(0);
        let mut fixture = Self {
            _database: database,
            sessions,
            request: HeaderMap::new(),
        };
        fixture.log_in().await;
        fixture
    }

    async fn log_in(&mut self) {
        let session = self.sessions.get(&HeaderMap::new(), "s").unwrap();
        session.insert("user", "ada").unwrap();
        self.request = next_request(&save(&self.sessions, &session).await.unwrap());
    }

    fn session(&self) -> Session {
        self.sessions.get(&self.request, "s").unwrap().shown()
    }
}

async fn save(sessions: &SessionManager, session: &Session) -> Result<HeaderMap, SessionError> {
    let mut response = HeaderMap::new();
    sessions.save(session, &mut response).await.told()?;
    secrets::headers(&response);
    Ok(response)
}

fn next_request(response: &HeaderMap) -> HeaderMap {
    let cookie = response[SET_COOKIE]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookie).unwrap())])
}

/// Runs a request for each number; all have read the session before the first one saves.
async fn at_once<F, Fut, T>(fixture: &Fixture, count: usize, change: F) -> Vec<T>
where
    F: Fn(usize, Session, SessionManager) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let requests = (0..count).map(|number| {
        let (session, barrier) = (fixture.session(), Arc::clone(&barrier));
        let change = change(number, session.clone(), fixture.sessions.clone());
        tokio::spawn(async move {
            session.get::<String>("user").await.unwrap();
            barrier.wait().await;
            change.await
        })
    });
    let mut results = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        results.push(request.await.unwrap());
    }
    results
}

async fn fifty_writers_of_different_keys_lose_nothing() {
    for _ in 0..ROUNDS {
        let fixture = Fixture::new().await;
        let write = |number, session: Session, sessions| async move {
            session.insert(format!("key {number}"), &number).unwrap();
            save(&sessions, &session).await.unwrap();
        };
        at_once(&fixture, 50, write).await;
        let values = fixture.session().values().await.unwrap();
        assert_eq!(values.len(), 51, "the user and fifty keys");
    }
}

async fn fifty_updates_of_one_number_add_up() {
    for _ in 0..ROUNDS {
        let fixture = Fixture::new().await;
        let add = |_, session: Session, sessions| async move {
            session
                .update("visits", |visits: Option<i64>| visits.unwrap_or(0) + 1)
                .unwrap();
            save(&sessions, &session).await.unwrap();
        };
        at_once(&fixture, 50, add).await;
        assert_eq!(
            fixture.session().get::<i64>("visits").await.unwrap(),
            Some(50)
        );
    }
}

async fn messages_added_at_the_same_time_are_all_there() {
    for _ in 0..ROUNDS {
        let fixture = Fixture::new().await;
        let add = |number, session: Session, sessions| async move {
            session.add_flash(&number).unwrap();
            save(&sessions, &session).await.unwrap();
        };
        at_once(&fixture, 50, add).await;
        let mut messages = fixture.session().flashes::<usize>().await.unwrap();
        messages.sort_unstable();
        assert_eq!(messages, (0..50).collect::<Vec<_>>());
    }
}

async fn a_logout_wins_against_a_hundred_saves() {
    for _ in 0..ROUNDS {
        let fixture = Fixture::new().await;
        let race = |number, session: Session, sessions| async move {
            if number == 50 {
                session.destroy().unwrap();
            } else {
                session.insert("n", &number).unwrap();
            }
            save(&sessions, &session).await.map(|_| ())
        };
        for (number, result) in at_once(&fixture, 101, race).await.into_iter().enumerate() {
            let gone = matches!(result, Err(SessionError::Gone));
            assert!(
                result.is_ok() || gone && number != 50,
                "{number}: {result:?}"
            );
        }
        assert!(
            fixture.session().is_new().await.unwrap(),
            "it does not come back"
        );
    }
}

async fn of_many_logins_at_the_same_time_one_id_lives() {
    for _ in 0..ROUNDS {
        let fixture = Fixture::new().await;
        let log_in = |_, session: Session, sessions| async move {
            session.renew().unwrap();
            save(&sessions, &session).await.ok()
        };
        let responses = at_once(&fixture, 20, log_in).await;
        let winners: Vec<_> = responses.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        assert!(
            fixture.session().is_new().await.unwrap(),
            "the old ID is dead"
        );
        let winner = fixture
            .sessions
            .get(&next_request(&winners[0]), "s")
            .unwrap();
        assert_eq!(
            winner.get::<String>("user").await.unwrap().as_deref(),
            Some("ada")
        );
    }
}
