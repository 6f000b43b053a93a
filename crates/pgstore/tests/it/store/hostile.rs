//! The store's trials once more, on a server where every setting is odd.

use libtest_mimic::{Completion, Trial};
use tokio_postgres::error::SqlState;

use super::{
    conformance_of_postgres, doubt, guards, link, migrate, migrate_live, probe, rows, schema, sql,
    sweep,
};
use crate::support::database::Database;
use crate::support::secrets::Told;
use crate::support::server::Server;
use crate::support::trials;

pub(super) fn trials() -> Vec<Trial> {
    Server::Hostile.within(|| {
        let sets = [
            conformance_of_postgres(),
            rows::trials(),
            guards::trials(),
            doubt::trials(),
            probe::trials(),
            sql::trials(),
            link::trials(),
            migrate::trials(),
            migrate_live::trials(),
            schema::trials(),
            sweep::trials(),
            trials![its_settings_are_odd],
            vec![Trial::ignorable_test(
                "store::hostile::its_messages_are_not_english",
                || Server::Hostile.within(|| Server::Hostile.runtime().block_on(messages())),
            )],
        ];
        sets.into_iter().flatten().collect()
    })
}

async fn its_settings_are_odd() {
    let client = Database::fresh().await.client().await;
    let sql = "SELECT concat_ws('|', current_setting('TimeZone'),
        current_setting('standard_conforming_strings'), current_setting('bytea_output'),
        current_setting('default_transaction_isolation'), current_setting('DateStyle'))";
    let odd: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(odd, "America/New_York|off|escape|serializable|SQL, DMY");
}

async fn messages() -> Result<Completion, libtest_mimic::Failed> {
    let client = Database::fresh().await.client().await;
    let error = client.batch_execute("SELECT no_such_column").await;
    let error = error.told().expect_err("there is no such column");
    let error = error.as_db_error().expect("the server says so");
    assert_eq!(*error.code(), SqlState::UNDEFINED_COLUMN);
    if error.message().contains("does not exist") {
        let reason = "this machine has no other language for the server's messages";
        return Ok(Completion::ignored_with(reason));
    }
    Ok(Completion::Completed)
}
