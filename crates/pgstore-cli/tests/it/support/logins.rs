//! Sessions as an application makes them.

use http::HeaderMap;
use pgstore::{Keys, PgStoreOptions, Session, SessionManager, TableName};

use super::KEY;
use super::schema::server_url;

/// The sessions of an application, in a table that is made.
pub(crate) async fn manager(table: &str) -> SessionManager {
    let options = PgStoreOptions::new().table(TableName::parse(table).unwrap());
    let store = options.connect(server_url()).await.unwrap();
    store.migrate().await.unwrap();
    let keys = Keys::from_hex(&KEY.repeat(2)).unwrap();
    SessionManager::builder(store, keys).build().unwrap()
}

/// A session of this owner, with the ID as it stands in the row.
pub(crate) async fn log_in(sessions: &SessionManager, owner: &str, label: &str) -> Session {
    let session = sessions.get(&HeaderMap::new(), "session-key").unwrap();
    session.insert("n", 7).unwrap();
    session.set_owner(owner).unwrap();
    session.set_label(label).unwrap();
    sessions
        .save(&session, &mut HeaderMap::new())
        .await
        .unwrap();
    session
}
