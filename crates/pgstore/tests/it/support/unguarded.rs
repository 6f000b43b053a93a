//! A server on which the store's guards hold nothing back, to show what they are there for.

use super::database::Database;

/// Every `timestamptz` equals every other one in statements of this schema: what asks for the row
/// as it was seen gets it as it is.
///
/// An operator found in front of PostgreSQL's own decides. Statements sort as ever.
const ALWAYS: &str = "
    CREATE FUNCTION always(timestamptz, timestamptz) RETURNS boolean
        LANGUAGE sql IMMUTABLE AS 'SELECT true';
    CREATE OPERATOR = (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = always);
";

/// Removes the guards for those who connect with the URL that this returns.
pub(crate) async fn unguarded(database: &Database) -> String {
    database.client().await.batch_execute(ALWAYS).await.unwrap();
    database.url_with(&format!("-csearch_path={},pg_catalog", database.schema()))
}
