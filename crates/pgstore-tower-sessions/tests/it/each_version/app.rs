//! The app of these tests: a page for each thing that a handler does with a session.

use axum::Router;
use axum::routing::get;
use pgstore::testing::Browser;
use pgstore_tower_sessions::PostgresStore;
use time::Duration;

use super::tower_sessions::cookie::Cookie;
use super::tower_sessions::{Expiry, Session, SessionManagerLayer};
use crate::support::Database;

/// What a test has: a database, and the app on it.
pub(crate) struct App {
    pub(crate) database: Database,
    pub(crate) routes: Router,
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with(|layer| layer).await
    }

    /// With settings of the layer.
    pub(crate) async fn with(
        settings: impl FnOnce(SessionManagerLayer<PostgresStore>) -> SessionManagerLayer<PostgresStore>,
    ) -> Self {
        let database = Database::fresh().await;
        let store = database.store().await;
        let layer =
            SessionManagerLayer::new(store).with_expiry(Expiry::OnInactivity(Duration::hours(1)));
        Self {
            routes: routes().layer(settings(layer)),
            database,
        }
    }

    pub(crate) fn browser(&self) -> Browser<Router> {
        Browser::new(self.routes.clone())
    }

    /// A browser with a session in which `number` is 42.
    pub(crate) async fn visitor(&self) -> Browser<Router> {
        let mut browser = self.browser();
        browser.get("/put").await;
        assert!(browser.cookies().header().is_some());
        browser
    }
}

/// The cookie that a page sets.
pub(crate) fn set_cookie(page: &pgstore::testing::Page) -> Option<Cookie<'static>> {
    let header = page.headers().get("set-cookie")?.to_str().unwrap();
    Some(Cookie::parse(header.to_owned()).unwrap())
}

fn routes() -> Router {
    Router::new()
        .route("/untouched", get(async |_: Session| "hello"))
        .route("/put", get(put))
        .route("/number", get(number))
        .route("/add", get(add))
        .route("/remove", get(remove))
        .route("/cycle", get(cycle))
        .route("/flush", get(flush))
        .route("/until-tomorrow", get(until_tomorrow))
        .route("/with-the-browser", get(with_the_browser))
}

async fn put(session: Session) {
    session.insert("number", 42).await.unwrap();
}

async fn number(session: Session) -> String {
    let number = session.get::<u32>("number").await;
    number.map_or_else(|_| "error".to_owned(), |number| format!("{number:?}"))
}

async fn add(session: Session) {
    let number = session.get::<u32>("number").await.unwrap();
    let sum = number.unwrap_or(0) + 1;
    session.insert("number", sum).await.unwrap();
}

async fn remove(session: Session) {
    session.remove::<u32>("number").await.unwrap();
}

async fn cycle(session: Session) {
    session.cycle_id().await.unwrap();
}

async fn flush(session: Session) {
    session.flush().await.unwrap();
}

async fn until_tomorrow(session: Session) {
    let tomorrow = time::OffsetDateTime::now_utc() + Duration::days(1);
    session.set_expiry(Some(Expiry::AtDateTime(tomorrow)));
}

async fn with_the_browser(session: Session) {
    session.set_expiry(Some(Expiry::OnSessionEnd));
}
