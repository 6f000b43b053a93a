//! The example of axum-login, driven as a browser does.

use pgstore::testing::Browser;
use pgstore_tower_sessions::axum_login_user;

use crate::support::Database;

#[path = "../../examples/axum-login/app.rs"]
mod app;

const ADA: &str = "name=ada&password=engine";

#[tokio::test]
async fn a_user_logs_in_sees_the_private_page_and_logs_out() {
    let database = Database::fresh().await;
    let store = database.store().await.owner_from(axum_login_user);
    let mut browser = Browser::new(app::routes(store.clone()));

    let page = browser.get("/").await;
    assert_eq!(page.status(), 307);
    assert_eq!(page.headers()["location"], "/login?next=%2F");
    let wrong = browser.post_form("/login", "name=ada&password=no").await;
    assert_eq!(wrong.status(), 401);
    assert_eq!(browser.post_form("/login", ADA).await.status(), 303);
    assert!(browser.get("/").await.text().contains("Hello, Ada!"));

    let mut copy = browser.clone();
    assert_eq!(browser.post_form("/logout", "").await.status(), 303);
    assert_eq!(browser.get("/").await.status(), 307);
    assert_eq!(copy.get("/").await.status(), 307); // the cookie alone is worth nothing
    assert_eq!(database.rows().await, 0);
}

#[tokio::test]
async fn a_login_gives_a_new_id_and_the_old_one_is_dead() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut browser = Browser::new(app::routes(store.clone()));
    browser.post_form("/login", ADA).await;
    let mut first = browser.clone();
    browser.cookies_mut().remove("id");
    browser.post_form("/login", ADA).await;
    assert!(browser.cookies() != first.cookies());
    assert!(first.get("/").await.text().contains("Hello, Ada!"));
    first.post_form("/logout", "").await;
    assert!(browser.get("/").await.text().contains("Hello, Ada!"));
}

#[tokio::test]
async fn a_user_is_signed_out_of_every_device() {
    let database = Database::fresh().await;
    let store = database.store().await.owner_from(axum_login_user);
    let mut devices = [(); 3].map(|()| Browser::new(app::routes(store.clone())));
    for device in &mut devices {
        device.post_form("/login", ADA).await;
    }
    assert_eq!(store.sessions_of("1", None).await.unwrap().len(), 3);
    let page = devices[0].post_form("/logout-everywhere", "").await;
    assert_eq!(page.status(), 303);
    for device in &mut devices {
        assert_eq!(device.get("/").await.status(), 307);
    }
    assert_eq!(database.rows().await, 0);
}
