//! `docs/from-go.md`: going back to Go alone.

use serde_json::json;

use super::sql_block;
use crate::support::database::Database;
use crate::support::go::GoPeer;
use crate::support::rust_app::RustApp;
use crate::support::{apply, go_trial};

const GUIDE: &str = include_str!("../../../docs/from-go.md");
const KEYS: &str = "606162636465666768696a6b6c6d6e6f";

#[apply(go_trial)]
async fn after_rolling_back_go_keeps_its_sessions_and_rust_can_come_again() {
    let database = Database::fresh().await;
    let go = GoPeer::serve(&database.url(), KEYS).await;
    let rust = RustApp::serve(&database.url(), KEYS).await;
    let login = rust.post_form("/login", "user=ada", None).await;
    let ada = login.cookie("session-key").unwrap();
    drop(rust);

    let client = database.client().await;
    let remove = sql_block(GUIDE, "DROP TABLE http_sessions_ids");
    client.batch_execute(remove).await.unwrap();
    let columns = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'http_sessions'::regclass AND attnum > 0 AND NOT attisdropped";
    let columns: String = client.query_one(columns, &[]).await.unwrap().get(0);
    assert_eq!(
        columns, "id key data created_on modified_on expires_on",
        "as Go makes it"
    );
    let session = go.get("/session", Some(&ada)).await;
    assert_eq!(session.value("user"), &json!({ "t": "string", "v": "ada" }));
    assert_eq!(
        go.post("/counter", &json!({}), Some(&ada)).await.status,
        200
    );

    let rust = RustApp::serve(&database.url(), KEYS).await; // it migrates
    let session = rust.get("/session", Some(&ada)).await.json;
    assert_eq!(session["values"]["counter"], 1);
}
