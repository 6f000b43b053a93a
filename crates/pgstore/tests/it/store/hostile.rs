//! The hostile server: the store's trials run a second time on a server with unusual settings.

use libtest_mimic::Completion;
use tokio_postgres::error::SqlState;

use crate::support::database::Database;
use crate::support::secrets::Told;
use crate::support::{apply, hostile_trial};

#[apply(hostile_trial)]
async fn its_settings_are_unusual() {
    let client = Database::fresh().await.client().await;
    let sql = "SELECT concat_ws('|', current_setting('TimeZone'),
        current_setting('standard_conforming_strings'), current_setting('bytea_output'),
        current_setting('default_transaction_isolation'), current_setting('DateStyle'))";
    let odd: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(odd, "America/New_York|off|escape|serializable|SQL, DMY");
}

#[apply(hostile_trial)]
async fn its_messages_are_not_english() -> Completion {
    let client = Database::fresh().await.client().await;
    let error = client.batch_execute("SELECT no_such_column").await;
    let error = error.told().expect_err("there is no such column");
    let error = error.as_db_error().expect("the server says so");
    assert_eq!(*error.code(), SqlState::UNDEFINED_COLUMN);
    if error.message().contains("does not exist") {
        let reason = "this machine has no other language for the server's messages";
        return Completion::ignored_with(reason);
    }
    Completion::Completed
}
