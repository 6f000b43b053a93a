//! What a browser sees, as actix-session demands of every store.

use actix_session::config::{CookieContentSecurity, TtlExtensionPolicy};

use crate::app::{Settings, serve, serve_with};
use crate::support::Database;

#[tokio::test]
async fn a_session_lives_from_its_first_value_through_a_login_to_the_logout() {
    for security in [
        CookieContentSecurity::Signed,
        CookieContentSecurity::Private,
    ] {
        let (database, settings) = (Database::fresh().await, with(security));
        let app = serve_with(&database.store().await, settings);
        let mut browser = app.browser();

        assert!(browser.get("/number").await.set_cookie().is_none());
        assert_eq!(database.rows().await, 0); // a session without values costs no row
        assert_eq!(browser.get("/add").await.text, "1");
        assert_eq!(browser.get("/add").await.text, "2");
        assert_eq!(browser.get("/number").await.text, "Some(2)");
        assert_eq!(database.rows().await, 1);

        let mut before_login = browser.clone();
        browser.get("/login").await;
        assert!(browser.cookies != before_login.cookies);
        assert_eq!(browser.get("/number").await.text, "Some(2)");
        assert_eq!(before_login.get("/number").await.text, "None");
        assert_eq!(database.rows().await, 1);

        let mut before_logout = browser.clone();
        let page = browser.get("/purge").await;
        assert!(page.set_cookie().unwrap().contains("Max-Age=0"));
        assert_eq!(browser.get("/number").await.text, "None");
        assert_eq!(before_logout.get("/number").await.text, "None");
        assert_eq!(database.rows().await, 0);
    }
}

#[tokio::test]
async fn a_session_has_the_cookie_of_the_middleware() {
    let database = Database::fresh().await;
    let app = serve(&database.store().await);
    let page = app.browser().get("/add").await;
    let cookie = page.set_cookie().unwrap();
    assert!(cookie.starts_with("app="), "{cookie}");
    let attributes = [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Domain=localhost",
        "Max-Age=600",
    ];
    for attribute in attributes {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

#[tokio::test]
async fn only_a_change_gives_the_cookie_another_life() {
    let database = Database::fresh().await;
    let app = serve(&database.store().await);
    let mut browser = app.browser();
    browser.get("/add").await;
    let before = database.end().await;
    assert!(browser.get("/untouched").await.set_cookie().is_none());
    assert_eq!(database.end().await, before);
    assert!(browser.get("/add").await.set_cookie().is_some());
    assert!(database.end().await > before);
}

#[tokio::test]
async fn each_request_gives_another_life_if_the_app_wants_that() {
    let settings = Settings {
        extension: TtlExtensionPolicy::OnEveryRequest,
        ..Settings::default()
    };
    let database = Database::fresh().await;
    let app = serve_with(&database.store().await, settings);
    let mut browser = app.browser();
    browser.get("/add").await;
    let before = database.end().await;
    let page = browser.get("/untouched").await;
    assert!(page.set_cookie().unwrap().contains("Max-Age=600"));
    assert!(database.end().await > before);
    assert_eq!(browser.get("/number").await.text, "Some(1)");
}

#[tokio::test]
async fn a_guard_reads_the_session() {
    let database = Database::fresh().await;
    let app = serve(&database.store().await);
    let mut browser = app.browser();
    assert_eq!(browser.get("/users-only").await.status, 404);
    browser.get("/add").await;
    assert_eq!(browser.get("/users-only").await.status, 404);
    browser.get("/login").await;
    assert_eq!(browser.get("/users-only").await.text, "Some(1)");
}

#[tokio::test]
async fn a_cookie_that_the_app_has_not_signed_is_a_stranger() {
    let database = Database::fresh().await;
    let app = serve(&database.store().await);
    let mut browser = app.browser();
    browser.cookies.set(
        "app",
        "A7777777777777777777777777777777777777777777777777777",
    );
    let page = browser.get("/number").await;
    assert_eq!((page.status, page.text.as_str()), (200, "None"));
    assert_eq!(browser.get("/add").await.text, "1");
}

fn with(security: CookieContentSecurity) -> Settings {
    Settings {
        security,
        ..Settings::default()
    }
}
