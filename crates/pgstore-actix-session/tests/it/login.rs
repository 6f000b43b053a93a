//! The example, driven as a browser does.

use actix_web::cookie::Key;
use pgstore_actix_session::PostgresStore;

use crate::support::{Database, Served};

#[path = "../../examples/login/app.rs"]
mod app;

const ADA: &str = "name=ada&password=engine";

fn serve(store: &PostgresStore) -> Served {
    let (store, key) = (store.clone(), Key::generate());
    Served::new(move |app| app::routes(app, store.clone(), key.clone()))
}

#[tokio::test]
async fn a_user_logs_in_sees_the_private_page_and_logs_out() {
    let database = Database::fresh().await;
    let served = serve(&database.store().await);
    let mut browser = served.browser();
    let page = browser.get("/").await;
    assert_eq!(page.status, 303);
    assert_eq!(page.headers["location"], "/login");
    let wrong = browser.post("/login", "name=ada&password=no").await;
    assert_eq!(wrong.status, 401);
    assert_eq!(browser.post("/login", ADA).await.status, 303);
    assert!(browser.get("/").await.text.contains("Hello, ada!"));

    let mut copy = browser.clone();
    assert_eq!(browser.post("/logout", "").await.status, 303);
    assert_eq!(browser.get("/").await.status, 303);
    assert_eq!(copy.get("/").await.status, 303); // the cookie alone is worth nothing
    assert_eq!(database.rows().await, 0);
}

#[tokio::test]
async fn a_user_is_signed_out_of_every_device() {
    let database = Database::fresh().await;
    let store = database.store().await.owner_from(app::user_of);
    let served = serve(&store);
    let mut devices = [(); 3].map(|()| served.browser());
    for device in &mut devices {
        device.post("/login", ADA).await;
    }
    assert_eq!(store.sessions_of("ada").await.unwrap().len(), 3);
    assert_eq!(devices[0].post("/logout-everywhere", "").await.status, 303);
    for device in &mut devices {
        assert_eq!(device.get("/").await.status, 303);
    }
    assert_eq!(database.rows().await, 0);
}
