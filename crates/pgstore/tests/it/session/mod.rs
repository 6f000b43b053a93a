//! What becomes of a session over many requests: time, new IDs, owners, trouble.

mod api_misuse;
mod edge_cases;
mod in_doubt;
mod lifetimes;
mod outage;
mod owners;
mod rotation;

use std::time::Duration;

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use pgstore::store::{MemoryStore, Row, Store};
use pgstore::wire::Keys;
use pgstore::{Session, SessionError, SessionManager, Timestamp};

use pgstore::testing::TestClock;

const NOW: i64 = 1_700_000_000;

/// An application on a store in memory, and a clock that stands still.
struct App {
    store: MemoryStore,
    clock: TestClock,
    sessions: SessionManager,
}

impl App {
    fn new() -> Self {
        Self::with(|sessions| sessions)
    }

    fn with(settings: impl FnOnce(SessionManager) -> SessionManager) -> Self {
        let (store, clock) = (MemoryStore::new(), TestClock::at(NOW));
        let keys = Keys::from_pairs(&[b"secret-key"]).unwrap();
        let sessions = SessionManager::new(store.clone(), keys).clock(clock.clone());
        Self {
            store,
            clock,
            sessions: settings(sessions),
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn now(&self) -> Timestamp {
        pgstore::Clock::now(&self.clock)
    }

    /// A new browser, logged in as ada.
    async fn log_in(&self) -> Browser<'_> {
        let mut browser = Browser::of(self);
        browser
            .request(|session| async move { session.insert("user", "ada") })
            .await
            .unwrap();
        assert!(browser.cookie.is_some());
        browser
    }

    /// The row of a session.
    async fn row(&self, session: &Session) -> Row {
        let id = session.id().await.unwrap().expect("it is stored");
        let row = self.store.load(&id, self.now()).await.unwrap();
        row.expect("its row is there")
    }
}

/// One browser, with its memory for one cookie.
#[derive(Clone)]
struct Browser<'a> {
    app: &'a App,
    cookie: Option<HeaderValue>,
}

impl<'a> Browser<'a> {
    fn of(app: &'a App) -> Self {
        Self { app, cookie: None }
    }

    /// The session of a request that is about to begin.
    fn session(&self) -> Session {
        let cookies = self.cookie.iter().map(|cookie| (COOKIE, cookie.clone()));
        let request = HeaderMap::from_iter(cookies);
        self.app.sessions.get(&request, "s").unwrap()
    }

    /// Ends a request: saves, and has the browser follow the response. What it was told, and how
    /// the save went.
    async fn save(&mut self, session: &Session) -> (Told, Result<(), SessionError>) {
        let mut response = HeaderMap::new();
        let result = self.app.sessions.save(session, &mut response).await;
        (self.follow(&response), result)
    }

    fn follow(&mut self, response: &HeaderMap) -> Told {
        let Some(set_cookie) = response.get(SET_COOKIE) else {
            return Told::Nothing;
        };
        let pair = set_cookie.to_str().unwrap().split(';').next().unwrap();
        if pair.ends_with('=') {
            self.cookie = None;
            return Told::Remove;
        }
        self.cookie = Some(HeaderValue::from_str(pair).unwrap());
        Told::Set
    }

    /// A whole request.
    async fn request<F>(&mut self, handler: impl FnOnce(Session) -> F) -> Result<Told, SessionError>
    where
        F: Future<Output = Result<(), SessionError>>,
    {
        let session = self.session();
        handler(session.clone()).await?;
        let (told, result) = self.save(&session).await;
        result.map(|()| told)
    }

    /// A request that reads.
    async fn read(&mut self) -> (Option<String>, Told) {
        let session = self.session();
        let user = session.get::<String>("user").await.unwrap();
        let (told, result) = self.save(&session).await;
        result.unwrap();
        (user, told)
    }

    async fn user(&mut self) -> Option<String> {
        self.read().await.0
    }
}

/// What a response says about the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Set,
    Remove,
}
