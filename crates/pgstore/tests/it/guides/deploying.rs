//! `docs/deploying.md`: its roles and grants, on a server of the trial's own, because their names are fixed.

use pgstore::{PgStore, SessionManager, Store};
use pgstore_embedded::EmbeddedPostgres;
use tokio_postgres::error::SqlState;

use super::sql_block;
use crate::support::database::client;
use crate::support::secrets::{self, Shown, Told};
use crate::support::{apply, trial};

const GUIDE: &str = include_str!("../../../docs/deploying.md");

#[apply(trial)]
async fn the_roles_of_the_guide_suffice_and_the_applications_may_not_change_the_schema() {
    let server = EmbeddedPostgres::start().unwrap();
    let as_role = |role: &str| server.url().replace("://postgres@", &format!("://{role}@"));
    let roles = sql_block(GUIDE, "CREATE ROLE");
    client(server.url())
        .await
        .batch_execute(roles)
        .await
        .unwrap();
    let owner = client(&as_role("sessions_owner")).await;
    let grants = sql_block(GUIDE, "ALTER DEFAULT PRIVILEGES");
    owner.batch_execute(grants).await.unwrap();
    let owners = PgStore::connect(&as_role("sessions_owner"))
        .await
        .told()
        .unwrap();
    assert!(!owners.migrate().await.told().unwrap().applied.is_empty());

    let store = PgStore::connect(&as_role("web_app")).await.told().unwrap();
    assert!(store.migrate().await.told().unwrap().applied.is_empty());
    store.probe().await.told().unwrap();
    let sessions = SessionManager::builder(
        store.clone(),
        secrets::keys(&[b"a hash key for a guide's roles"]),
    );
    let sessions = sessions.build().unwrap().shown();
    let session = sessions.get(&http::HeaderMap::new(), "session").unwrap();
    session.insert("user", "ada").unwrap();
    session.set_owner("ada").unwrap();
    sessions
        .save(&session, &mut http::HeaderMap::new())
        .await
        .told()
        .unwrap();
    assert_eq!(sessions.revoke_all("ada").await.told().unwrap(), 1);

    let app = client(&as_role("web_app")).await;
    for change in [
        "ALTER TABLE http_sessions ADD COLUMN note text",
        "CREATE TABLE notes ()",
    ] {
        let refused = app.batch_execute(change).await.unwrap_err();
        assert_eq!(
            refused.code(),
            Some(&SqlState::INSUFFICIENT_PRIVILEGE),
            "{change}"
        );
    }
}
