//! Stages 3 and 5, the boundary: a store sees keys, bytes and times, and knows neither HTTP nor
//! values.
//!
//! [`Store`] is the trait. [`PgStore`] keeps rows in PostgreSQL, [`MemoryStore`] in memory. Every
//! method is one state change. Insert and update are different methods: an update never creates a
//! row, so a session that was destroyed meanwhile stays destroyed.

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
mod doubles;
mod error;
mod id_change;
mod lookup;
mod memory;
mod peer_written;
#[cfg(feature = "postgres")]
mod postgres;
mod revocation;
mod row;
mod session_ids;
mod store_trait;
mod sweep;
mod sweep_batch;
mod written;

#[cfg(feature = "testing")]
pub use doubles::{Fault, FaultyStore, HeldCall, Intercept, SpyStore, StoreMethod};
pub use error::{StoreError, StoreErrorKind};
pub use id_change::{IdChange, PreviousId};
pub use lookup::Lookup;
pub use memory::MemoryStore;
pub use peer_written::{PeerWritten, PeerWrittenCursor};
#[cfg(feature = "postgres")]
pub use postgres::{
    ConfigError, ConnectError, DatabaseError, InvalidTableName, MigrateError, MigrateErrorKind,
    MigrateProgress, Migrated, Migration, PgStore, PgStoreOptions, StatementNames,
    StatementStrategy, TableName, TablePlacement, connection_strings, migrations,
};
pub use revocation::{OwnerColumn, Revocation, Revoked, Which};
pub use row::{Row, RowExtras};
pub use store_trait::{Store, StoreFuture};
pub use sweep::{FirstSweep, SweepHandle, SweepOptions, SweepStats, Sweeper};
pub use sweep_batch::{SweepBatch, SweepCursor, Swept};
pub use written::Written;
