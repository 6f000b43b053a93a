//! What users of actix-session get beyond its trait, and what they see when something is wrong.

use std::collections::HashMap;
use std::time::Duration;

use actix_session::storage::SessionStore as _;
use pgstore::testing::TestClock;
use pgstore_actix_session::PostgresStore;

use crate::app::{TTL, serve};
use crate::store::state;
use crate::support::Database;

fn user_of(values: &HashMap<String, String>) -> Option<String> {
    let user = values.get("user")?.strip_prefix('"')?;
    Some(user.strip_suffix('"')?.to_owned())
}

#[tokio::test]
async fn the_sessions_of_a_user_are_listed_and_ended() {
    let database = Database::fresh().await;
    let store = database.store().await.owner_from(user_of);
    let app = serve(&store);
    let mut devices = [(); 3].map(|()| app.browser());
    for device in &mut devices {
        device.get("/login").await;
    }
    let listed = store.sessions_of("ada").await.unwrap();
    assert_eq!(listed.len(), 3);
    assert!(store.revoke("ada", &listed[0].handle).await.unwrap());
    assert!(!store.revoke("ada", &listed[0].handle).await.unwrap());
    assert_eq!(store.sessions_of("ada").await.unwrap().len(), 2);
    assert_eq!(store.revoke_all("ada").await.unwrap(), 2);
    for device in &mut devices {
        assert_eq!(device.get("/users-only").await.status, 404);
    }
}

#[tokio::test]
async fn expired_rows_are_removed_in_the_background() {
    let database = Database::fresh().await;
    let clock = TestClock::at(1_795_704_330);
    let store = database.store().await.clock(clock.clone());
    store.save(state("1"), &TTL).await.unwrap();
    clock.advance(Duration::from_secs(60 * 60));
    let sweeping = store.start_sweeping(Default::default());
    assert_eq!(sweeping.sweep_now().await.unwrap(), 1);
    assert_eq!(database.rows().await, 0);
}

#[tokio::test]
async fn an_outage_is_an_error_without_its_cause_and_never_an_empty_session() {
    let database = Database::fresh().await;
    let app = serve(&database.store().await);
    let mut browser = app.browser();
    browser.get("/add").await;
    database
        .schema
        .execute("ALTER TABLE actix_sessions RENAME TO away")
        .await;
    for path in ["/number", "/add", "/purge"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 500);
        assert!(!page.text.contains("actix_sessions"), "{}", page.text);
        assert!(page.set_cookie().is_none());
    }
    database
        .schema
        .execute("ALTER TABLE away RENAME TO actix_sessions")
        .await;
    assert_eq!(browser.get("/number").await.text, "Some(1)");
}

#[test]
fn the_default_table_has_a_valid_name() {
    let options = format!("{:?}", PostgresStore::options());
    assert!(options.contains("actix_sessions"), "{options}");
}
