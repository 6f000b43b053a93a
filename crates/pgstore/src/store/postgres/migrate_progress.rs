//! What a migration is doing, for those who watch it.

use std::time::Duration;

/// What [`PgStore::migrate_with_progress`](super::PgStore::migrate_with_progress) is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrateProgress {
    /// Others use the table, and columns cannot be added meanwhile. It is tried again and again; each
    /// try holds up other statements for 100 ms at most.
    WaitingForLock {
        /// How long it has waited in all.
        waited: Duration,
        /// The session that has held a lock on the table for longest, such as `process 4711
        /// (pg_dump), in a transaction since 2026-11-26 10:00:00+00`; `None` if there is none now.
        holder: Option<String>,
    },
    /// An index is being built. Nobody waits for that.
    BuildingIndex {
        /// Its name.
        index: String,
        /// How much of it is done, if the server tells.
        percent: Option<u8>,
    },
    /// The rows are being copied to the workers of a Citus cluster. Sessions cannot be read or written
    /// meanwhile.
    Distributing,
}
