//! On how many servers the sessions table is.

/// On how many servers [`PgStore::migrate`](crate::PgStore::migrate) places the sessions table.
///
/// It has no effect on what a store does otherwise: that follows from the table, whoever placed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TablePlacement {
    /// A table that exists stays where it is. A new one is an ordinary table, on one server.
    #[default]
    AsItIs,
    /// The tables are distributed over the workers of a Citus cluster, by a hash of the session's key.
    /// A table that exists is distributed with its rows, and nobody can read or write it meanwhile. Its
    /// primary key becomes `(key, id)`, so foreign keys cannot refer to it.
    Distributed,
}
