//! An application on one store with a clock that stands still, and visitors of it.

use std::time::Duration;

use axum::Router;
use axum::handler::Handler;
use axum::routing::any;
use http::header::{HeaderMap, SET_COOKIE};
use pgstore::store::Row;
use pgstore::testing::TestClock;
use pgstore::{
    Clock, Keys, MemoryStore, Session, SessionError, SessionLayer, SessionManager,
    SessionManagerBuilder, Store, Timestamp,
};

use super::browser::Cookies;
use super::secrets::{self, Shown};

/// When the clock stands.
pub(crate) const NOW: i64 = 1_700_000_000;

/// The cookie's name.
const NAME: &str = "s";

/// The keys of an application that has no other ones.
pub(crate) fn keys() -> Keys {
    secrets::keys(&[b"the hash key of the tests' application"])
}

/// Its sessions, and what the test needs to look behind them.
pub(crate) struct App<S = MemoryStore> {
    pub(crate) store: S,
    pub(crate) clock: TestClock,
    pub(crate) sessions: SessionManager,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with(|sessions| sessions)
    }

    pub(crate) fn with(
        settings: impl FnOnce(SessionManagerBuilder) -> SessionManagerBuilder,
    ) -> Self {
        Self::build(MemoryStore::new(), keys(), settings)
    }

    /// The row of a session.
    pub(crate) async fn row(&self, session: &Session) -> Row {
        let id = session.id().await.unwrap().expect("it is stored");
        let row = self.store.load(&id, self.now()).await.unwrap().into_row();
        row.expect("its row is there")
    }
}

impl<S: Store + Clone> App<S> {
    pub(crate) fn over(store: S) -> Self {
        Self::build(store, keys(), |sessions| sessions)
    }

    pub(crate) fn build(
        store: S,
        keys: Keys,
        settings: impl FnOnce(SessionManagerBuilder) -> SessionManagerBuilder,
    ) -> Self {
        let clock = TestClock::at(NOW);
        let sessions = SessionManager::builder(store.clone(), keys).clock(clock.clone());
        Self {
            store,
            clock,
            sessions: settings(sessions).build().unwrap().shown(),
        }
    }
}

impl<S> App<S> {
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new browser, logged in as ada.
    pub(crate) async fn log_in(&self) -> Visitor<'_, S> {
        let mut visitor = Visitor::of(self);
        let log_in = |session: Session| async move { session.insert("user", "ada") };
        visitor.request(log_in).await.unwrap();
        assert!(visitor.cookies.header().is_some());
        visitor
    }

    /// The session of a request with these headers.
    pub(crate) fn session(&self, request: &HeaderMap) -> Session {
        self.sessions.get(request, NAME).unwrap()
    }

    /// Saves a session, and gives the response's headers.
    pub(crate) async fn save(&self, session: &Session) -> HeaderMap {
        let mut response = HeaderMap::new();
        self.sessions.save(session, &mut response).await.unwrap();
        response
    }

    pub(crate) fn layer(&self) -> SessionLayer {
        SessionLayer::new(&self.sessions, NAME).unwrap()
    }

    /// One handler at `/`, whatever the method.
    pub(crate) fn router<H, T>(&self, handler: H) -> Router
    where
        H: Handler<T, ()>,
        T: 'static,
    {
        let router = Router::new().route("/", any(handler));
        router.layer(self.layer())
    }
}

/// A browser that visits an application by the direct API.
pub(crate) struct Visitor<'a, S = MemoryStore> {
    pub(crate) app: &'a App<S>,
    pub(crate) cookies: Cookies,
}

impl<S> Clone for Visitor<'_, S> {
    fn clone(&self) -> Self {
        Self {
            app: self.app,
            cookies: self.cookies.clone(),
        }
    }
}

impl<'a, S> Visitor<'a, S> {
    pub(crate) fn of(app: &'a App<S>) -> Self {
        let cookies = Cookies::none();
        Self { app, cookies }
    }

    /// The session of a request that is about to begin.
    pub(crate) fn session(&self) -> Session {
        self.app.session(&self.cookies.request())
    }

    /// Ends a request: saves, and has the browser follow the response. What it was told, and how
    /// the save went.
    pub(crate) async fn save(&mut self, session: &Session) -> (Told, Result<(), SessionError>) {
        let mut response = HeaderMap::new();
        let result = self.app.sessions.save(session, &mut response).await;
        (self.follow(&response), result)
    }

    pub(crate) fn follow(&mut self, response: &HeaderMap) -> Told {
        self.cookies.follow(response);
        if !response.contains_key(SET_COOKIE) {
            return Told::Nothing;
        }
        match self.cookies.get(NAME) {
            Some(_) => Told::Set,
            None => Told::Remove,
        }
    }

    /// A whole request.
    pub(crate) async fn request<F>(
        &mut self,
        handler: impl FnOnce(Session) -> F,
    ) -> Result<Told, SessionError>
    where
        F: Future<Output = Result<(), SessionError>>,
    {
        let session = self.session();
        handler(session.clone()).await?;
        let (told, result) = self.save(&session).await;
        result.map(|()| told)
    }

    /// A request that reads.
    pub(crate) async fn read(&mut self) -> (Option<String>, Told) {
        let session = self.session();
        let user = session.get::<String>("user").await.unwrap();
        let (told, result) = self.save(&session).await;
        result.unwrap();
        (user, told)
    }

    pub(crate) async fn user(&mut self) -> Option<String> {
        self.read().await.0
    }
}

/// What a response says about the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Set,
    Remove,
}
