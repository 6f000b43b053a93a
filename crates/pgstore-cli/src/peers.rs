//! A note about sessions that another program wrote last.

use std::io::{self, Write as _};

use tokio_postgres::types::Type;

use crate::failure::Failure;
use crate::table_client::TableClient;

/// How many candidates are looked at.
const MOST: i64 = 10_000;

/// Says on stderr that owners may be out of date, if another program has written sessions since.
pub(crate) async fn note(client: &TableClient) -> Result<(), Failure> {
    let sql = include_str!("sql/has_peer_written.sql");
    if client.row(sql, &[(&MOST, Type::INT8)]).await?.try_get(0)? {
        // Where there is no stderr, nobody reads notes.
        let _ = writeln!(
            io::stderr(),
            "pgstore: note: another program wrote some sessions last. Their owner is known to the \
             application alone; here they belong to the owner of this library's last save, if there \
             was one"
        );
    }
    Ok(())
}
