//! What an app sees through the real `SessionManagerLayer`.

use time::Duration;

use super::app::{App, set_cookie};
use super::tower_sessions::cookie::SameSite;

#[tokio::test]
async fn a_page_that_leaves_its_session_alone_sets_no_cookie_and_writes_no_row() {
    let app = App::new().await;
    let page = app.browser().get("/untouched").await;
    assert_eq!(page.text(), "hello");
    assert!(set_cookie(&page).is_none());
    assert_eq!(app.database.rows().await, 0);
}

#[tokio::test]
async fn a_value_is_there_in_the_next_request() {
    let app = App::new().await;
    let mut visitor = app.visitor().await;
    assert_eq!(visitor.get("/number").await.text(), "Some(42)");
    assert_eq!(app.browser().get("/number").await.text(), "None");
    assert_eq!(app.database.rows().await, 1);
}

#[tokio::test]
async fn a_new_session_has_the_cookie_of_the_layer() {
    let app = App::new().await;
    let page = app.browser().get("/put").await;
    let cookie = set_cookie(&page).unwrap();
    assert_eq!((cookie.name(), cookie.path()), ("id", Some("/")));
    assert_eq!(
        (cookie.http_only(), cookie.secure()),
        (Some(true), Some(true))
    );
    assert_eq!(cookie.same_site(), Some(SameSite::Strict));
    assert!(about(cookie.max_age(), Duration::hours(1)));
}

#[tokio::test]
async fn a_session_that_ends_with_the_browser_has_a_cookie_without_an_age() {
    let app = App::with(|layer| layer.with_expiry(super::tower_sessions::Expiry::OnSessionEnd));
    let app = app.await;
    let page = app.browser().get("/put").await;
    assert_eq!(set_cookie(&page).unwrap().max_age(), None);
}

#[tokio::test]
async fn an_id_that_a_client_brings_never_becomes_a_live_one() {
    let app = App::new().await;
    for planted in ["AAAAAAAAAAAAAAAAAAAAAA", "no ID at all"] {
        let mut browser = app.browser();
        browser.cookies_mut().set("id", planted);
        let page = browser.get("/put").await;
        assert_eq!(page.status(), 200);
        assert_ne!(set_cookie(&page).unwrap().value(), planted);
        assert_eq!(browser.get("/number").await.text(), "Some(42)");

        let mut thief = app.browser();
        thief.cookies_mut().set("id", planted);
        assert_eq!(thief.get("/number").await.text(), "None");
    }
}

#[tokio::test]
async fn the_last_value_can_be_removed() {
    let app = App::new().await;
    let mut visitor = app.visitor().await;
    assert_eq!(visitor.get("/remove").await.status(), 200);
    assert_eq!(visitor.get("/number").await.text(), "None");
}

#[tokio::test]
async fn cycling_gives_a_new_id_and_the_old_one_is_dead() {
    let app = App::new().await;
    let mut visitor = app.visitor().await;
    let mut before = visitor.clone();
    visitor.get("/cycle").await;
    assert!(visitor.cookies() != before.cookies());
    assert_eq!(visitor.get("/number").await.text(), "Some(42)");
    assert_eq!(before.get("/number").await.text(), "None");
    assert_eq!(app.database.rows().await, 1);
}

#[tokio::test]
async fn flushing_removes_the_row_and_the_cookie() {
    let app = App::with(|layer| layer.with_domain("localhost")).await;
    let mut visitor = app.visitor().await;
    let mut copy = visitor.clone();
    let page = visitor.get("/flush").await;
    let cookie = set_cookie(&page).unwrap();
    assert_eq!((cookie.value(), cookie.path()), ("", Some("/")));
    assert_eq!(cookie.max_age(), Some(Duration::ZERO));
    assert_eq!(cookie.domain(), Some("localhost"));
    assert_eq!(copy.get("/number").await.text(), "None");
    assert_eq!(app.database.rows().await, 0);
}

#[tokio::test]
async fn the_expiry_can_be_changed() {
    let app = App::new().await;
    let mut visitor = app.visitor().await;
    let page = visitor.get("/until-tomorrow").await;
    let cookie = set_cookie(&page).unwrap();
    assert!(about(cookie.max_age(), Duration::days(1)));
    let page = visitor.get("/with-the-browser").await;
    assert_eq!(set_cookie(&page).unwrap().max_age(), None);
    assert_eq!(visitor.get("/number").await.text(), "Some(42)");
}

#[tokio::test]
async fn a_session_that_is_always_saved_moves_on_with_each_request() {
    let app = App::with(|layer| layer.with_always_save(true)).await;
    let mut visitor = app.visitor().await;
    let end = "SELECT expires_on FROM tower_sessions";
    let client = app.database.schema.client().await;
    let before: std::time::SystemTime = client.query_one(end, &[]).await.unwrap().get(0);
    let page = visitor.get("/untouched").await;
    assert!(about(
        set_cookie(&page).unwrap().max_age(),
        Duration::hours(1)
    ));
    let after: std::time::SystemTime = client.query_one(end, &[]).await.unwrap().get(0);
    assert!(after > before);
}

fn about(age: Option<Duration>, expected: Duration) -> bool {
    age.is_some_and(|age| (age - expected).abs() <= Duration::minutes(1))
}
