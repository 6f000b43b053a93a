//! The commands on the tables of the adapters.

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::storage::SessionStore as _;
use actix_web::cookie::time::Duration;
use pgstore::{PgStoreOptions, TableName};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::schema::{Schema, server_url};
use crate::support::{apply, trial};

fn options(schema: &Schema) -> PgStoreOptions {
    PgStoreOptions::new().table(TableName::parse(&schema.table()).unwrap())
}

/// Two sessions of ada and one of bob. Returns the secrets that no output may show.
async fn fill_tower(schema: &Schema) -> Vec<String> {
    let store = options(schema).connect(server_url()).await.unwrap();
    let store = pgstore_tower_sessions::PostgresStore::new(store)
        .owner_from(|values| Some(values.get("user")?.as_str()?.to_owned()));
    store.migrate().await.unwrap();
    let mut ids = Vec::new();
    for user in ["ada", "ada", "bob"] {
        let session = tower_sessions::Session::new(None, Arc::new(store.clone()), None);
        session.insert("user", user).await.unwrap();
        session.save().await.unwrap();
        ids.push(session.id().unwrap().to_string());
    }
    store.close().await;
    ids
}

async fn fill_actix(schema: &Schema) -> Vec<String> {
    let store = options(schema).connect(server_url()).await.unwrap();
    let store = pgstore_actix_session::PostgresStore::new(store)
        .owner_from(|values| values.get("user").cloned());
    store.migrate().await.unwrap();
    let mut ids = Vec::new();
    for user in ["ada", "ada", "bob"] {
        let state = HashMap::from([("user".to_owned(), user.to_owned())]);
        let key = store.save(state, &Duration::hours(1)).await.unwrap();
        ids.push(key.as_ref().to_owned());
    }
    store.close().await;
    ids
}

#[apply(trial)]
fn the_commands_work_on_the_table_of_tower_sessions() {
    let schema = Schema::new("tower");
    let ids = Runtime::new().unwrap().block_on(fill_tower(&schema));
    works(&schema, &ids);
}

#[apply(trial)]
fn the_commands_work_on_the_table_of_actix_session() {
    let schema = Schema::new("actix");
    let ids = Runtime::new().unwrap().block_on(fill_actix(&schema));
    works(&schema, &ids);
}

fn works(schema: &Schema, ids: &[String]) {
    let mut seen = String::new();
    let mut shown = |arguments: &[&str]| {
        let ran = schema.run(arguments);
        assert!(!ids.iter().any(|id| ran.stdout.contains(id)), "{ran:?}");
        assert_eq!(ran.stderr, "", "{arguments:?}");
        seen += &ran.stdout;
        ran.stdout
    };
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let stats = json(shown(&["stats", "--json"]));
    assert_eq!(stats["sessions"]["live"], 3);
    assert_eq!(stats["sessions"]["live_with_owner"], 3);
    assert_eq!(stats["sessions"]["peer_written"], 0);

    let listed = json(shown(&["sessions", "--owner", "ada", "--json"]));
    let handle = listed[0]["handle"].as_str().unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(
        shown(&["revoke", "--handle", handle]),
        "revoked 1 session\n"
    );
    assert_eq!(shown(&["revoke", "--owner", "ada"]), "revoked 1 session\n");
    let page = shown(&["sessions", "--owner", "ada"]);
    assert_eq!(page, "no sessions\n");

    // The server of these tests keeps nothing through a crash, which is a finding.
    let found = json(shown(&["doctor", "--json", "--ignore", "durability"]));
    assert_eq!(found["findings"], Value::Array(Vec::new()));

    let table = schema.table();
    schema.execute(&format!(
        "UPDATE {table} SET modified_on = now() - interval '3 days', saved_on = now() - interval '3 days', \
                expires_on = now() - interval '2 days', saved_expires_on = now() - interval '2 days'"
    ));
    assert_eq!(shown(&["sweep", "--dry-run"]), "would remove 1 row\n");
    assert_eq!(shown(&["sweep"]), "removed 1 row\n");
    assert_eq!(
        shown(&["revoke", "--issued-before", "now"]),
        "revoked 0 sessions\n"
    );
    assert!(seen.len() > 500);
}
